"""Expire: sweep what no reader sees any more; the broom, not the clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from audiences.flows.held import forget_held
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.lake.append import clear
from audiences.lake.lake import Lake
from audiences.lake.layout import ATTEMPTS, COMPACTIONS, LOGS, is_over, partition_of
from shared.clock import day

_IN_WORK_DAYS = 1  # what is not named yet may still be in somebody's hands for so long


@dataclass(frozen=True, slots=True)
class Expired:
    """What was swept: partitions and rows of logs, and files of everything else.

    Overdue are partitions that a sweep of the day before should have taken.
    """

    partitions: int
    rows: int
    files: int
    overdue: int = 0

    def as_json(self) -> dict[str, int]:
        """Return the counts with stable names."""
        return asdict(self)


def expire(workspace: Workspace) -> Expired:
    """Delete whole partitions and files whose time is over at this instant."""
    lake, today = workspace.lake, day(workspace.now())
    partitions: set[tuple[str, str]] = set()
    rows = overdue = 0
    for name, log in LOGS.items():
        if log.keep_days is None:
            continue
        for value, keys in _partitions(lake, name).items():
            if is_over(value, today, log.keep_days):
                rows += sum(_rows(lake, key) for key in keys)
                lake.store.delete(keys)
                partitions.add((name, value))
                overdue += is_over(value, today, log.keep_days + 1)
    old = [*_landed(workspace, today), *_runs(workspace, today), *_snapshots(workspace)]
    old += _compacted(workspace, today)
    lake.store.delete(old)
    files = len(old) + forget_held(workspace) + _abandoned(lake, today)
    return Expired(len(partitions), rows, files, overdue)


def _partitions(lake: Lake, table: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for file in lake.store.list(f"{table}/"):
        parts = partition_of(file.key)
        if parts:
            found[parts[0]].append(file.key)
    return found


def _rows(lake: Lake, key: str) -> int:
    try:
        with lake.files.open_input_file(key) as file:
            return int(pq.read_metadata(file).num_rows)
    except (pa.ArrowInvalid, FileNotFoundError):
        return 0  # damaged, or swept by another: it goes all the same


def _landed(workspace: Workspace, today: date) -> Iterator[str]:
    keep = workspace.settings.retention.landing
    for file in workspace.lake.store.list("landing/"):
        if _age(file.key.partition("/day=")[2][:10], today) > keep:
            yield file.key


def _runs(workspace: Workspace, today: date) -> Iterator[str]:
    keep = workspace.settings.retention.runs
    for prefix in ("outbox/", "outcomes/", "runs/", "exports/"):
        for file in workspace.lake.store.list(prefix):
            if _age(file.key.removeprefix(prefix)[:8], today) > keep:
                yield file.key


def _compacted(workspace: Workspace, today: date) -> Iterator[str]:
    """Name the files of commits whose place another took, when no kept plan was made of them."""
    lake, gone = workspace.lake, set[str]()
    for file in lake.store.list(COMPACTIONS):
        value = lake.read_json(file.key) or {}
        if _age(str(value.get("at", ""))[:10], today) > workspace.settings.retention.runs:
            gone |= set(value["replaces"])
    for name in LOGS if gone else ():
        for file in lake.store.list(f"{name}/"):
            if (partition_of(file.key) or ("", ""))[1] in gone:
                yield file.key


def _age(day_text: str, today: date) -> int:
    """Return the days since a day; what is no day, and so not ours, has no age."""
    try:
        return (today - date.fromisoformat(day_text)).days
    except ValueError:
        return -1


def _snapshots(workspace: Workspace) -> Iterator[str]:
    """Name the files of snapshots that are neither among the last two nor young."""
    lake, today = workspace.lake, day(workspace.now())
    retention = workspace.settings.retention
    for top, keep in (
        ("people", retention.runs),
        ("members", retention.members),
        ("held", 0),
        ("live", 0),
    ):
        every = [file.key for file in lake.store.list(f"{top}/")]
        tables = {key.split("/_manifests/")[0] for key in every if "/_manifests/" in key}
        known: set[str] = set()
        for table in sorted(tables):
            numbers = snapshot.snapshots(lake, table)
            for number in numbers:
                found = snapshot.load(lake, table, number)
                known |= {*found.files}
                if number not in numbers[-2:] and _age(str(found.about["at"])[:10], today) > keep:
                    yield f"{table}/_manifests/{number:08d}.json"
                    yield from found.files
        yield from _orphans(every, known, today)


def _orphans(keys: list[str], known: set[str], today: date) -> Iterator[str]:
    """Name files that no manifest came to name: their writer lost a race, or died."""
    for key in keys:
        run = key.partition("/run=")[2]
        if run and key not in known and _age(run[:8], today) > _IN_WORK_DAYS:
            yield key


def _abandoned(lake: Lake, today: date) -> int:
    """Remove what commits that died on their way had stored; return how many files that were."""
    files = 0
    for attempt in list(lake.store.list(ATTEMPTS)):
        begun = (lake.read_json(attempt.key) or {}).get("at", "")
        if _age(str(begun)[:10], today) > _IN_WORK_DAYS:
            files += clear(lake, attempt.key.removeprefix(ATTEMPTS).removesuffix(".json"))
            lake.store.delete([attempt.key])
    return files
