"""Quotes that are opened and never closed: they would swallow the rows that follow, unseen."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc

from audiences.ingest.raw import RawBatch
from shared.errors import DataError

_LINES = 3  # so many lines that look like rows are no address and no remark


def refuse_swallowed(path: Path, batch: RawBatch) -> None:
    """Refuse a file one of whose values holds what must be other rows.

    Raises:
        DataError: naming the row in which the quote opens.
    """
    names = [name for name in batch.rows.column_names if name != "row"]
    for row, text in _long(batch, names):
        lines = text.split("\n")[1:-1]
        alike = sum(line.count(",") == len(names) - 1 for line in lines)
        if len(names) > 1 and alike >= _LINES and alike * 2 > len(lines):
            raise _error(path, row)


def refuse_open(path: Path, batch: RawBatch) -> None:
    """Refuse a file that may end inside a quote when its last row holds a line break.

    Raises:
        DataError: naming that row.
    """
    names = [name for name in batch.rows.column_names if name != "row"]
    last = max([0, *batch.rows["row"].to_pylist()[-1:], *(b.row for b in batch.broken)])
    rows = batch.rows.filter(pc.equal(batch.rows["row"], last))
    texts = [rows[name][0].as_py() or "" for name in names if rows.num_rows]
    texts += [broken.text for broken in batch.broken if broken.row == last]
    if any("\n" in text for text in texts):
        raise _error(path, last)


def _long(batch: RawBatch, names: list[str]) -> list[tuple[int, str]]:
    found = [(b.row, b.text) for b in batch.broken if b.text.count("\n") > _LINES]
    for name in names:
        many = pc.greater(pc.count_substring(batch.rows[name], "\n"), _LINES)
        if pc.any(many).as_py():
            rows = batch.rows.filter(many)
            found += zip(rows["row"].to_pylist(), rows[name].to_pylist(), strict=True)
    return found


def _error(path: Path, row: int) -> DataError:
    return DataError(
        f"{path.name}: row {row}: a quote opens and is not closed, so it swallows what follows "
        "(close it, or double a quote that belongs to the value); nothing of it was kept"
    )
