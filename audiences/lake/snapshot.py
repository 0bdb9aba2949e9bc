"""Snapshots: whole tables that replace the one before; each exists once its manifest does."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from audiences.lake.lake import PARQUET, Lake
from shared.errors import IntegrityError


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of a table: its number in the row of states, its files, what it was made from."""

    table: str
    number: int
    files: tuple[str, ...]
    rows: int
    about: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The snapshot's name, such as `people/00000003`."""
        return f"{self.table}/{self.number:08d}"


def latest(lake: Lake, table: str) -> Snapshot | None:
    """Return the newest snapshot of a table, or None when there is none yet."""
    found = snapshots(lake, table)
    return _load(lake, table, found[-1]) if found else None


def snapshots(lake: Lake, table: str) -> list[int]:
    """Return the numbers of a table's snapshots, oldest first."""
    prefix = f"{table}/_manifests/"
    return [int(f.key.removeprefix(prefix).removesuffix(".json")) for f in lake.store.list(prefix)]


def load(lake: Lake, table: str, number: int) -> Snapshot:
    """Return one snapshot by its number.

    Raises:
        IntegrityError: when it is not there.
    """
    return _load(lake, table, number)


def _load(lake: Lake, table: str, number: int) -> Snapshot:
    manifest = lake.read_json(f"{table}/_manifests/{number:08d}.json")
    if manifest is None:
        raise IntegrityError(f"snapshot {table}/{number:08d} is gone")
    return Snapshot(table, number, tuple(manifest["files"]), manifest["rows"], manifest["about"])


def dataset(lake: Lake, snapshot: Snapshot | None, schema: pa.Schema) -> ds.Dataset:
    """Open a snapshot's rows; no snapshot reads as no rows."""
    return lake.dataset(list(snapshot.files) if snapshot else [], schema)


def write(
    lake: Lake,
    table: str,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    *,
    run: str,
    after: int | None,
    about: Mapping[str, Any],
) -> Snapshot:
    """Write the snapshot that follows number `after` (None: there was none).

    Raises:
        IntegrityError: when somebody else has written that successor first.
    """
    number = 1 if after is None else after + 1
    key = f"{table}/run={run}/0.parquet"
    folder = Path(tempfile.mkdtemp(prefix="snapshot-", dir=lake.scratch))
    try:
        path = folder / "0.parquet"
        rows = 0
        with pq.ParquetWriter(path, schema, **PARQUET) as writer:
            for batch in batches:
                writer.write_table(pa.Table.from_batches([batch]).cast(schema))
                rows += batch.num_rows
        lake.store.upload(path, key)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    manifest = {"files": [key], "rows": rows, "run": run, "about": dict(about)}
    name = f"{table}/_manifests/{number:08d}.json"
    if not lake.write_json(name, manifest, if_absent=True):
        raise IntegrityError(
            f"{table} was changed by another run at the same time; nothing was lost: run again"
        )
    return Snapshot(table, number, (key,), rows, dict(about))
