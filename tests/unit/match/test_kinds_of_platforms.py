"""Platforms with one kind of key a request, with a memory that ends, or without a way out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from duckdb import DuckDBPyConnection as Connection

from audiences.lake import query
from audiences.match.diff import needs_rebuild_sql, ordered_sql
from audiences.platforms.base import Limits
from tests.unit.match.match_world import COLUMNS, Bench, Change, Wire, bench, connection

ONE_WIRE = replace(
    COLUMNS,
    limits=Limits(
        rows=3, keys_per_row=1, one_per_wire=False, one_wire=True, concurrency=1, per_second=1.0
    ),
)
FORGETFUL = replace(COLUMNS, forgets_days=30)


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    made = connection()
    yield made
    made.close()


def after(at: Bench, wires: list[Wire], mode: str = "mirror") -> list[Change]:
    """Want these, send the difference, and have it accepted."""
    at.want(wires)
    made = at.changes(mode)
    at.settle({(one.op, one.row): "accepted" for one in made})
    return made


def test_each_key_is_a_row_of_its_own_and_comes_with_its_kind(con: Connection) -> None:
    at = bench(con, ONE_WIRE)
    wires = [Wire(n, w, f"{w}{n}") for n in range(4) for w in ("EMAIL", "PHONE")]
    assert {len(one.keys) for one in after(at, wires)} == {1}
    at.want([])
    at.changes()
    found = query.table(con, ordered_sql("remove", ONE_WIRE)).to_pylist()
    parts = [one["part"] for one in found]
    assert parts == sorted(parts) == ["EMAIL"] * 4 + ["PHONE"] * 4
    assert all(one["wired"].startswith(one["part"]) for one in found)


def test_a_changed_value_takes_the_old_one_out_and_puts_its_owner_in_again(
    con: Connection,
) -> None:
    at = bench(con, ONE_WIRE)
    after(at, [Wire(1, "EMAIL", "a"), Wire(1, "PHONE", "p")])
    made = after(at, [Wire(1, "EMAIL", "b"), Wire(1, "PHONE", "p")])
    assert [(one.op, one.why) for one in made] == [
        ("remove", "changed"),
        ("add", "changed"),
        ("add", "changed"),
    ]
    assert {k for _, keys in at.held().values() for k in keys} == {"EMAIL=b", "PHONE=p"}


def test_who_will_be_forgotten_is_told_again_at_half_time(con: Connection) -> None:
    at = bench(con, FORGETFUL)
    wires = [Wire(1, "EMAIL", "a")]
    (first,) = after(at, wires)
    assert first.forgets_at == at.starts + timedelta(days=31)
    at.days = 15
    assert after(at, wires) == []
    at.days = 16
    (again,) = after(at, wires)
    assert (again.op, again.why) == ("add", "refreshed")
    at.days = 80
    assert [one.why for one in after(at, wires)] == ["added"]


def test_a_replacement_sends_everybody_and_says_who_goes(con: Connection) -> None:
    at = bench(con, COLUMNS)
    after(at, [Wire(1, "EMAIL", "a"), Wire(2, "EMAIL", "b")])
    made = after(at, [Wire(2, "EMAIL", "b"), Wire(3, "EMAIL", "c")], "replace")
    assert sorted((one.op, one.why) for one in made) == [
        ("add", "added"),
        ("add", "refreshed"),
        ("remove", "removed"),
    ]
    assert len(at.held()) == 2


@pytest.mark.parametrize(
    ("days", "wanted", "needed"),
    [(1, "ab", 0), (1, "abc", 0), (1, "a", 1), (16, "ab", 2)],
)
def test_a_platform_without_a_way_out_is_told_anew_when_it_must(
    con: Connection, days: int, wanted: str, needed: int
) -> None:
    at = bench(con, FORGETFUL)
    after(at, [Wire(1, "EMAIL", "a"), Wire(2, "EMAIL", "b")])
    at.days = days
    at.want([Wire(n, "EMAIL", value) for n, value in enumerate(wanted, 1)])
    at.changes()
    assert query.one(con, needs_rebuild_sql("mirror")) == (needed,)
