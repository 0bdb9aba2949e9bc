"""What is wrong with a list, for a terminal: the verdict first, then what to do, worst first."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from audiences.flows.inspect import Inspection
from audiences.inspect.columns import in_words
from audiences.inspect.faults import Severity
from audiences.inspect.findings import Finding, Looked
from infra.local.render.words import count

_MARKS = {
    Severity.LOSES: ("✗", "bold red"),
    Severity.RISK: ("!", "yellow"),
    Severity.NOTE: ("·", "dim"),
}
_LINES = 4
_HIDDEN = (
    "A hash hides what it is of: capitals, spaces, accents and salt show only where the raw "
    "value stands beside it."
)


def inspection(found: Inspection) -> RenderableType:
    """Show an inspection."""
    parts: list[RenderableType] = [_verdict(found), Text(_about(found), style="dim")]
    if found.findings:
        parts += [Text(), Text("the file", style="bold"), _table(found.findings, found.counts)]
    for column in found.columns:
        parts += [Text(), _title(column)]
        if column.findings:
            parts.append(_table(column.findings, found.counts))
    if any(column.type not in ("maid", column.kind) for column in found.columns):
        parts += [Text(), Text(_HIDDEN, style="dim")]
    return Group(*parts)


def _verdict(found: Inspection) -> Text:
    losing = [column for column in found.columns if column.lost]
    if found.verdict == "clean":
        text = f"✓ {found.file} is clean: no fault in {count(found.rows)} rows."
        return Text(text, style="bold green")
    if found.verdict == "risk":
        text = f"! {found.file}: no row is lost for certain, but some may not match."
        return Text(text, style="bold yellow")
    parts = [f"{count(one.lost)} in {one.name}" for one in losing]
    broken = sum(one.rows for one in found.findings if one.severity is Severity.LOSES)
    if broken:
        parts.append(f"{count(broken)} broken line{'s' if broken > 1 else ''}")
    *most, last = parts
    told = f"{', '.join(most)} and {last}" if most else last
    text = f"✗ {found.file}: of {count(found.rows)} rows, {told} can match nobody."
    return Text(text, style="bold red")


def _about(found: Inspection) -> str:
    ignored = f"not looked at: {', '.join(found.ignored)}" if found.ignored else ""
    return "  " + "; ".join(part for part in (*found.assumed, ignored) if part)


def _title(column: Looked) -> Text:
    return Text.assemble((column.name, "bold"), "  ", ("; ".join(_told(column)), "dim"))


def _told(column: Looked) -> Iterator[str]:
    if column.kind == "none":
        yield "no hash in it"
    elif column.kind != column.type:
        yield in_words(column.kind)
    yield column.because or "of e-mails or phones, nothing says which"
    if column.sends:
        yield f"sent as it is to {', '.join(column.sends)}"
    others = [slug for slug in column.takes if slug not in column.sends]
    if others:
        yield f"taken, but not sent so by the bridge: {', '.join(others)}"


def _table(findings: tuple[Finding, ...], counts: str) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=3, justify="right")
    table.add_column(min_width=7, justify="right", no_wrap=True)
    table.add_column(ratio=1)
    for one in findings:
        mark, style = _MARKS[one.severity]
        says = Text.assemble((one.says, "bold" if one.severity is Severity.LOSES else ""), "  ")
        says.append(_lines(one, counts), "dim")
        if one.severity is not Severity.NOTE or one.code == "raw_column":
            says.append(f"\n→ {one.fix}")
        table.add_row(Text(mark, style), Text(count(one.rows), style), says)
    return table


def _lines(one: Finding, counts: str) -> str:
    shown = ", ".join(map(count, one.lines[:_LINES])) + (" …" if one.rows > _LINES else "")
    # Never broken over two lines.
    return f"{counts}{'s' if one.rows > 1 else ''} {shown}".replace(" ", "\u00a0")
