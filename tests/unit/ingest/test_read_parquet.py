"""Parquet: every type that has one text form is read, any other is named."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audiences.ingest.parse import read
from shared.errors import DataError

AT = datetime(2026, 11, 21, 6, 30, 15, 123456, tzinfo=UTC)
DEVICE = UUID("6d92078a-8246-4ba4-ae5b-76104861e7dc")


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pa.array([84912345678], pa.int64()), "84912345678"),
        (pa.array([12.5], pa.float64()), "12.5"),
        (pa.array([1.0], pa.float32()), "1"),
        (pa.array([Decimal("12.50")], pa.decimal128(9, 2)), "12.50"),
        (pa.array([True]), "true"),
        (pa.array([date(2026, 11, 21)]), "2026-11-21"),
        (pa.array([AT], pa.timestamp("ns", "UTC")), "2026-11-21T06:30:15.123456Z"),
        (pa.array([AT], pa.timestamp("us", "Asia/Tokyo")), "2026-11-21T06:30:15.123456Z"),
        (pa.array([1], pa.timestamp("ns")), "1970-01-01T00:00:00.000000Z"),
        (pa.array([AT.replace(tzinfo=None)], pa.timestamp("s")), "2026-11-21T06:30:15.000000Z"),
        (pa.array(["a"]).dictionary_encode(), "a"),
        (pa.array(["a"], pa.large_string()), "a"),
        (pa.array(["a"], pa.string_view()), "a"),
        (pa.array([b"a"], pa.binary()), "a"),
        (pa.array([["a", "b"]]), "a|b"),
        (pa.array([["a", "b"]], pa.large_list(pa.large_string())), "a|b"),
        (pa.array([[1, 2]]), "1|2"),
        (pa.array([["a", None]]), "a"),
        (pa.array([DEVICE.bytes], pa.uuid()), str(DEVICE)),
        (pa.array([None], pa.null()), None),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_types_become_the_text_that_is_understood(
    tmp_path: Path, column: pa.Array, text: str | None
) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"email": ["a"], "c": column}), path)
    [batch] = read(path)
    assert batch.rows["c"].to_pylist() == [text]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array([{"x": 1}]), "struct"),
        (pa.array([[("k", "v")]], pa.map_(pa.string(), pa.string())), "map"),
        (pa.array([[{"x": 1}]]), "struct"),
        (pa.array([time(6)]), "time"),
        (pa.array([b"\xff"], pa.binary()), "binary"),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_a_type_without_a_text_form_is_named(tmp_path: Path, column: pa.Array, kind: str) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"email": ["a"], "c": column}), path)
    with pytest.raises(DataError, match=rf"x\.parquet: column 'c' has the type {kind}.*\(write it"):
        list(read(path))


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"email": ["a", "b"]}), path)
    whole = path.read_bytes()
    for cut in range(1, len(whole)):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match="not a complete Parquet file"):
            list(read(path))
