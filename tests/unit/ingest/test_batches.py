"""Batches are neither too small for the work behind nor too large for memory, and lose no row."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiences.ingest.parse import read
from audiences.ingest.raw import BATCH_ROWS


@pytest.mark.parametrize("rows", [1, BATCH_ROWS - 1, BATCH_ROWS * 3 // 2 + 1, BATCH_ROWS * 5 + 7])
def test_narrow_rows_come_in_even_batches_each_row_once(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "narrow.csv"
    lines = [f"{n},x" for n in range(rows)]
    lines[rows // 2] += ",too,many"
    path.write_text("\n".join(["external_id,n", *lines, ""]))
    batches = list(read(path))
    kept = [number for batch in batches for number in batch.rows["row"].to_pylist()]
    broken = [one.row for batch in batches for one in batch.broken]
    assert broken == [rows // 2 + 1]
    assert sorted(kept + broken) == list(range(1, rows + 1))
    assert kept == sorted(kept)
    sizes = [batch.rows.num_rows for batch in batches]
    assert max(sizes) <= BATCH_ROWS * 1.5
    assert max(sizes) - min(sizes) <= len(sizes)
