"""`bridge doctor`: look at all that a sync hangs on."""

from __future__ import annotations

import typer
from rich.console import Console

from audiences.flows.doctor import Check, examine
from infra.local.context import HERE, AsOf, Folder, Json, work
from infra.local.output import Output, table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(as_of: AsOf = "", folder: Folder = HERE, json: Json = False) -> None:
    """Look at configuration, credentials, clock and disk; nothing is changed anywhere.

    Each destination's platform is asked by a call that only reads.
    """
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        checks = examine(workspace)
    failed = any(one.status == "failed" for one in checks)
    value = {"ok": not failed, "checks": [one.as_json() for one in checks]}
    output.result(value, lambda console: _show(console, checks))
    if failed:
        raise typer.Exit(1)


def _show(console: Console, checks: list[Check]) -> None:
    rows = [(one.check, one.subject, one.status, one.detail) for one in checks]
    console.print(table("", ("", "what", "status", "detail"), rows))
    wrong = sum(one.status == "failed" for one in checks)
    wants = "wants" if wrong == 1 else "want"
    console.print(f"{wrong:,} of {len(checks):,} {wants} mending" if wrong else "all is well")
