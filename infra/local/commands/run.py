"""`bridge run`: list, show, replay, cancel and verify runs, and say what was sent of one person."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from audiences.flows.cancel import cancel as cancel_run
from audiences.flows.exports import Desk
from audiences.flows.replay import Replayed, replay_run
from audiences.flows.runs import list_runs, show_run, verify_ledger
from audiences.flows.sync import end_cancelled
from infra.local.commands.sent import sent
from infra.local.context import HERE, PLAIN, AsOf, Folder, Json, work
from infra.local.jobs import NoJobs
from infra.local.output import Output, counted, table

app = typer.Typer(
    name="run",
    help="List, show, replay, cancel and verify runs, and say what was sent of one person.",
    no_args_is_help=True,
    **PLAIN,
)
app.command("sent")(sent)
Run = Annotated[str, typer.Argument(metavar="RUN")]


@app.command("list")
def list_(as_of: AsOf = "", folder: Folder = HERE, json: Json = False) -> None:
    """List the runs that are kept, newest first."""
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        runs = list_runs(workspace)
    columns = ("run", "audience → destination", "status", "add", "remove")
    rows = [
        (r["run"], f"{r['audience']} → {r['destination']}", r["status"], r["adds"], r["removes"])
        for r in runs
    ]
    output.result({"runs": runs}, lambda c: c.print(table("Runs", columns, rows, gap=1)))


@app.command()
def show(run: Run, as_of: AsOf = "", folder: Folder = HERE, json: Json = False) -> None:
    """Show a run: what it was to change, what it sent, what came back."""
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        found = show_run(workspace, run)
    output.result(found, lambda console: _show(console, found))


def _show(console: Console, found: dict[str, Any]) -> None:
    facts = [(k, v) for k, v in found.items() if k != "sent" and v not in (None, "", {})]
    console.print(table("", ("", ""), facts, plain=True))
    columns = ("id", "rows", "bytes", "outcome", "rejected", "path")
    rows = [tuple(r[c] for c in columns) for r in found["sent"]]
    if rows:
        console.print(table("Requests", columns, rows))


@app.command()
def replay(run: Run, as_of: AsOf = "", folder: Folder = HERE, json: Json = False) -> None:
    """Compute a run again from its inputs and compare the bytes.

    Nothing is sent, and no bytes are kept: ids in them may have ended since.
    """
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        done = replay_run(workspace, run)
    output.result(done.as_json(), lambda console: _replayed(console, done))
    if not done.same:
        raise typer.Exit(1)


def _replayed(console: Console, done: Replayed) -> None:
    word = "the same bytes" if done.same else "DIFFERENT bytes"
    console.print(f"{word}: {done.digest[:16]}… {done.replay_digest[:16]}…")
    if done.differs:
        requests = counted(len(done.differs), "request differs", "requests differ")
        console.print(f"  {requests}: {', '.join(done.differs[:10])}")
    if done.late and not done.same:
        console.print("  ids that the run named may have ended since: once swept, they are gone")
    console.print("  no bodies were kept, only their digests")


@app.command()
def cancel(run: Run, folder: Folder = HERE, json: Json = False) -> None:
    """End a run where it is.

    No further request begins, and what was done is settled.
    """
    output = Output(json)
    with work(folder, "", output) as workspace:
        desk = Desk(workspace.lake.store, workspace.kv, NoJobs(), workspace.clock)
        told = cancel_run(desk, run)
        ended = end_cancelled(workspace, told["run"]) if told["run"] else None
    told |= {"report": ended.as_json(), "status": ended.status} if ended else {}
    output.result(
        told, lambda console: console.print(f"run {told['run'] or run}: {told['status']}")
    )


@app.command()
def verify(as_of: AsOf = "", folder: Folder = HERE, json: Json = False) -> None:
    """Name any change, loss or reordering in the ledger."""
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        found = verify_ledger(workspace)
    value = {"links": found.links, "rows": found.rows, "faults": found.faults, "head": found.head}
    output.result(value, lambda c: _verified(c, found.links, found.rows, found.faults))
    if found.faults:
        raise typer.Exit(1)


def _verified(console: Console, links: int, rows: int, faults: tuple[str, ...]) -> None:
    for fault in faults:
        console.print(f"[red]{fault}[/]")
    word = "broken" if faults else "whole"
    console.print(f"the ledger is {word}: {counted(rows, 'row')} in {counted(links, 'run')}")
