"""Raw rows: what a file holds before anything is made of it, every column as text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from shared.errors import DataError
from shared.redact import shape

_WORD = re.compile(r"[\w .:;,|/\t-]{1,120}")  # a header that holds data has an @ or a number
_NUMBER = re.compile(r"\d{5}")

# What is made of a row on its way takes some three kilobytes, most of it in DuckDB's results:
# memory goes by the rows of a batch, and below this many the work takes longer.
BATCH_ROWS = 64 * 1024
BATCH_BYTES = 64 << 20


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
    names = [plain_name(name) for name in header]
    for number, name in enumerate(names, 1):
        if not name:
            message = f"{path.name}: column {number} of the header has no name"
            raise DataError(f"{message} (give it one, or remove the column)")
    twice = sorted({name for name in names if names.count(name) > 1}, key=names.index)
    if twice:
        message = f"{path.name}: the header has the column '{shown(twice[0])}' more than once"
        raise DataError(f"{message} (rename one of them; upper and lower case are the same)")
    own = "row_"
    while own in names:
        own += "_"
    return [own if name == "row" else name for name in names]


def plain_name(name: str) -> str:
    """Return a column's name as it is compared: trimmed, in lower case, without a BOM."""
    # No SQL name may hold a NUL.
    return name.replace("\0", "").strip().strip("\ufeff").strip().lower()


def shown(name: str) -> str:
    """Return a column's name as it may be told; one that could be data only as its shape."""
    return name if _WORD.fullmatch(name) and not _NUMBER.search(name) else shape(name)


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
