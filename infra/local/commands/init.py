"""`bridge init`: a new workspace with commented examples."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from audiences.platforms.base import Platform
from audiences.platforms.example import example
from infra.local.commands.platform import main_name, named
from infra.local.context import Json
from infra.local.demo.examples import AUDIENCES, DESTINATIONS
from infra.local.output import Output
from shared.errors import ConfigurationError

BRIDGE_TOML = """\
# An Audience Bridge workspace: audiences/*.yaml say who, destinations/*.yaml say where to.
# The examples go to Meta, Google and The Trade Desk; `bridge platform list` has all that are known,
# and `bridge platform show tiktok > destinations/tiktok-main.yaml` makes a destination.
[workspace]
name = "{name}"
lake = "lake"                       # a folder here, or s3://bucket/prefix
secret = "file:.bridge/secret"      # seeds identifier keys: keep it, and keep it to yourself
# default_country = "VN"            # of phones in rows that name no country; none is guessed

[collector]
write_keys = ["local"]

# [lifetimes]                       # days; shorter than the defaults, never over 90
# cookie = 30

# [resolve]
# max_shared = 100                  # an identifier that more records share identifies nobody
"""
GITIGNORE = ".bridge/\nlake/\n"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path(),
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="PLATFORM", help="Add its destination too; repeatable."),
    ] = None,
    json: Json = False,
) -> None:
    """Make a workspace in a folder, with examples that point at the sandbox."""
    output = Output(json)
    made = make_workspace(folder.resolve(), also=[named(name) for name in with_ or ()])

    output.result(
        {"workspace": str(folder.resolve()), "files": made},
        lambda console: console.print(_NEXT.format(folder=folder.resolve()), markup=False),
    )


_NEXT = """\
made a workspace in {folder}
next, in that folder:
  bridge ingest profiles FILE.csv --source crm
  bridge resolve
  bridge audience build recent-buyers
  bridge sandbox                                    # in another terminal
  bridge sync recent-buyers meta-main --dry-run
other platforms: bridge platform list"""


def make_workspace(
    folder: Path, *, secret: str | None = None, also: Sequence[Platform] = ()
) -> list[str]:
    """Write a workspace's files; what is there already stays as it is.

    Raises:
        ConfigurationError: when the folder holds a workspace, or cannot be written to.
    """
    if (folder / "bridge.toml").exists():
        raise ConfigurationError(f"{folder} is a workspace already (it has a bridge.toml)")
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in folder.name.lower())
    files = {
        ".gitignore": GITIGNORE,
        **{f"audiences/{n}.yaml": text for n, text in AUDIENCES.items()},
        **{f"destinations/{n}.yaml": text for n, text in DESTINATIONS.items()},
        **{f"destinations/{main_name(p)}.yaml": example(p, main_name(p)) for p in also},
        # The last: a folder is a workspace once all else is there.
        "bridge.toml": BRIDGE_TOML.format(name=name[:63].strip("-") or "workspace"),
    }
    try:
        _write_secret(folder / ".bridge" / "secret", secret or secrets.token_hex(32))
        made = [path for path in files if not (folder / path).exists()]
        for path in made:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(files[path], encoding="utf-8")
    except OSError as error:
        message = f"{folder} cannot be written to ({error.strerror}); choose another folder"
        raise ConfigurationError(message) from error
    return sorted(made)


def _write_secret(path: Path, secret: str) -> None:
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secret + "\n", encoding="ascii")
