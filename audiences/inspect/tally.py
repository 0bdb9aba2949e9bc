"""Counts of a column's cells by what they are, with the first lines of each sort."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from duckdb import DuckDBPyConnection as Connection

from audiences.inspect.cells import EITHER

LINES = 10  # the first so many are named


@dataclass(frozen=True, slots=True)
class Sort:
    """All that tells cells apart; cells of one sort have the same faults."""

    kind: str
    spaces: bool
    quotes: bool
    capitals: bool  # in the hex digits of a digest
    known: str | None  # what the digest is of, where that is nobody
    kept_case: bool  # the known word was hashed with its capitals
    reading: str | None  # how the hash came from the raw value beside it
    reason: str | None  # why a raw value can't be used


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows, and on which lines the first of them stand."""

    rows: int = 0
    lines: tuple[int, ...] = ()

    def __add__(self, other: Count) -> Count:
        """Add two counts of different rows."""
        lines = heapq.merge(self.lines, other.lines)
        return Count(self.rows + other.rows, tuple(itertools.islice(lines, LINES)))


@dataclass(slots=True)
class Tally:
    """The counts of one column, growing as batches pass."""

    counts: dict[Sort, Count] = field(default_factory=dict)

    def add(self, con: Connection, made: str) -> None:
        """Add the rows of a table of cells, as `cells.read_column` and its like made it."""
        names = ", ".join(Sort.__slots__)
        found = con.execute(
            f"SELECT {names}, count(*), min(line, {LINES}) FROM {made} GROUP BY {names}"
        ).fetchall()
        for *told, rows, lines in found:
            sort = Sort(*told)
            self.counts[sort] = self.counts.get(sort, Count()) + Count(rows, tuple(lines))

    def of(self, wanted: Callable[[Sort], object]) -> Count:
        """Return the count of all sorts for which `wanted` holds."""
        return sum((count for sort, count in self.counts.items() if wanted(sort)), Count())

    def settled(self) -> Tally:
        """Return the counts with digests that could be either base64 as that of their column."""
        kinds = dict(self.by_kind())
        most = max(("sha256_base64", "sha256_base64url"), key=lambda kind: kinds.get(kind, 0))
        made = Tally()
        for sort, count in self.counts.items():
            told = replace(sort, kind=most) if sort.kind == EITHER else sort
            made.counts[told] = made.counts.get(told, Count()) + count
        return made

    def by_kind(self) -> Iterator[tuple[str, int]]:
        """Yield each kind with its rows, the most frequent first."""
        kinds: dict[str, int] = {}
        for sort, count in self.counts.items():
            kinds[sort.kind] = kinds.get(sort.kind, 0) + count.rows
        yield from sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
