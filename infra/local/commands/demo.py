"""`bridge demo`: the whole job on generated data, told as it happens."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from audiences.ingest.rejects import fix
from audiences.reports.decay import Decay
from infra.local.context import Json
from infra.local.demo.story import Story, Week, reasons, tell
from infra.local.output import Output, table
from infra.local.render.page import report_page
from infra.local.render.terminal import contrast_table, decay_chart
from shared.errors import IntegrityError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    people: Annotated[int, typer.Option("--people", min=100, max=5_000_000)] = 50_000,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Made anew each time.")
    ] = Path("demo"),
    json: Json = False,
) -> None:
    """Run the whole job on a generated shop against the sandbox, twice with a week between."""
    output, began = Output(json), time.monotonic()
    output.note(
        f"A shop of {people:,} people, their orders, cookies and devices over 120 days. "
        "Everything stays on this machine."
    )
    console = output.err if json else output.out

    def told(week: Week) -> None:
        if not json:
            _show_week(console, week)

    with output.progress() as progress:
        story = tell(folder.resolve(), people, progress, told)
    _proved(story)
    page = folder / "report.html"
    page.write_text(
        report_page(story.contrast, story.decay, "Reach of the demo shop", _notes(story)),
        encoding="utf-8",
    )
    value = story.as_json() | {"page": str(page), "workspace": str(folder / "workspace")}
    output.result(value, lambda c: _show_end(c, story, page, time.monotonic() - began))


def _proved(story: Story) -> None:
    """Stop when a platform holds anything else than what was planned.

    Raises:
        IntegrityError: naming what differs.
    """
    wrong = [
        f"{h.destination} holds another {h.audience} than was planned in the week of {w.as_of:%F}"
        for w in story.weeks
        for h in w.holdings
        if not h.same
    ]
    if not story.ledger_whole:
        wrong.append("the ledger's chain is broken")
    if wrong:
        raise IntegrityError("; ".join(wrong) + "; this is a fault of the bridge: please report it")


_CHARTED = ("lapsed-vips", "running-shoes-seen")
_MEANING = (
    "Durable means an e-mail, a phone or a customer number that stays until it is erased; "
    "on a clock means a cookie or a device that must be gone after its days."
)


def _notes(story: Story) -> tuple[str, ...]:
    return (
        f"Generated data: {story.people:,} people of a shop that does not exist.",
        _MEANING,
    )


def _show_week(console: Console, week: Week) -> None:
    console.rule(f"[bold]{week.as_of:%A %d %B %Y}", align="left")
    rows = [(kind, i.rows_in, i.kept, i.rejected) for kind, i in week.ingested]
    console.print(table("Files in", ("", "rows", "kept", "rejected"), rows), "")
    lines = [(reason, count, fix(reason)) for reason, count in reasons(week).most_common(6)]
    console.print(table("Why rows were rejected", ("reason", "rows", "what to do"), lines), "")
    found = week.resolved
    console.print(
        f"[bold]{found.people:,} people[/] found behind {found.identifiers:,} live identifiers; "
        f"{found.anonymous:,} devices belong to nobody known\n"
    )
    sizes = [(b.audience, b.of, b.members, b.held_out, b.suppressed) for b in week.built]
    names = ("audience", "of", "members", "held out", "suppressed")
    console.print(table("Audiences", names, sizes), "")
    console.print(_synced(week), "")


def _synced(week: Week) -> Table:
    held = {(h.audience, h.destination): h for h in week.holdings}
    rows = []
    for r in week.reports:
        holding = held[r.audience, r.destination]
        proof = Text("✓", style="green") if holding.same else Text("DIFFERS", style="bold red")
        pair = f"{r.audience} → {r.destination}"
        rows.append(
            (pair, r.adds, r.removes, r.changed, r.refreshed, holding.count, proof),
        )
    columns = ("", "add", "remove", "change", "refresh", "holds", "= plan")
    return table("Platforms brought in step", columns, rows, gap=1)


def _some(every: Decay) -> Decay:
    """Choose one audience of people and one of devices; the page has them all."""
    chosen = tuple(a for a in every.audiences if a.audience in _CHARTED)
    return replace(every, audiences=chosen or every.audiences[:2])


def _show_end(console: Console, story: Story, page: Path, seconds: float) -> None:
    console.rule("[bold]What is durable, and what is on a clock", align="left")
    console.print(contrast_table(story.contrast))
    console.print(decay_chart(_some(story.decay)))
    console.rule(align="left")
    console.print(
        f"Swept: {story.swept.rows:,} rows of expired ids in {story.swept.partitions:,} "
        "partitions (no reader saw them before either)."
    )
    word = "whole" if story.ledger_whole else "[red]broken[/]"
    console.print(f"Ledger of sends: {story.ledger_rows:,} rows, its chain of hashes is {word}.")
    console.print(f"Report: {page}")
    console.print(
        f"Workspace: {story.folder / 'workspace'}  "
        "(try: bridge person, bridge audience explain lapsed-vips, bridge run list, with -C)"
    )
    console.print(f"[dim]{seconds:.0f} seconds[/]")
