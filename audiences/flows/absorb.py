"""Absorb: a batch of queued calls into the lake, each once, whatever is delivered how often."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from audiences.flows.collect import REFUSED
from audiences.flows.kept import write_kept
from audiences.flows.once import Once
from audiences.flows.queued import Delivered, Queued, read_messages
from audiences.flows.tabulate import Made, tabulate
from audiences.flows.traits import Traits
from audiences.flows.workspace import Workspace
from audiences.ingest import rejects
from audiences.ingest.batch import Ingest
from audiences.ingest.raw import Broken
from audiences.ingest.rejects import Tally
from audiences.lake.append import Commit, commit
from audiences.lake.layout import COMMITS
from shared.clock import day, iso
from shared.log import log


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What became of a batch; the failed are to be delivered again, the rest is done."""

    commit: str = ""
    kept: int = 0
    rejected: int = 0
    duplicates: int = 0
    failed: tuple[str, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)


def absorb(
    workspace: Workspace, messages: Sequence[Delivered], lease_seconds: float = 0.0
) -> Absorbed:
    """Write the calls of a batch to the lake in one commit.

    A message that cannot be read, or that breaks a transform, fails alone. `lease_seconds` is
    how long another worker may be at a call: more than a worker can live, 0 where there is one.
    """
    queued, unread = read_messages(messages)
    marks = sorted({each.mark for each in queued})
    commit_id = hashlib.sha256("|".join(marks).encode()).hexdigest()[:32]
    now, exists = workspace.now().timestamp(), _exists(workspace)
    once = Once(workspace.kv, commit_id, now, lease_seconds, exists)
    claimed = once.claim(marks)
    fresh = {each.mark: each for each in reversed(queued) if each.mark in claimed.fresh}
    ordered = sorted(fresh.values(), key=lambda each: (each.received, each.mark))
    traits = Traits(workspace.kv, workspace.secret, commit_id, exists)
    made, poison = tabulate(workspace, _settings(workspace, commit_id), ordered, traits)
    bad = {each.mark for each in poison}
    once.give_up(sorted(bad))
    good = [each for each in ordered if each.mark not in bad]
    tally = Tally(rows_in=len(good))
    if good:
        traits.keep()
        _write(workspace, commit_id, made, good, tally)
    again = [each.id for each in queued if each.mark in claimed.busy | bad]
    log("absorb", kept=tally.kept, rejected=tally.rejected, refused=len(unread) + len(again))
    return Absorbed(
        commit=commit_id if good else "",
        kept=tally.kept,
        rejected=tally.rejected,
        duplicates=len(queued) - len(again) - len(good),
        failed=(*unread, *again),
        reasons=dict(sorted(tally.reasons.items())),
    )


def _exists(workspace: Workspace) -> Callable[[str], bool]:
    store = workspace.lake.store
    return lambda commit_id: bool(commit_id) and store.get(f"{COMMITS}{commit_id}.json") is not None


def _settings(workspace: Workspace, commit_id: str) -> Ingest:
    now = workspace.now()
    return Ingest(
        source="",  # each group of calls has its own
        secret=workspace.secret,
        as_of=now,
        order=f"{now:%Y%m%dT%H%M%S%f}-{commit_id[:12]}",
        default_country=workspace.settings.default_country,
        lifetimes=workspace.settings.lifetimes,
    )


def _write(
    workspace: Workspace,
    commit_id: str,
    made: Sequence[Made],
    calls: Sequence[Queued],
    tally: Tally,
) -> None:
    at = workspace.now()
    about: dict[str, Any] = {"kind": "calls", "source": "", "at": iso(at), "dropped_by_consent": 0}
    with commit(workspace.lake, commit_id, about) as out:
        for each in made:
            write_kept(out, each.source, each.result)
            tally.kept += each.result.rows_kept
            aside = each.result.rejects.select(_ASIDE.names).cast(_ASIDE)
            _reject(out, tally, day(at).isoformat(), (each.table, each.source), aside)
        for number, each_call in enumerate(calls, 1):
            if each_call.kind == REFUSED:
                where = str(each_call.call.get("of")), each_call.source
                _reject(out, tally, day(at).isoformat(), where, _refused(number, each_call))
        about |= {
            "rows_in": tally.rows_in,
            "kept": tally.kept,
            "rejected": tally.rejected,
            "reasons": dict(sorted(tally.reasons.items())),
            "field_reasons": dict(sorted(tally.field_reasons.items())),
        }


_ASIDE = pa.schema(
    [
        ("row", pa.int64()),
        ("scope", pa.string()),
        ("field", pa.string()),
        ("reason", pa.string()),
        ("raw", pa.string()),
    ]
)


def _refused(number: int, call: Queued) -> pa.Table:
    """Make the reject of a call that the collector refused: it sent us no value of it."""
    missing = str(call.call.get("reason", "")).startswith("is missing")
    table = rejects.broken_rows([Broken(number, "missing" if missing else "not_usable", "")])
    return table.set_column(2, "field", pa.array([str(call.call.get("field", ""))], pa.string()))


def _reject(out: Commit, tally: Tally, day_: str, of: tuple[str, str], aside: pa.Table) -> None:
    table, source = of
    if aside.num_rows:
        rows = rejects.table_of(aside, ingest=out.id, table=table, source=source)
        out.write("rejects", day_, rows)
        rejects.count(tally, aside)
