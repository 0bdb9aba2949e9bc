"""News: says whether new records are about anybody whom an interrupted run still has to send."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences import schemas
from audiences.delivery.batches import ROWS, rows_key
from audiences.delivery.outbox import Plan
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.lake.lake import Lake
from audiences.lake.query import connect, one

# The tables that decide who is sent and how, and their columns that name whom a row is about.
_ABOUT = {
    "profiles": ("key",),
    "events": ("key",),
    "sightings": ("key",),
    "links": ("a", "b"),
    "match_keys": ("key",),
}


def concerns(workspace: Workspace, plan: Plan, unsent: Collection[str]) -> bool:
    """Say whether a new record is about somebody in the requests that were not sent yet.

    A stream of calls about others lets an interrupted run go on. Records that are gone since the
    plan was made may have been about anybody.
    """
    lake = workspace.lake
    news, gone = lake.since(plan.inputs["commits"])
    if gone:
        return True
    if not news:
        return False
    with connect(lake.scratch, workspace.memory) as con:
        _touched(con, lake, replace(lake, only=news))
        people = plan.inputs["people"]
        found = None if people is None else snapshot.load(lake, "people", people)
        con.register("then_people", snapshot.dataset(lake, found, schemas.PEOPLE))
        con.register("planned", lake.dataset([rows_key(plan.run)], ROWS))
        con.register("unsent", pa.table({"request": pa.array(sorted(unsent), pa.string())}))
        (count,) = one(
            con,
            "WITH who AS (SELECT key FROM touched UNION "
            "SELECT person FROM then_people JOIN touched USING (key)) "
            "SELECT count(*) FROM planned SEMI JOIN unsent USING (request) "
            "WHERE member IN (SELECT key FROM who) OR unit IN (SELECT key FROM who)",
        )
    return bool(count)


def _touched(con: Connection, lake: Lake, news: Lake) -> None:
    con.register("new_uid2_map", news.log("uid2_map"))
    con.register("known_keys", lake.log("match_keys"))
    # A newer id changes nothing: the one that was planned is good until the plan is old.
    out = "SELECT digest FROM new_uid2_map WHERE state = 'optout'"
    parts = [f"SELECT key FROM known_keys SEMI JOIN ({out}) AS out USING (digest)"]
    parts += ["SELECT key FROM new_uid2_map WHERE state = 'optout'"]  # of raw ids alone
    for table, columns in _ABOUT.items():
        con.register(f"new_{table}", news.log(table))
        parts += [f"SELECT {column} AS key FROM new_{table}" for column in columns]
    con.execute(f"CREATE TEMP TABLE touched AS {' UNION '.join(parts)}")
