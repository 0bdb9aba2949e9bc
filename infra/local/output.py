"""What a command shows: one JSON object for machines, tables and progress for people."""

from __future__ import annotations

import json
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

_BOX = box.SIMPLE_HEAD


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
    """Make a table; columns that hold numbers stand to the right, names are never broken."""
    made = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=None if plain else _BOX,
        show_header=any(columns),
        padding=(0, gap, 0, 0),
        show_edge=False,
    )
    for index, name in enumerate(columns):
        values = [row[index] for row in rows]
        number = any(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        whole = number or index == 0
        least = max((cell(v).cell_len for v in values), default=0) if whole else None
        made.add_column(
            name,
            justify="right" if number else "left",
            no_wrap=whole,
            min_width=least,
            overflow="fold",
        )
    for row in rows:
        made.add_row(*(cell(value) for value in row))
    return made


def cell(value: Any) -> Text:
    """Write one value for a person: numbers with separators, nothing as a dash."""
    if isinstance(value, Text):
        return value
    if value is None or value == "":
        return Text("–", style="dim")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, int):
        return Text(f"{value:,}")
    return Text(f"{value:,.1f}" if isinstance(value, float) else str(value))
