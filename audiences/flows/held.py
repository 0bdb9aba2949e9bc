"""Held: rids the states of what platforms hold of ids whose life is over."""

from __future__ import annotations

from audiences import schemas
from audiences.delivery.settle import alive_sql
from audiences.flows.places import open_key, turn_name
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.lake.query import batches, connect, one, timestamp
from audiences.lake.snapshot import Snapshot
from shared.clock import iso
from shared.errors import RetryableError
from shared.ids import new_id


def forget_held(workspace: Workspace) -> int:
    """Write the states anew that name a dead id, and drop all older ones; return how many went.

    A pair with a run under way is left to that run, which drops them as well.
    """
    keys = [found.key for found in workspace.lake.store.list("held/")]
    tables = sorted({key.split("/_manifests/")[0] for key in keys if "/_manifests/" in key})
    gone = 0
    for table in tables:
        _, destination, audience = table.split("/")
        try:
            with workspace.lock(turn_name(destination, audience)):
                if workspace.kv.get(open_key(destination, audience)) is None:
                    gone += _forget(workspace, table)
        except RetryableError:
            continue
    return gone


def _forget(workspace: Workspace, table: str) -> int:
    lake = workspace.lake
    states = [snapshot.load(lake, table, number) for number in snapshot.snapshots(lake, table)]
    dead = [state for state in states if _names_dead(workspace, state)]
    if states[-1] in dead:
        _write_anew(workspace, states[-1])
    for state in dead:
        lake.store.delete([f"{table}/_manifests/{state.number:08d}.json", *state.files])
    return len(dead)


def _names_dead(workspace: Workspace, state: Snapshot) -> bool:
    now = timestamp(workspace.now())
    with connect(workspace.lake.scratch, workspace.memory) as con:
        con.register("held_before", snapshot.dataset(workspace.lake, state, schemas.HELD))
        (count,) = one(
            con,
            f"SELECT count(*) FROM held_before WHERE forgets_at <= {now} "
            f"OR len(list_filter(keys, lambda k: k.expires_at <= {now})) > 0",
        )
    return bool(count)


def _write_anew(workspace: Workspace, state: Snapshot) -> None:
    lake, at = workspace.lake, workspace.now()
    with connect(lake.scratch, workspace.memory) as con:
        con.register("held_before", snapshot.dataset(lake, state, schemas.HELD))
        snapshot.write(
            lake,
            state.table,
            schemas.HELD,
            batches(con, alive_sql(at)),
            run=new_id(at),
            after=state.number,
            about=dict(state.about) | {"at": iso(at)},
        )
