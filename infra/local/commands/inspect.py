"""`bridge inspect`: what is wrong with a list of hashed identifiers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audiences.flows.inspect import MEMORY, TYPES, Asked, inspect_file
from infra.local.context import Json
from infra.local.output import Output
from infra.local.render.inspection import inspection


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("inspect")(inspect_)


def inspect_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, TSV, TXT or Parquet.")],
    column: Annotated[
        str, typer.Option("--column", metavar="NAME", help="Look at this one only; or its number.")
    ] = "",
    kind: Annotated[
        str, typer.Option("--type", metavar="TYPE", help=f"What it holds: {', '.join(TYPES)}.")
    ] = "",
    country: Annotated[
        str, typer.Option("--country", metavar="CC", help="Of phones that do not say theirs.")
    ] = "",
    memory: Annotated[
        str, typer.Option("--memory", envvar="BRIDGE_MEMORY", help="What the engine may take.")
    ] = MEMORY,
    json: Json = False,
) -> None:
    """Find what is wrong with a list of hashes; no value of it is shown.

    Needs no workspace and changes nothing. Exits with 1 when rows cannot match anybody.
    """
    output = Output(json)
    with output.progress() as progress:
        asked = Asked(column=column, type=kind, country=country.upper())
        found = inspect_file(file, asked, memory=memory, progress=progress)
    output.result(found.as_json(), lambda console: console.print(inspection(found)))
    if found.verdict == "loses":
        raise typer.Exit(1)
