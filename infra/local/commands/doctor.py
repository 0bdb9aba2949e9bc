"""`bridge doctor`: look at all that a sync hangs on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

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
    console.print(table("", ("", "what", "status", "detail"), [*_rows(checks)]))
    wrong = sum(one.status == "failed" for one in checks)
    wants = "wants" if wrong == 1 else "want"
    console.print(f"{wrong:,} of {len(checks):,} {wants} mending" if wrong else "all is well")


def _rows(checks: list[Check]) -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for each check; those all that are well share one, by kind."""
    for kind, alike in groupby(checks, key=lambda one: one.check):
        found = list(alike)
        well = [one for one in found if one.status == "ok" and not one.detail]
        if len(well) > 1:
            yield kind, f"{'all' if len(well) == len(found) else 'other'} {len(well):,}", "ok", ""
        for one in found:
            if len(well) == 1 or one not in well:
                yield one.check, one.subject, one.status, one.detail
