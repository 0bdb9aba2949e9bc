"""What a row's attributes are, and become: sent again, or taken back and sent anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from duckdb import DuckDBPyConnection as Connection

from tests.unit.match.match_world import COLUMNS, Wire, after, bench, connection, told


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    made = connection()
    yield made
    made.close()


def test_attributes_are_sent_with_a_row_and_again_when_they_came_later(con: Connection) -> None:
    at, wires = bench(con, COLUMNS), [Wire(1, "EMAIL", "a"), Wire(2, "EMAIL", "b")]
    after(at, wires)
    at.along = {1: "FN=x"}
    changes = after(at, wires)
    assert told(changes) == [("add", "changed", frozenset({"EMAIL=a"}))]
    assert at.held_attributes(changes[0].row) == {changes[0].attributes}
    assert after(at, wires) == []


@pytest.mark.parametrize("now", [{1: "FN=y"}, {}], ids=["others", "none"])
def test_a_row_with_other_attributes_is_taken_back_and_sent_anew(
    con: Connection, now: dict[int, str]
) -> None:
    at, wires = bench(con, COLUMNS), [Wire(1, "EMAIL", "a"), Wire(1, "EMAIL", "b")]
    at.along = {1: "FN=x"}
    after(at, wires)
    at.along = now
    changes = after(at, wires)
    keys = (frozenset({"EMAIL=a"}), frozenset({"EMAIL=b"}))
    assert sorted(told(changes), key=lambda one: (one[0], sorted(one[2]))) == [
        *(("add", "changed", key) for key in keys),
        *(("remove", "changed", key) for key in keys),
    ]
    assert after(at, wires) == []


def test_what_takes_its_own_place_is_never_taken_back_for_its_attributes(con: Connection) -> None:
    at, wires = bench(con, replace(COLUMNS, upserts=True)), [Wire(1, "EMAIL", "a")]
    at.along = {1: "FN=x"}
    after(at, wires)
    at.along = {1: "FN=y"}
    assert [(c.op, c.why) for c in after(at, wires)] == [("add", "changed")]


def test_attributes_that_may_not_be_there_are_sent_again(con: Connection) -> None:
    at, wires = bench(con, COLUMNS), [Wire(1, "EMAIL", "a")]
    at.along = {1: "FN=x"}
    after(at, wires)
    at.along = {1: "FN=y"}
    after(at, wires, "unknown")
    for text in ("FN=y", "FN=x"):
        at.along = {1: text}
        at.want(wires)
        assert [(c.op, c.why) for c in at.changes()] == [("remove", "changed"), ("add", "changed")]
