"""Match rate counts the ledger's additions: rows sent, taken, refused and unknown, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa
import pytest

from audiences import schemas
from audiences.reports.match_rate import Taken, match_rate


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    made = duckdb.connect()
    yield made
    made.close()


def send(
    as_of, number: int, outcome: str, run: str, reason: str = "", **how: Any
) -> dict[str, Any]:
    usual = {
        "row": UUID(int=number).bytes, "member": UUID(int=number).bytes, "platform": "meta",
        "destination": "meta-main", "audience": "vips", "op": "add", "outcome": outcome,
        "reason": reason, "run": run, "at": as_of - timedelta(days=1),
    }  # fmt: skip
    return {name: (usual | how).get(name) for name in schemas.SENDS.names}


def ledger(con, rows: list[dict[str, Any]]) -> None:
    con.register("all_sends", pa.Table.from_pylist(rows, schema=schemas.SENDS))


def test_rows_are_counted_over_all_runs_and_in_the_last(con, as_of) -> None:
    early = as_of - timedelta(days=9)
    ledger(con, [
        send(as_of, 1, "accepted", "r1", at=early),
        send(as_of, 2, "rejected", "r1", "bad_key", at=early),
        send(as_of, 2, "accepted", "r2"),
        send(as_of, 3, "rejected", "r2", "bad_key"),
        send(as_of, 4, "unknown", "r2"),
        send(as_of, 5, "accepted", "r2", op="remove"),
        send(as_of, 6, "accepted", "r3", at=as_of + timedelta(days=1)),
    ])  # fmt: skip
    (pair,) = match_rate(con, [], as_of).pairs
    assert pair == Taken(
        audience="vips", destination="meta-main", platform="meta", runs=2, last_run="r2",
        last_at=as_of - timedelta(days=1), sent=5, accepted=2, rejected=2, unknown=1,
        last_sent=3, last_accepted=1, reasons=(("bad_key", 2), ("unknown", 1)),
    )  # fmt: skip
    assert pair.accepted_percent == 40.0
    assert pair.sent == pair.accepted + pair.rejected + pair.unknown


def test_only_the_audiences_asked_for_are_told(con, as_of) -> None:
    ledger(con, [
        send(as_of, 1, "accepted", "r1"),
        send(as_of, 2, "accepted", "r2", audience="new"),
        send(as_of, 3, "accepted", "r3", audience="new", destination="google-main"),
    ])  # fmt: skip
    pairs = match_rate(con, ["new"], as_of).pairs
    assert [(p.audience, p.destination) for p in pairs] == [
        ("new", "google-main"),
        ("new", "meta-main"),
    ]
    assert match_rate(con, [], as_of).as_json()["pairs"][0]["accepted_percent"] == 100.0


def test_nothing_sent_is_nothing_told(con, as_of) -> None:
    ledger(con, [])
    assert match_rate(con, [], as_of).as_json()["pairs"] == []


def test_every_key_stands_in_the_documentation(con, as_of) -> None:
    page = (Path(__file__).parents[3] / "docs" / "reports.md").read_text("utf-8")
    ledger(con, [send(as_of, 1, "accepted", "r1")])
    value = match_rate(con, [], as_of).as_json()
    keys = {*value, *value["pairs"][0]}
    assert [key for key in keys if f"`{key}`" not in page and f"`{key}[]`" not in page] == []
