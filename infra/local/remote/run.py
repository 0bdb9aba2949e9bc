"""`bridge --remote URL run`: list and show a stack's runs."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.local.context import PLAIN, Json
from infra.local.output import Output, table
from infra.local.remote.api import part
from infra.local.remote.context import stack

app = typer.Typer(name="run", help="List and show a stack's runs.", no_args_is_help=True, **PLAIN)


@app.command("list")
def list_(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100)] = 20,
    before: Annotated[str, typer.Option("--before", help="The last id of the page before.")] = "",
    json: Json = False,
) -> None:
    """List exports and runs, newest first."""
    page = stack(ctx).get(f"/runs?limit={limit}&before={part(before)}")
    columns = ("id", "audience → destination", "status", "add", "remove")
    rows = [
        (r["id"], f"{r['audience']} → {r['to']}", r["status"], r.get("adds"), r.get("removes"))
        for r in page["runs"]
    ]
    Output(json).result(page, lambda c: c.print(table("Runs", columns, rows, gap=1)))


@app.command()
def show(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN")],
    json: Json = False,
) -> None:
    """Show a run: what it was to change, and what came back."""
    found = stack(ctx).get(f"/runs/{part(run)}")
    facts = [(name, value) for name, value in found.items() if value not in (None, "", {}, [])]
    Output(json).result(found, lambda c: c.print(table("", ("", ""), facts, plain=True)))
