"""`bridge --remote URL report`: what lasts and what is on a clock, of a stack's audiences."""

from __future__ import annotations

import typer

from infra.local.context import PLAIN, Json
from infra.local.output import Output
from infra.local.remote.context import stack

app = typer.Typer(name="report", help="A stack's reports, as JSON.", no_args_is_help=True, **PLAIN)


@app.command()
def contrast(ctx: typer.Context, json: Json = False) -> None:
    """Compare durable reach (CDP) with cookies and devices (DMP)."""
    _report(ctx, "contrast", json)


@app.command()
def decay(ctx: typer.Context, json: Json = False) -> None:
    """Forecast reach over 90 days when nobody is seen again."""
    _report(ctx, "decay", json)


def _report(ctx: typer.Context, name: str, json: bool) -> None:
    found = stack(ctx).get(f"/reports/{name}")
    Output(json).result(found, lambda console: console.print_json(data=found))
