"""Writes what a transform kept into the logs, cut into their partitions."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from audiences.ingest.batch import Result
from audiences.lake.append import Commit


def write_kept(out: Commit, source: str, result: Result) -> None:
    """Add the rows of a result to a commit; a table without a partition column is by source."""
    for kept in result.kept:
        if kept.partition is None:
            out.write(kept.table, source, kept.rows)
            continue
        for value, rows in _partitions(kept.rows, kept.partition):
            out.write(kept.table, value, rows)


def _partitions(rows: pa.Table, name: str) -> Iterator[tuple[str, pa.Table]]:
    """Cut a table into its partitions: sorted once, then sliced."""
    ordered = rows.sort_by(name)
    start = 0
    # The sorted column's counts come in the order of its values.
    for item in pc.value_counts(ordered[name]).to_pylist():
        yield item["values"], ordered.slice(start, item["counts"])
        start += item["counts"]
