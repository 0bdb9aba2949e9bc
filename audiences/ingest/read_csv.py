"""CSV, in blocks: a row with a wrong number of fields or bytes that are not UTF-8 comes aside."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from audiences.ingest.quotes import refuse_open, refuse_swallowed
from audiences.ingest.raw import Broken, RawBatch, column_names, tidy
from shared.errors import DataError
from shared.utf8 import MARKS, Marking, as_unreadable

BLOCK_BYTES = 8 << 20
_TAIL_BYTES = 64 << 10


def read_csv(path: Path, stream: pa.NativeFile) -> Iterator[RawBatch]:
    """Yield the rows of a CSV file with a header, block by block.

    Raises:
        DataError: when the header cannot be used, or a quote that is never closed swallows rows.
    """
    header, first = _header(path, stream.read(BLOCK_BYTES))
    if not first.strip():
        return
    broken: list[Broken] = []

    def aside(row: pa.csv.InvalidRow) -> str:
        few = row.actual_columns < row.expected_columns
        reason = "too_few_fields" if few else "too_many_fields"
        broken.append(Broken(row.number, reason, as_unreadable(row.text)))
        return "skip"

    source = Chain(first, stream)
    reader = pa.csv.open_csv(
        pa.PythonFile(source, mode="r"),
        read_options=pa.csv.ReadOptions(
            use_threads=False, block_size=BLOCK_BYTES, column_names=header
        ),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=aside),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.binary()), check_utf8=False
        ),
    )
    taken, number = 0, 0
    last = RawBatch(pa.table({"row": pa.array([], pa.int64())}))
    for batch in reader:
        numbers, number = _numbers(batch.num_rows, number, broken)
        last = _decoded(batch, numbers, broken[taken:], source.marking.found)
        refuse_swallowed(path, last)
        taken = len(broken)
        yield last
    rest = RawBatch(last.rows.slice(0, 0), broken[taken:])
    refuse_swallowed(path, rest)
    if source.ends_open():
        refuse_open(path, rest if rest.broken else last)
    if rest.broken:
        yield rest


def _numbers(count: int, last: int, broken: list[Broken]) -> tuple[list[int], int]:
    """Return the numbers of the rows after row `last`, without those of broken ones."""
    # The reader looks ahead, so rows may be broken that belong to a later batch.
    skipped = {b.row for b in broken if b.row > last}
    numbers: list[int] = []
    while len(numbers) < count:
        last += 1
        if last not in skipped:
            numbers.append(last)
    return numbers, last


def _header(path: Path, first: bytes) -> tuple[list[str], bytes]:
    """Return the header's names and the bytes after it."""
    line, _, rest = re.split(rb"(\r\n|\n|\r|\Z)", first.lstrip(b"\r\n"), maxsplit=1)
    try:
        names = next(csv.reader([line.decode("utf-8-sig")], strict=True), [])
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name}: the header is not UTF-8 (save the file as UTF-8)") from error
    except csv.Error as error:
        message = f"{path.name}: the header has an open quote, or a line break inside a name"
        raise DataError(f"{message} (write it on one line)") from error
    if not any(name.strip() for name in names):
        raise DataError(f"{path.name}: the file is empty, without even a header")
    return column_names(path, names), rest


class Chain(io.RawIOBase):
    """The bytes already looked at, then the rest of the stream, always UTF-8; counts the quotes.

    Arrow hands no row to its handler that is not UTF-8, and one such row would cost the whole file.
    """

    def __init__(self, first: bytes, rest: pa.NativeFile) -> None:
        super().__init__()
        self._first, self._rest = first, rest
        self._quotes, self._tail = 0, b""
        self.marking, self._ready, self._ended = Marking(), b"", False

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, and fewer only at the end: Arrow takes a short read for a block."""
        while not self._ended and (size < 0 or len(self._ready) < size):
            raw, self._first = self._first or bytes(self._rest.read(max(size, BLOCK_BYTES))), b""
            self._ended = not raw
            self._ready += self.marking.marked(raw, final=self._ended)
        # A marked byte is longer than it was, and Arrow takes no more than it asked for.
        size = len(self._ready) if size < 0 else size
        out, self._ready = self._ready[:size], self._ready[size:]
        self._quotes += out.count(b'"')
        self._tail = (self._tail + out)[-_TAIL_BYTES:]
        return out

    def ends_open(self) -> bool:
        """Say whether the last line may stand in a quote that was opened and never closed."""
        return self._quotes % 2 == 1 and b'"' not in re.split(rb"[\r\n]+", self._tail.rstrip())[-1]


def _decoded(
    batch: pa.RecordBatch, numbers: list[int], broken: list[Broken], marked: bool
) -> RawBatch:
    """Return a batch as texts, without the rows that have a marked byte."""
    columns = [column.cast(pa.string()) for column in batch.columns]
    rows = pa.table([pa.array(numbers, pa.int64()), *columns], names=["row", *batch.schema.names])
    if not marked:
        return RawBatch(tidy(rows), broken)
    bad = pa.repeat(False, len(numbers))
    for column in columns:
        bad = pc.or_(bad, pc.fill_null(pc.match_substring_regex(column, MARKS), False))
    aside = [Broken(number, "not_utf8", "") for number in rows["row"].filter(bad).to_pylist()]
    return RawBatch(tidy(rows.filter(pc.invert(bad))), [*broken, *aside])
