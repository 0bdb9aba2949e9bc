"""What a command shows: one JSON object for machines, tables and progress for people."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from audiences.flows.bench import silent

_INSTANT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.]*Z$")  # JSON has it whole
_BOX = box.SIMPLE_HEAD
_WIDTH = 80  # what a table should fit into
_LEAST = 10  # room of a column that wraps
_NAME, _SHORT = 34, 14  # one word so long, or a few words so short, stay on a line


@dataclass(frozen=True, slots=True)
class Output:
    """Where a command's words go: results to stdout, everything else to stderr."""

    machine: bool = False
    out: Console = field(default_factory=lambda: Console(highlight=False))
    err: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))

    def result(self, value: Mapping[str, Any], show: Callable[[Console], None]) -> None:
        """Give the result of a command: `value` to a machine, `show` to a person."""
        if self.machine:
            sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
        else:
            show(self.out)

    def note(self, text: str) -> None:
        """Tell a person something beside the result."""
        if not self.machine:
            self.err.print(text)

    @contextmanager
    def progress(self) -> Iterator[Callable[[str, int], None]]:
        """Show how far the work is, on stderr, while the block runs."""
        if self.machine or not self.err.is_terminal:
            yield silent
            return
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.completed:,.0f}", style="dim"),
            TimeElapsedColumn(),
            console=self.err,
            transient=True,
        ) as bar:
            tasks: dict[str, Any] = {}

            def advance(what: str, done: int) -> None:
                if what not in tasks:
                    tasks[what] = bar.add_task(what, total=None)
                bar.update(tasks[what], completed=done)

            yield advance


def table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    plain: bool = False,
    gap: int = 2,
) -> Table:
    """Make a table; columns that hold numbers stand to the right, names are never broken.

    Names are the first column, and whatever is short or has no space in it.
    """
    made = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=None if plain else _BOX,
        show_header=any(columns),
        padding=(0, gap, 0, 0),
        show_edge=False,
    )
    cells = [[cell(row[at]) for row in rows] for at in range(len(columns))]
    numbers = {at for at in range(len(columns)) if any(_is_number(row[at]) for row in rows)}
    unbroken = _unbroken(columns, cells, numbers, gap)
    for at, name in enumerate(columns):
        made.add_column(
            name,
            justify="right" if at in numbers else "left",
            no_wrap=at in unbroken,
            min_width=unbroken.get(at),
            overflow="fold",
        )
    for line in zip(*cells, strict=True):
        made.add_row(*line)
    return made


def _unbroken(
    columns: Sequence[str], cells: Sequence[Sequence[Text]], numbers: set[int], gap: int
) -> dict[int, int]:
    """Return the least width of each column that is never broken, by its place.

    What is short or one word is among them while the others still have room to wrap.
    """
    longest = [max((one.cell_len for one in column), default=0) for column in cells]
    least = [
        max(wide, *map(len, name.split()), 0) for wide, name in zip(longest, columns, strict=True)
    ]
    found = {at: least[at] for at in range(len(columns)) if at == 0 or at in numbers}
    for at in sorted(set(range(len(columns))) - found.keys(), key=longest.__getitem__):
        prose = any(" " in one.plain for one in cells[at] if one.cell_len > _SHORT)
        others = _LEAST * (len(columns) - len(found) - 1)
        wide = sum(found.values()) + least[at] + (gap + 1) * len(columns)
        if not prose and longest[at] <= _NAME and wide + others <= _WIDTH:
            found[at] = least[at]
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def counted(number: int, what: str, many: str = "") -> str:
    """Write a number with what it counts: 1 row, 4,210 rows."""
    return f"{number:,} {what if number == 1 else many or what + 's'}"


def cell(value: Any) -> Text:
    """Write one value for a person: numbers with separators, instants to the minute."""
    if isinstance(value, Text):
        return value
    if value is None or value == "":
        return Text("–", style="dim")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, int):
        return Text(f"{value:,}")
    text = f"{value:,.1f}" if isinstance(value, float) else str(value)
    return Text(_INSTANT.sub(r"\1 \2", text))
