"""Parquet: typed columns are written as text in the one way that the rest understands."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audiences.ingest.raw import BATCH_ROWS, RawBatch, column_names, shown, tidy
from shared.errors import DataError

_TEXT_LIKE = (
    pa.types.is_null,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_boolean,
    pa.types.is_date,
)
_MOMENT = pa.timestamp("us", "UTC")


def read_parquet(path: Path) -> Iterator[RawBatch]:
    """Yield the rows of a Parquet file.

    Raises:
        DataError: for a column whose type has no text form.
    """
    with pq.ParquetFile(path) as file:
        names = column_names(path, file.schema_arrow.names)
        number = 0
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            columns = [
                _as_text(path, name, column)
                for name, column in zip(names, batch.columns, strict=True)
            ]
            rows = pa.array(range(number + 1, number + batch.num_rows + 1), pa.int64())
            number += batch.num_rows
            yield RawBatch(tidy(pa.table([rows, *columns], names=["row", *names])))


def _as_text(path: Path, name: str, column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_timestamp(kind):
        zoned = column if kind.tz else column.cast(pa.timestamp(kind.unit, "UTC"))
        return pc.strftime(zoned.cast(_MOMENT, safe=False), "%Y-%m-%dT%H:%M:%SZ")
    if isinstance(kind, pa.UuidType):
        return pa.array([None if u is None else str(u) for u in column.to_pylist()], pa.string())
    if any(test(kind) for test in _TEXT_LIKE):
        try:
            return column.cast(pa.string())
        except pa.ArrowInvalid as error:
            raise _no_text(path, name, f"{kind} that is not UTF-8") from error
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _joined(_as_text(path, name, column.flatten()), pc.list_value_length(column))
    raise _no_text(path, name, str(kind).partition("<")[0])  # a struct's fields may be people


def _joined(parts: pa.Array, lengths: pa.Array) -> pa.Array:
    texts = iter(parts.to_pylist())
    rows = [None if n is None else list(itertools.islice(texts, n)) for n in lengths.to_pylist()]
    cells = (row if row is None else "|".join(filter(None, row)) for row in rows)
    return pa.array(cells, pa.string())


def _no_text(path: Path, name: str, kind: str) -> DataError:
    return DataError(
        f"{path.name}: column '{shown(name)}' has the type {kind}, which has no text form here "
        "(write it as text, a number, a date or a list of these)"
    )
