"""`bridge sync`: bring a platform in step with an audience."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from audiences.flows.run_report import Report
from audiences.flows.sync import stopped, sync_and_tell
from infra.local.context import HERE, AsOf, Folder, Json, work
from infra.local.output import Output, cell, table
from shared.errors import GuardError

_DROPPED = {
    "held_out": "held out as a control group",
    "consent_denied": "said no to ads",
    "consent_missing": "no consent where it is needed",
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


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sync")(sync_)


def sync_(  # noqa: PLR0913, PLR0917 - a parameter is an option
    audience: AudienceName,
    destination: DestinationName,
    mode: Mode = "",
    dry_run: DryRun = False,
    approve: Approve = "",
    repair: Annotated[
        bool, typer.Option("--repair", help="Send again everything that should be held.")
    ] = False,
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
    output.result(report.as_json(), lambda console: show(console, report))
    if report.status == "stopped":
        output.note(str(stopped(report)))
        raise typer.Exit(GuardError.exit_code)


def show(console: Console, report: Report) -> None:
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
    console.print("  members: " + ", ".join(f"{count:,} to {name}" for name, count in members))
    for reason, count in sorted(report.dropped.items()):
        console.print(f"  {count:,} not sent: {_DROPPED.get(reason, reason)}")
    if "no_key" in report.dropped:
        # Where nobody is sent at all, this is the line that is needed.
        name = f"{report.audience} {report.destination}"
        console.print(f"  bridge report match-loss {name} says why, person by person", style="dim")
    if report.status == "dry_run":
        _show_estimate(console, report)
    elif report.requests and report.status != "stopped":
        counts = ("accepted", "rejected", "unknown")
        words = ", ".join(f"{cell(getattr(report, name))} {name}" for name in counts)
        console.print(f"  rows: {words} in {report.requests:,} requests")
    if report.adopted and report.audience_id and report.audience_id != report.audience:
        console.print(
            f"  the platform had an audience of this name ({report.audience_id}) before: "
            "it may hold others whom the bridge never sent"
        )
    if report.resumed:
        console.print(f"  run {report.resumed} had been interrupted and was brought to its end")


def _show_estimate(console: Console, report: Report) -> None:
    told = report.estimate
    console.print(
        f"  would send {report.rows:,} rows in {report.requests:,} requests "
        f"({report.bytes:,} bytes); digest {report.digest[:16]}…"
    )
    console.print(
        f"  takes {told['minutes']:g} minutes at least by the platform's limits; "
        f"money: {told['money']}; the audience {told['audience']}"
    )
    for warning in told["warnings"]:
        console.print(f"  [yellow]{warning}[/]")
    rows = [(row["op"], ", ".join(row["keys"]), row["consent"]) for row in told["first_rows"]]
    if rows:
        console.print(table("First rows, by their shape", ("op", "keys", "consent"), rows))
    console.print(f"  the exact bodies are in outbox/{report.run}/ of the lake")
