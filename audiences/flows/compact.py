"""Compact: many small commits, as a collector makes all day long, become one; no row is lost."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from datetime import date

import pyarrow as pa

from audiences.flows.workspace import Workspace
from audiences.lake.append import Commit, compaction
from audiences.lake.lake import Lake
from audiences.lake.layout import LOGS, is_over, partition_of
from shared.clock import day, iso
from shared.log import log

SMALL = 8 * 1024 * 1024  # bytes of a commit that is worth joining with others
AT_LEAST = 16  # fewer are not worth the work
AT_MOST = 2_000
_ROWS = 64 * 1024


@dataclass(frozen=True, slots=True)
class Compacted:
    """How many commits became one, and how many rows they hold."""

    commits: int = 0
    rows: int = 0

    def as_json(self) -> dict[str, int]:
        """Return the counts with stable names."""
        return asdict(self)


def compact(workspace: Workspace, at_least: int = AT_LEAST) -> Compacted:
    """Let one commit take the place of the smallest ones, where there are enough of them.

    Raises:
        RetryableError: when somebody else is at it.
    """
    lake = workspace.lake
    with workspace.lock("compact"):
        chosen = _small(lake)
        if len(chosen) < at_least:
            return Compacted()
        commit_id = hashlib.sha256("|".join(chosen).encode()).hexdigest()[:32]
        about = {"kind": "compaction", "source": "", "at": iso(workspace.now())}
        with compaction(lake, commit_id, chosen, about) as out:
            today, taken = day(workspace.now()), frozenset(chosen)
            rows = sum(_copy(lake, out, table, taken, today) for table in LOGS)
    log("compact", batches=len(chosen), rows=rows)
    return Compacted(len(chosen), rows)


def _small(lake: Lake) -> list[str]:
    sizes = Counter(dict.fromkeys(lake.committed(), 0))
    for table in LOGS:
        for found in lake.store.list(f"{table}/"):
            parts = partition_of(found.key)
            if parts and parts[1] in sizes:
                sizes[parts[1]] += found.size
    ordered = sorted(sizes, key=lambda commit: (sizes[commit], commit))
    return sorted([commit for commit in ordered if sizes[commit] < SMALL][:AT_MOST])


def _copy(lake: Lake, out: Commit, table: str, commits: frozenset[str], today: date) -> int:
    """Write the rows of a table anew, partition by partition; what is over stays behind."""
    keys: dict[str, list[str]] = defaultdict(list)
    keep = LOGS[table].keep_days
    for found in lake.store.list(f"{table}/"):
        parts = partition_of(found.key)
        if not parts or parts[1] not in commits:
            continue
        if keep is None or not is_over(parts[0], today, keep):
            keys[parts[0]].append(found.key)
    rows = 0
    for value, files in sorted(keys.items()):
        for batch in lake.dataset(files, LOGS[table].schema).to_batches(batch_size=_ROWS):
            out.write(table, value, pa.Table.from_batches([batch]))
            rows += batch.num_rows
    return rows
