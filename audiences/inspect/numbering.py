"""On which line of a text each row stands, where cells may hold line ends and rows be broken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from shared.errors import DataError

MOST_LINES = 100  # in one cell; what is longer is a quote that was never closed


class Numbering:
    """The lines of a text's rows, batch after batch.

    A row's line is its number and the line ends in the cells of all rows before it, also of those
    that were set aside as they had too few or too many cells.
    """

    def __init__(self, path: Path, first_line: int) -> None:
        self._path, self._extra = path, first_line - 1
        self._rows, self._taken = 0, 0
        self._open_at = 0  # the line of the last row when that holds a line end

    def lines(
        self, batch: pa.RecordBatch, broken: Sequence[pa.csv.InvalidRow], *, quotes: bool
    ) -> tuple[pa.Array, list[int]]:
        """Return the line on which each row of a batch begins, and those of rows set aside.

        Raises:
            DataError: where a quote has swallowed more lines than any cell holds.
        """
        numbers = self._numbers(batch.num_rows, broken)
        # The reader looks ahead: some may belong to a later batch.
        aside = [row for row in broken[self._taken :] if row.number < self._rows]
        self._taken += len(aside)
        if not quotes or not batch.num_rows:
            extra = self._extra
            return pc.add(numbers, extra), [row.number + extra for row in aside]
        ends = _ends(batch)
        if aside:
            return self._merged(numbers, ends, aside)
        inside = pc.cumulative_sum(ends)
        lines = pc.add(pc.add(numbers, self._extra), pc.subtract(inside, ends))
        longest = pc.max(ends).as_py()
        if longest > MOST_LINES:
            raise self._error(lines[pc.index(ends, longest).as_py()].as_py())
        self._open_at = lines[-1].as_py() if ends[-1].as_py() else 0
        self._extra += inside[-1].as_py()
        return lines, []

    def _merged(
        self, numbers: pa.Array, ends: pa.Array, aside: Sequence[pa.csv.InvalidRow]
    ) -> tuple[pa.Array, list[int]]:
        lines = {}
        torn = {row.number: _inside(row) for row in aside}
        every = torn | dict(zip(numbers.to_pylist(), ends.to_pylist(), strict=True))
        for number, inside in sorted(every.items()):
            lines[number] = self._line(number, inside)
        good = pa.array([lines[number] for number in numbers.to_pylist()], pa.int64())
        return good, [lines[number] for number in torn]

    def _line(self, number: int, inside: int) -> int:
        line = number + self._extra
        if inside > MOST_LINES:
            raise self._error(line)
        self._extra += inside
        self._open_at = line if inside else 0
        return line

    def left(self, broken: Sequence[pa.csv.InvalidRow], *, open_quote: bool) -> list[int]:
        """Return the lines of rows that were set aside after the last batch.

        Raises:
            DataError: when the text ends in a quote that was never closed.
        """
        lines = [self._line(row.number, _inside(row)) for row in broken[self._taken :]]
        if open_quote and self._open_at:
            raise self._error(self._open_at)
        return lines

    def too_long(self) -> DataError:
        """Make the error of a row that does not fit into memory."""
        return DataError(
            f"{self._path.name}: after line {self._rows + self._extra:,} a row is longer than "
            "8 MB (is there a quote that is never closed, or a file without line ends?)"
        )

    def _numbers(self, count: int, broken: Sequence[pa.csv.InvalidRow]) -> pa.Array:
        """Return the numbers of the next rows, without those of rows set aside."""
        # The reader looks ahead, so rows may be broken that belong to a later batch.
        skipped = {row.number for row in broken if row.number > self._rows}
        numbers: list[int] = []
        while len(numbers) < count:
            fresh = range(self._rows + 1, self._rows + 1 + count - len(numbers))
            numbers += [n for n in fresh if n not in skipped] if skipped else fresh
            self._rows = fresh[-1]
        return pa.array(numbers, pa.int64())

    def _error(self, line: int) -> DataError:
        return DataError(
            f"{self._path.name}: a quote opens near line {line:,} and is not closed, so it "
            "swallows what follows (close it, or double a quote that belongs to the value)"
        )


def _inside(row: pa.csv.InvalidRow) -> int:
    return (row.text or "").rstrip("\r\n").count("\n")


def _ends(batch: pa.RecordBatch) -> pa.Array:
    """Count the line ends inside of each row's cells."""
    ends = pa.repeat(pa.scalar(0, pa.int64()), batch.num_rows)
    for column in batch.columns:
        ends = pc.add(ends, pc.cast(pc.count_substring(column, "\n"), pa.int64()))
    return ends
