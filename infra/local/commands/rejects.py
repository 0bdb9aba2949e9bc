"""`bridge rejects`: which rows and fields were refused, why, and what mends them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from audiences.flows.rejects import Rejects, list_rejects
from audiences.ingest.rejects import fix
from infra.local.context import HERE, AsOf, Folder, Json, work
from infra.local.output import Output, counted, table

LIMIT = 50


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rejects")(rejects)


def rejects(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="Of this file alone.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="For this reason alone.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help="Show so many; 0 is all.")] = LIMIT,
    out: Annotated[
        Path | None,
        typer.Option("--file", metavar="OUT.csv", help="Write all of them for who can mend them."),
    ] = None,
    as_of: AsOf = "",
    folder: Folder = HERE,
    json: Json = False,
) -> None:
    """List the rows and fields that ingest refused.

    Row 1 is the first after the header. No value is shown, only its shape.
    """
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        found = list_rejects(workspace, file=Path(file).name, reason=reason, limit=limit, out=out)
    output.result(found.as_json(), lambda console: _show(console, found, file, out))


def _show(console: Console, found: Rejects, file: str, out: Path | None) -> None:
    if not found.total:
        console.print(f"nothing was refused{f' of {file}' if file else ''} in the last 30 days")
        return
    lines = [
        (r["file"], r["row"], r["field"] or "whole row", r["reason"], r["sample"])
        for r in found.rows
    ]
    columns = ("file", "row", "field", "reason", "shape of the value")
    console.print(table("Refused", columns, lines, gap=1))
    hidden = found.total - len(found.rows)
    if hidden:
        console.print(f"and {hidden:,} more: --limit 0 shows all, --file OUT.csv writes them")
    told = [(count, one, fix(one)) for one, count in found.reasons.items()]
    console.print(table("\nWhat mends them", ("count", "reason", "what to do"), told))
    if out:
        console.print(f"{counted(found.total, 'line')} for the owners of the data are in {out}")
