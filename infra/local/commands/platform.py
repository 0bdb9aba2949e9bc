"""`bridge platform`: what each platform takes, and a destination file to begin with."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

from audiences.platforms import ALIASES, MODULES, platform
from audiences.platforms.base import Platform
from audiences.platforms.example import example
from audiences.platforms.modes import modes
from infra.local.context import PLAIN, Json
from infra.local.output import Output, table
from shared.errors import ConfigurationError, Fault

app = typer.Typer(
    name="platform",
    help="List the platforms, and write a destination file to begin with.",
    no_args_is_help=True,
    **PLAIN,
)


@app.command("list")
def list_(json: Json = False) -> None:
    """List the platforms that audiences can go to."""
    known = [platform(slug) for slug in sorted(MODULES)]
    value = {"platforms": [_about(each) for each in known]}
    rows = [
        (p.slug, p.title, " and ".join(sorted(p.of, reverse=True)), ", ".join(modes(p)))
        for p in known
    ]
    columns = ("platform", "", "audiences of", "modes")
    Output(json).result(value, lambda console: console.print(table("Platforms", columns, rows)))


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="PLATFORM")],
    as_: Annotated[str, typer.Option("--name", metavar="NAME", help="Of the destination.")] = "",
    json: Json = False,
) -> None:
    """Write a commented destination file, which points at the sandbox.

    bridge platform show tiktok > destinations/tiktok-main.yaml
    """
    found = named(name)
    text = example(found, as_ or main_name(found))
    value = _about(found) | {"name": as_ or main_name(found), "file": text}
    Output(json).result(
        value, lambda console: console.print(text, end="", markup=False, soft_wrap=True)
    )


def named(name: str) -> Platform:
    """Find a platform by its slug, or by what people call it.

    Raises:
        ConfigurationError: when there is none of that name.
    """
    slug = name.lower().replace("-", "_").replace(" ", "_")
    slug = ALIASES.get(slug, slug)
    if slug in MODULES:
        return platform(slug)
    near = difflib.get_close_matches(slug, [*MODULES, *ALIASES], 1)
    fix = f"did you mean '{near[0]}'?" if near else "bridge platform list shows all"
    raise ConfigurationError(Fault("", f"there is no platform '{name}'", fix))


def main_name(found: Platform) -> str:
    """Name the first destination of a platform: tiktok-main."""
    return f"{found.slug.replace('_', '-')}-main"


def _about(found: Platform) -> dict[str, object]:
    return {
        "platform": found.slug,
        "title": found.title,
        "of": sorted(found.of),
        "modes": modes(found),
        "keys": [key.wire for key in found.keys],
        "docs": found.docs,
    }
