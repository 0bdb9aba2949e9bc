"""`bridge sync`: bring a platform in step with an audience."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from audiences.flows.nobody import Nobody, why_nobody
from audiences.flows.run_report import Report
from audiences.flows.sync import stopped, sync_and_tell
from infra.local.context import HERE, AsOf, Folder, Json, work
from infra.local.output import Output, cell, counted, table
from infra.local.render.words import agreed
from shared.errors import GuardError

_EXPLAINED = frozenset({"no_key", "consent_missing"})  # what somebody could mend
_DROPPED = {
    "held_out": "held out as a control group",
    "consent_denied": "said no to ads",
    "consent_missing": "no consent where it is needed",
    "uid2_optout": "opted out of UID2 or EUID",
    "no_key": "no identifier that the platform takes",
}

# What a sync takes here and on a stack far away.
AudienceName = Annotated[str, typer.Argument(metavar="AUDIENCE")]
DestinationName = Annotated[str, typer.Argument(metavar="DESTINATION")]
Mode = Annotated[str, typer.Option("--mode", metavar="mirror|add|replace")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Plan to the byte, send nothing.")]
Approve = Annotated[
    str, typer.Option("--approve", metavar="TOKEN", help="Let pass what the guard stopped.")
]
Repair = Annotated[
    bool, typer.Option("--repair", help="Send again everything that should be held.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sync")(sync_)


def sync_(  # noqa: PLR0913, PLR0917 - a parameter is an option
    audience: AudienceName,
    destination: DestinationName,
    mode: Mode = "",
    dry_run: DryRun = False,
    approve: Approve = "",
    repair: Repair = False,
    as_of: AsOf = "",
    folder: Folder = HERE,
    json: Json = False,
) -> None:
    """Add and remove until the platform holds exactly the audience."""
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        report = sync_and_tell(
            workspace,
            audience,
            destination,
            mode=mode or None,
            dry_run=dry_run,
            approve=approve,
            repair=repair,
        )
        nobody = why_nobody(workspace, report, mode if mode in ("mirror", "add") else "")
    value = report.as_json() | ({"nobody": nobody.as_json()} if nobody else {})
    output.result(value, lambda console: show(console, report, nobody))
    if report.status == "stopped":
        output.note(str(stopped(report)))
        raise typer.Exit(GuardError.exit_code)


def show(console: Console, report: Report, nobody: Nobody | None = None) -> None:
    """Show a run's report to a person."""
    console.print(
        f"[bold]{report.audience} → {report.destination}[/]  {report.status}  "
        f"[dim]run {report.run}[/]"
    )
    members = [
        ("add", report.adds),
        ("remove", report.removes),
        ("change", report.changed),
        ("refresh", report.refreshed),
    ]
    told = "members: " + ", ".join(f"{count:,} to {name}" for name, count in members)
    _line(console, told)
    if nobody:
        _show_nobody(console, report, nobody)
    if not (nobody and nobody.reasons):
        for reason, count in sorted(report.dropped.items()):
            _line(console, f"{count:,} not sent: {_DROPPED.get(reason, reason)}")
    if report.dropped.keys() & _EXPLAINED:
        pair = f"{report.audience} {report.destination}"
        _line(console, f"bridge report match-loss {pair} says why, person by person", style="dim")
    if report.status == "dry_run" and report.requests:
        _show_estimate(console, report)
    elif report.requests and report.status not in ("stopped", "dry_run"):
        counts = ("accepted", "rejected", "unknown")
        words = ", ".join(f"{cell(getattr(report, name))} {name}" for name in counts)
        _line(console, f"rows: {words} in {counted(report.requests, 'request')}")
    if report.adopted and report.audience_id and report.audience_id != report.audience:
        _line(
            console,
            f"the platform had an audience of this name ({report.audience_id}) before: "
            "it may hold others whom the bridge never sent",
        )
    for warning in report.warnings:
        _line(console, warning, style="yellow")
    if report.resumed:
        _line(console, f"run {report.resumed} had been interrupted and was brought to its end")


def _line(console: Console, text: str, *, indent: int = 2, style: str = "") -> None:
    """Print a line under the first one; what wraps stays under it."""
    console.print(Padding(Text(text, style), (0, 0, 0, indent), expand=False))


def _show_nobody(console: Console, report: Report, nobody: Nobody) -> None:
    """Say why nobody was sent, and what to do about it."""
    if nobody.held:
        _line(console, f"in step: {counted(nobody.held, 'row')} held there, nothing to change")
    elif not nobody.members:
        _line(console, "nobody is in the audience, so there is nothing to send", style="yellow")
        _line(console, f"→ bridge audience explain {report.audience} says whom it looks for")
        _line(console, "→ bridge ingest and bridge resolve bring people in")
    else:
        told = f"none of {counted(nobody.members, 'member')} can be sent; the commonest reasons:"
        _line(console, told, style="yellow")
    for one in nobody.reasons:
        _line(console, f"{one['members']:,} {one['says']}", indent=4)
        if not one["fix"].startswith("Nothing"):
            _line(console, f"→ {one['fix']}", indent=6)


def _minutes(minutes: float) -> str:
    return f"{minutes:g} minutes at least" if minutes > 1 else "a minute at most"


def _show_estimate(console: Console, report: Report) -> None:
    told = report.estimate
    _line(
        console,
        f"would send {counted(report.rows, 'row')} in {counted(report.requests, 'request')} "
        f"({counted(report.bytes, 'byte')}); digest {report.digest[:16]}…",
    )
    _line(
        console,
        f"takes {_minutes(told['minutes'])} by the platform's limits; "
        f"money: {told['money']}; the audience {told['audience']}",
    )
    for warning in told["warnings"]:
        _line(console, warning, style="yellow")
    rows = [(row["op"], _keys_of(row), agreed(row["consent"])) for row in told["first_rows"]]
    if rows:
        console.print(table("First rows, by their shape", ("op", "keys", "consent"), rows))
    _line(console, f"the exact bodies are in outbox/{report.run}/ of the lake")


def _keys_of(row: Mapping[str, Any]) -> str:
    along = f" with {', '.join(row['attributes'])}" if row["attributes"] else ""
    return ", ".join(row["keys"]) + along
