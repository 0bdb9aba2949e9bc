"""Again: says whether a replacement that was just brought to its end leaves anything to send."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from duckdb import DuckDBPyConnection as Connection

from audiences import schemas
from audiences.delivery import ledger
from audiences.delivery.outbox import read_plan
from audiences.lake.lake import Lake
from audiences.lake.query import one
from audiences.match.diff import make_changes
from audiences.platforms.base import Platform
from shared.clock import day, parse_instant


def nothing_left(
    con: Connection,
    lake: Lake,
    to: Platform,
    inputs: Mapping[str, Any],
    at: datetime,
    starts: datetime,
) -> bool:
    """Leave `changes` empty and say so where the run that was resumed has replaced it all.

    What should be held is compared with what is held by that run. Rows that it sent and that were
    refused, or of which nothing is known, are no reason to replace everything in the same sync: an
    uninterrupted one would not have done so either.
    """
    resumed = read_plan(lake.store, inputs["resumed"]) if inputs.get("resumed") else None
    if resumed is None or resumed.mode != "replace":
        return False
    make_changes(con, to, "mirror", at, starts)
    file = ledger.file_key(resumed.run, day(parse_instant(resumed.as_of)).isoformat())
    con.register("resumed_sends", lake.dataset([file], schemas.SENDS))
    con.execute(
        "DELETE FROM changes WHERE op = 'add' AND row IN "
        "(SELECT row FROM resumed_sends WHERE op = 'add' AND outcome <> 'accepted')"
    )
    return one(con, "SELECT count(*) FROM changes") == (0,)
