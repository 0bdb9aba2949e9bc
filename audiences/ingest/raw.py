"""Raw rows: what a file holds before anything is made of it, every column as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from shared.errors import DataError

BATCH_ROWS = 256 * 1024


@dataclass(frozen=True, slots=True)
class Broken:
    """An input row that could not even be split into fields."""

    row: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Rows as they came: every column text (null where empty), with their row numbers."""

    rows: pa.Table  # the file's columns, and `row`: 1 is the first row after the header
    broken: list[Broken] = field(default_factory=list)


def column_names(path: Path, header: list[str]) -> list[str]:
    """Return a header's names in lower case.

    Raises:
        DataError: when a name is missing or stands twice.
    """
    names = [name.strip().strip("\ufeff").strip().lower() for name in header]
    for number, name in enumerate(names, 1):
        if not name:
            raise DataError(f"{path.name}: column {number} of the header has no name")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path.name}: the header has the column '{twice[0]}' more than once")
    return ["row_" if name == "row" else name for name in names]


def tidy(rows: pa.Table) -> pa.Table:
    """Trim every text column; an empty cell is null."""
    columns = [
        column if name == "row" else _trimmed(column)
        for name, column in zip(rows.column_names, rows.columns, strict=True)
    ]
    return pa.table(columns, names=rows.column_names)


def _trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
