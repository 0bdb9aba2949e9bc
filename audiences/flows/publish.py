"""Publish: put live membership of an audience into small state, by identifier, with an end.

A page asks with the visitor's id and is answered in one read. An entry never outlives its
identifier, nor the hours that a build is good for.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Any

import pyarrow as pa

from audiences.flows import load
from audiences.flows.visitor import Entry, entry_key, read_entry
from audiences.flows.workspace import Workspace
from audiences.lake import now, snapshot
from audiences.lake.query import batches, connect, timestamp
from audiences.schemas import AT, KEY
from shared.clock import iso
from shared.errors import ConfigurationError
from shared.ids import new_id
from shared.ports import KeyValue

LIVE_HOURS = 48
TYPES = ("external_id", "cookie", "idfa", "gaid", "maid", "ctv")  # what a page or ad server knows
_LIVE = pa.schema([("key", KEY), ("expires_at", AT)])
_AT_ONCE = 8
_CHUNK = 1_000
_TRIES = 5
_ENDED = "SELECT key, NULL::TIMESTAMPTZ AS until FROM before ANTI JOIN live USING (key)"


@dataclass(frozen=True, slots=True)
class Published:
    """How many identifiers became or stayed live, and how many are no longer."""

    audience: str
    live: int
    removed: int

    def as_json(self) -> dict[str, Any]:
        """Return the counts with stable names."""
        return {name: getattr(self, name) for name in self.__slots__}


def publish(workspace: Workspace, name: str, hours: int = LIVE_HOURS) -> Published:
    """Write the live members of an audience's newest build, and take back those of before.

    Raises:
        ConfigurationError: when there is no such audience, or it was never built.
    """
    load.audience(workspace, name)
    lake, at = workspace.lake, workspace.now()
    members = snapshot.latest(lake, f"members/{name}")
    if members is None:
        message = f"audience '{name}' was not built yet (run bridge audience build {name})"
        raise ConfigurationError(message)
    table, limit = f"live/{name}", at + timedelta(hours=hours)
    with workspace.lock("publish"), connect(lake.scratch, workspace.memory) as con:
        before = snapshot.latest(lake, table)
        con.register("before", snapshot.dataset(lake, before, _LIVE))
        now.people(con, lake, snapshot.latest(lake, "people"), at)
        now.members_of(con, lake, members, at)
        con.execute(f"CREATE TEMP TABLE live AS {_live_sql(members.about['of'], limit)}")
        # First away, then noted, then put: wherever this dies, nothing stays that is not noted.
        removed = _each(workspace, name, batches(con, _ENDED))
        snapshot.write(
            lake,
            table,
            _LIVE,
            batches(con, "SELECT key, expires_at FROM live"),
            run=new_id(at),
            after=before.number if before else None,
            about={"at": iso(at), "members": members.number},
        )
        live = _each(workspace, name, batches(con, "SELECT key, expires_at AS until FROM live"))
    return Published(name, live, removed)


def _live_sql(of: str, limit: Any) -> str:
    """Write the identifiers by which members can be asked for, each with its end."""
    types = ", ".join(f"'{kind}'" for kind in TYPES)
    member = "p.person" if of == "people" else "p.key"
    return (
        f"SELECT p.key, max(least(m.expires_at, p.expires_at, {timestamp(limit)})) AS expires_at "
        f"FROM members_now AS m JOIN people_now AS p ON {member} = m.member "
        f"WHERE NOT m.held_out AND (p.type IN ({types}) OR p.type LIKE 'partner:%') GROUP BY p.key"
    )


def _each(workspace: Workspace, name: str, rows: Iterable[pa.RecordBatch]) -> int:
    count = 0
    at = workspace.now().timestamp()
    every = (
        (key.bytes, None if until is None else int(until.timestamp()))
        for batch in rows
        for key, until in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    )
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while part := list(islice(every, _CHUNK)):
            list(pool.map(lambda row: _set(workspace.kv, name, row[0], row[1], at), part))
            count += len(part)
            workspace.progress(f"publish {name}", count)
    return count


def _set(kv: KeyValue, name: str, key: bytes, until: int | None, at: float) -> None:
    """Change one audience in an identifier's entry, and give way to an opt-out."""
    where = entry_key(key)
    for _ in range(_TRIES):
        text = kv.get(where)
        before = read_entry(text)
        if before.opted_out:
            return
        live = {n: end for n, end in before.audiences.items() if end > at and n != name}
        after = replace(before, audiences=live if until is None else {**live, name: until})
        if after.text() == text or (text is None and not after.audiences):
            return
        if text is not None and not kv.delete(where, if_value=text):
            continue
        if not after.audiences or _put(kv, where, after, at):
            return


def _put(kv: KeyValue, where: str, entry: Entry, at: float) -> bool:
    ttl = max(1, int(max(entry.audiences.values()) - at))
    return kv.put(where, entry.text(), ttl_seconds=ttl, if_absent=True)
