"""Expire: sweep what no reader sees any more; the broom, not the clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow.parquet as pq

from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.lake.lake import Lake
from audiences.lake.layout import LOGS, is_over, partition_of
from shared.clock import day


@dataclass(frozen=True, slots=True)
class Expired:
    """What was swept: partitions and rows of logs, and files of everything else."""

    partitions: int
    rows: int
    files: int

    def as_json(self) -> dict[str, int]:
        """Return the counts with stable names."""
        return {"partitions": self.partitions, "rows": self.rows, "files": self.files}


def expire(workspace: Workspace) -> Expired:
    """Delete whole partitions and files whose time is over at this instant."""
    lake, today = workspace.lake, day(workspace.now())
    partitions: set[tuple[str, str]] = set()
    rows = 0
    for name, log in LOGS.items():
        if log.keep_days is None:
            continue
        for value, keys in _partitions(lake, name).items():
            if is_over(value, today, log.keep_days):
                rows += sum(_rows(lake, key) for key in keys)
                lake.store.delete(keys)
                partitions.add((name, value))
    old = [*_landed(workspace, today), *_runs(workspace, today), *_snapshots(workspace)]
    lake.store.delete(old)
    return Expired(len(partitions), rows, len(old))


def _partitions(lake: Lake, table: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for file in lake.store.list(f"{table}/"):
        parts = partition_of(file.key)
        if parts:
            found[parts[0]].append(file.key)
    return found


def _rows(lake: Lake, key: str) -> int:
    with lake.files.open_input_file(key) as file:
        return int(pq.read_metadata(file).num_rows)


def _landed(workspace: Workspace, today: date) -> Iterator[str]:
    keep = workspace.settings.retention.landing
    for file in workspace.lake.store.list("landing/"):
        landed = file.key.split("/day=", 1)[-1][:10]
        if (today - date.fromisoformat(landed)).days > keep:
            yield file.key


def _runs(workspace: Workspace, today: date) -> Iterator[str]:
    keep = workspace.settings.retention.runs
    for prefix in ("outbox/", "outcomes/", "runs/"):
        for file in workspace.lake.store.list(prefix):
            stamp = file.key.removeprefix(prefix)[:8]
            made = datetime.strptime(stamp, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
            if (today - made).days > keep:
                yield file.key


def _snapshots(workspace: Workspace) -> Iterator[str]:
    """Name the files of snapshots that are neither among the last two nor young."""
    lake, today = workspace.lake, day(workspace.now())
    keep = {"people": workspace.settings.retention.runs, "members": 0, "held": 0}
    keep["members"] = workspace.settings.retention.members
    tables = {
        file.key.split("/_manifests/")[0]
        for top in keep
        for file in lake.store.list(f"{top}/")
        if "/_manifests/" in file.key
    }
    for table in sorted(tables):
        for number in snapshot.snapshots(lake, table)[:-2]:
            found = snapshot.load(lake, table, number)
            made = date.fromisoformat(str(found.about["at"])[:10])
            if (today - made).days > keep[table.split("/")[0]]:
                yield f"{table}/_manifests/{number:08d}.json"
                yield from found.files
