"""Appends to logs: files are written aside, then published, and count once their commit exists."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audiences.lake.lake import Lake
from audiences.lake.layout import COMMITS, LOGS, log_key

# Rows held in memory over all partitions before the fullest is written out: about 200 MB.
BUFFERED_ROWS = 1_000_000
ROW_GROUP = 128 * 1024


@dataclass(slots=True)
class _Part:
    path: Path
    writer: pq.ParquetWriter
    pending: list[pa.Table] = field(default_factory=list)
    pending_rows: int = 0
    rows: int = 0


@dataclass(slots=True)
class Commit:
    """A set of log files that appear together; made by `commit`."""

    id: str
    _folder: Path
    _parts: dict[tuple[str, str], _Part] = field(default_factory=dict)
    _buffered: int = 0

    def write(self, table: str, value: str, rows: pa.Table) -> None:
        """Add rows to the partition `value` of a log; columns are cast to the log's schema."""
        if not rows.num_rows:
            return
        schema = LOGS[table].schema
        part = self._parts.get((table, value)) or self._open(table, value)
        part.pending.append(rows.select(schema.names).cast(schema))
        part.pending_rows += rows.num_rows
        self._buffered += rows.num_rows
        while self._buffered > BUFFERED_ROWS:
            self._flush(max(self._parts.values(), key=lambda p: p.pending_rows))

    def finish(self) -> dict[tuple[str, str], tuple[Path, int]]:
        """Close every file and return (table, partition) -> (path, rows)."""
        for part in self._parts.values():
            self._flush(part)
            part.writer.close()
        return {at: (part.path, part.rows) for at, part in self._parts.items()}

    def _open(self, table: str, value: str) -> _Part:
        path = self._folder / f"{len(self._parts)}.parquet"
        writer = pq.ParquetWriter(path, LOGS[table].schema, compression="zstd")
        self._parts[table, value] = part = _Part(path, writer)
        return part

    def _flush(self, part: _Part) -> None:
        if part.pending:
            part.writer.write_table(pa.concat_tables(part.pending), row_group_size=ROW_GROUP)
        self._buffered -= part.pending_rows
        part.rows += part.pending_rows
        part.pending, part.pending_rows = [], 0


@contextmanager
def commit(lake: Lake, commit_id: str, about: Mapping[str, Any]) -> Iterator[Commit]:
    """Collect rows for logs and publish them all when the block ends without an error.

    The manifest `commits/<id>.json` is written last, if absent: until then no reader sees any of
    the files, and a block that is run again under the same id writes the same names. `about` is
    read when the block ends, so counts that grow inside it are kept.
    """
    folder = Path(tempfile.mkdtemp(prefix="commit-", dir=lake.scratch))
    try:
        open_commit = Commit(commit_id, folder)
        yield open_commit
        files = []
        for (table, value), (path, rows) in open_commit.finish().items():
            key = log_key(table, value, commit_id, 0)
            lake.store.upload(path, key)
            files.append({"key": key, "rows": rows})
        manifest = {**about, "id": commit_id, "files": files}
        lake.write_json(f"{COMMITS}{commit_id}.json", manifest, if_absent=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
