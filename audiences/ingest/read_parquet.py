"""Parquet: typed columns are written as text in the one way that the rest understands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audiences.ingest.raw import BATCH_ROWS, RawBatch, column_names, tidy
from shared.errors import DataError

_TEXT_LIKE = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_boolean,
    pa.types.is_date,
)


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
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column.cast(pa.string())
    if pa.types.is_timestamp(kind):
        zoned = column if kind.tz else column.cast(pa.timestamp(kind.unit, "UTC"))
        return pc.strftime(zoned.cast(pa.timestamp("us", "UTC")), "%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_null(kind) or any(test(kind) for test in _TEXT_LIKE):
        return column.cast(pa.string())
    if pa.types.is_list(kind) and pa.types.is_string(kind.value_type):
        return pc.binary_join(column, "|")
    raise DataError(
        f"{path.name}: column '{name}' has the type {kind}, which has no text form here "
        "(write it as text, a number, a date or a list of texts)"
    )
