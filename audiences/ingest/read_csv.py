"""CSV, in blocks: a row with a wrong number of fields or bytes that are not UTF-8 comes aside."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from audiences.ingest.raw import Broken, RawBatch, column_names, tidy
from shared.errors import DataError

BLOCK_BYTES = 8 << 20


def read_csv(path: Path, stream: pa.NativeFile) -> Iterator[RawBatch]:
    """Yield the rows of a CSV file with a header, block by block."""
    first = stream.read(BLOCK_BYTES)
    header = _csv_header(path, first)
    broken: list[Broken] = []

    def aside(row: pa.csv.InvalidRow) -> str:
        reason = (
            "too_few_fields" if row.actual_columns < row.expected_columns else "too_many_fields"
        )
        broken.append(Broken(row.number - 1, reason, row.text))
        return "skip"

    reader = pa.csv.open_csv(
        pa.PythonFile(Chain(first, stream), mode="r"),
        read_options=pa.csv.ReadOptions(
            use_threads=False, block_size=BLOCK_BYTES, column_names=header, skip_rows=1
        ),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=aside),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.binary()), check_utf8=False
        ),
    )
    taken, number = 0, 0
    for batch in reader:
        numbers, number = _numbers(batch.num_rows, number, {b.row for b in broken[taken:]})
        yield _decoded(batch, numbers, broken[taken:])
        taken = len(broken)
    if taken < len(broken):
        yield RawBatch(pa.table({"row": pa.array([], pa.int64())}), broken[taken:])


def _numbers(count: int, last: int, skipped: set[int]) -> tuple[list[int], int]:
    if not skipped:
        return list(range(last + 1, last + count + 1)), last + count
    numbers: list[int] = []
    while len(numbers) < count:
        last += 1
        if last not in skipped:
            numbers.append(last)
    return numbers, max([last, *skipped])


def _csv_header(path: Path, first: bytes) -> list[str]:
    end = first.find(b"\n")
    line = first if end < 0 else first[:end]
    try:
        text = line.rstrip(b"\r").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name}: the header is not UTF-8 (save the file as UTF-8)") from error
    if not text.strip():
        raise DataError(f"{path.name}: the file is empty, without even a header")
    return column_names(path, next(csv.reader([text])))


class Chain(io.RawIOBase):
    """The bytes already looked at, then the rest of the stream."""

    def __init__(self, first: bytes, rest: pa.NativeFile) -> None:
        super().__init__()
        self._first, self._rest = memoryview(first), rest

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes."""
        if self._first:
            size = len(self._first) if size < 0 else size
            out, self._first = self._first[:size], self._first[size:]
            return bytes(out)
        return bytes(self._rest.read(size))


def _decoded(batch: pa.RecordBatch, numbers: list[int], broken: list[Broken]) -> RawBatch:
    columns: list[pa.Array] = []
    bad: dict[int, str] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            columns.append(column.cast(pa.string()))
        except pa.ArrowInvalid:
            columns.append(pa.array(_texts(column, name, bad), pa.string()))
    rows = pa.table([pa.array(numbers, pa.int64()), *columns], names=["row", *batch.schema.names])
    if not bad:
        return RawBatch(tidy(rows), broken)
    keep = pa.array([i not in bad for i in range(len(numbers))])
    aside = [Broken(numbers[i], "not_utf8", "") for i in sorted(bad)]
    return RawBatch(tidy(rows.filter(keep)), [*broken, *aside])


def _texts(column: pa.Array, name: str, bad: dict[int, str]) -> Iterator[str | None]:
    for index, value in enumerate(column.to_pylist()):
        try:
            yield None if value is None else value.decode()
        except UnicodeDecodeError:
            bad[index] = name
            yield None
