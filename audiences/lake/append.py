"""Appends to logs: files are written aside, then published, and count once their commit exists."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audiences.lake.lake import PARQUET, Lake
from audiences.lake.layout import ATTEMPTS, COMMITS, COMPACTIONS, LOGS, log_key, partition_of
from shared.errors import RetryableError

# Rows held in memory over all partitions before the fullest is written out: about 100 MB.
BUFFERED_ROWS = 500_000
ROW_GROUP = 128 * 1024
# Two logs by day for 90 days fit; the usual limit of a process is 1,024.
OPEN_FILES = 400


@dataclass(slots=True)
class _Part:
    key: str
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
    _open: dict[tuple[str, str], _Part] = field(default_factory=dict)
    _closed: list[_Part] = field(default_factory=list)
    _numbers: Counter[tuple[str, str]] = field(default_factory=Counter)
    _buffered: int = 0

    def write(self, table: str, value: str, rows: pa.Table) -> None:
        """Add rows to the partition `value` of a log; columns are cast to the log's schema."""
        if not rows.num_rows:
            return
        schema = LOGS[table].schema
        part = self._open.get((table, value)) or self._begin(table, value)
        part.pending.append(rows.select(schema.names).cast(schema))
        part.pending_rows += rows.num_rows
        self._buffered += rows.num_rows
        while self._buffered > BUFFERED_ROWS:
            self._flush(max(self._open.values(), key=lambda p: p.pending_rows))

    def finish(self) -> list[tuple[str, Path, int]]:
        """Close every file and return (key, path, rows) of each."""
        for at in list(self._open):
            self._close(at)
        return [(part.key, part.path, part.rows) for part in self._closed]

    def _begin(self, table: str, value: str) -> _Part:
        if len(self._open) == OPEN_FILES:
            self._close(next(iter(self._open)))
        at = table, value
        path = self._folder / f"{len(self._open) + len(self._closed)}.parquet"
        writer = pq.ParquetWriter(path, LOGS[table].schema, **PARQUET)
        key = log_key(table, value, self.id, self._numbers[at])
        self._numbers[at] += 1
        self._open[at] = part = _Part(key, path, writer)
        return part

    def _close(self, at: tuple[str, str]) -> None:
        part = self._open.pop(at)
        self._flush(part)
        part.writer.close()
        self._closed.append(part)

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
    the files. What an earlier try under the same id left behind is removed first, so the caller
    lets nobody else work under that id. `about` says at least `at`; it is read when the block
    ends, so counts that grow inside it are kept.
    """
    with _published(lake, commit_id, about, f"{COMMITS}{commit_id}.json") as made:
        yield made


@contextmanager
def compaction(
    lake: Lake, commit_id: str, replaces: Collection[str], about: Mapping[str, Any]
) -> Iterator[Commit]:
    """Collect the rows of commits, and let one new commit take their place when the block ends.

    The one write of `compactions/<number>.json`, if absent, shows the new files and hides the old
    ones. The old files stay, as plans that were made of them may be made again.

    Raises:
        RetryableError: when somebody else was faster; nothing has changed.
    """
    number = sum(1 for _ in lake.store.list(COMPACTIONS))
    named = {**about, "replaces": sorted(replaces)}
    with _published(lake, commit_id, named, f"{COMPACTIONS}{number:08d}.json") as made:
        yield made
    found = lake.read_json(f"{COMPACTIONS}{number:08d}.json") or {}
    if found.get("id") != commit_id:
        clear(lake, commit_id)
        raise RetryableError("somebody else has compacted the lake; it is tried again")


@contextmanager
def _published(lake: Lake, commit_id: str, about: Mapping[str, Any], key: str) -> Iterator[Commit]:
    folder = Path(tempfile.mkdtemp(prefix="commit-", dir=lake.scratch))
    try:
        open_commit = Commit(commit_id, folder)
        yield open_commit
        finished = open_commit.finish()
        attempt = f"{ATTEMPTS}{commit_id}.json"
        if not lake.write_json(attempt, {"at": about["at"]}, if_absent=True):
            clear(lake, commit_id)
        for data, path, _ in finished:
            lake.store.upload(path, data)
        files = [{"key": data, "rows": rows} for data, _, rows in finished]
        lake.write_json(key, {**about, "id": commit_id, "files": files}, if_absent=True)
        lake.store.delete([attempt])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear(lake: Lake, commit_id: str) -> int:
    """Remove the files of a try that did not come through and return how many there were.

    A commit that exists stays whole.
    """
    compacted = {made for made, _ in lake.compactions()}
    if commit_id in compacted or lake.store.get(f"{COMMITS}{commit_id}.json") is not None:
        return 0
    every = [file.key for table in LOGS for file in lake.store.list(f"{table}/")]
    left = [key for key in every if (partition_of(key) or ("", ""))[1] == commit_id]
    lake.store.delete(left)
    return len(left)
