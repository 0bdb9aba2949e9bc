"""Diff and settle, over time and through every outcome, against a platform that is plain Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from duckdb import DuckDBPyConnection as Connection
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.platforms.base import Platform
from tests.unit.match.match_world import (
    COLUMNS,
    LIFETIMES,
    LISTS,
    START,
    Bench,
    Change,
    NaivePlatform,
    Wire,
    after,
    bench,
    connection,
    told,
    unit,
)

ACCEPTED, REJECTED, LOST, UNSENT = "accepted", "rejected", "lost", "unsent"


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    made = connection()
    yield made
    made.close()


@dataclass(frozen=True, slots=True)
class Step:
    """What is wanted at some instant, and what becomes of each row that is sent then."""

    hours: int
    wires: tuple[Wire, ...]
    fates: tuple[str, ...]
    merge: bool
    mode: str
    along: tuple[str, ...]  # what the records of units 0 to 3 say beside; empty: nothing


def wires_of(platform: Platform) -> st.SearchStrategy[Wire]:
    if platform.row_ttl:
        return st.builds(
            lambda n, days: Wire(n, "TDID", f"cookie{n}", days),
            st.integers(0, 4),
            st.sampled_from([0.5, 1.0, 3.0, 80.0, 89.5]),
        )
    people = st.integers(0, 3)
    durable = st.builds(
        Wire, people, st.sampled_from(["EXTERN_ID", "EMAIL", "PHONE"]), st.sampled_from("abcd")
    )
    device = st.builds(
        Wire, people, st.just("MADID"), st.sampled_from("xy"), st.sampled_from([0.5, 1.5, 60.0])
    )
    return durable | device


def steps(platform: Platform) -> st.SearchStrategy[list[Step]]:
    fate = st.sampled_from([ACCEPTED, ACCEPTED, ACCEPTED, REJECTED, LOST, UNSENT])
    one = st.builds(
        Step,
        hours=st.sampled_from([0, 3, 20, 40, 30 * 24]),
        wires=st.lists(wires_of(platform), max_size=9).map(tuple),
        fates=st.lists(fate, min_size=1, max_size=5).map(tuple),
        merge=st.booleans(),
        mode=st.sampled_from(["mirror", "mirror", "add"]),
        along=st.tuples(*[st.sampled_from(["", *("xy" if not platform.row_ttl else "")])] * 4),
    )
    return st.lists(one, min_size=1, max_size=4)


def carry_out(
    at: Bench, there: NaivePlatform, changes: Sequence[Change], fates: Sequence[str]
) -> None:
    """Let the platform do as each row's fate says, and tell `settle` what an answer would say."""
    outcomes = {}
    for number, change in enumerate(changes):
        fate = fates[number % len(fates)]
        if fate in (ACCEPTED, LOST):
            if change.op == "remove":
                there.remove(change.keys)
            else:
                life = change.forgets_at and change.forgets_at - at.starts
                there.add(change.row, change.keys, life and at.now + life, change.attributes)
        told = "unknown" if fate in (LOST, UNSENT) else fate
        outcomes[change.op, change.row] = told
    at.settle(outcomes)


def check_planned(at: Bench, changes: Sequence[Change], sent: dict[str, frozenset[str]]) -> None:
    """What is removed was sent; nothing is sent twice; no value is sent after its life."""
    assert len({(c.op, c.row) for c in changes}) == len(changes)
    added = {c.row for c in changes if c.op == "add"}
    for change in changes:
        assert change.keys
        if change.op == "remove":
            assert change.keys <= sent[change.row]
            assert change.attributes is None
            # One row is taken back and sent anew only where other attributes were there.
            assert change.row not in added or at.held_attributes(change.row)
        if change.forgets_at is not None:
            assert at.starts < change.forgets_at <= at.starts + timedelta(days=90)


def check_certain(at: Bench, there: NaivePlatform) -> None:
    """What we are sure of is there; what is there, we know of."""
    held = at.held()
    assert {row for row, (state, _) in held.items() if state == "held"} <= set(there.rows)
    assert set(there.rows) <= set(held)


@pytest.mark.parametrize("platform", [COLUMNS, LISTS, LIFETIMES], ids=["columns", "lists", "ttl"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_happens_nothing_is_lost_and_a_quiet_run_sets_all_right(
    con: Connection, platform: Platform, data: st.DataObject
) -> None:
    at, there = bench(con, platform), NaivePlatform()
    sent: dict[str, frozenset[str]] = {}
    ends: dict[str, float] = {}
    last: tuple[Wire, ...] = ()
    only_added = False
    for step in data.draw(steps(platform)):
        at.days += step.hours / 24
        at.merged = {1: 0} if step.merge and not platform.row_ttl else {}
        there.forget(at.now)
        last = tuple(
            Wire(at.merged.get(w.unit, w.unit), w.wire, w.value, w.days) for w in step.wires
        )
        at.along = {n: text for n, text in enumerate(step.along) if text}
        at.want(last)
        changes = at.changes(step.mode)
        if step.mode == "add":
            assert not [c for c in changes if c.op == "remove"]
        check_planned(at, changes, sent)
        sent |= {c.row: c.keys for c in changes if c.op == "add"}
        for wire in last:
            key = f"{wire.wire}={wire.value}"
            ends[key] = max(ends.get(key, 0.0), wire.days or 9e9)
        assert not [k for c in changes for k in c.keys if ends[k] <= at.days]
        carry_out(at, there, changes, step.fates)
        there.forget(at.now)
        check_certain(at, there)
        assert not [k for _, keys in at.held().values() for k in keys if ends[k] <= at.days]
        only_added = only_added or step.mode == "add"
    quiet(at, there, last, ends)
    if not only_added:
        # Where nothing is taken back, what was said before may stay.
        assert all(told <= at.wanted_attributes(row) for row, told in there.told.items())


def quiet(
    at: Bench, there: NaivePlatform, wires: Sequence[Wire], ends: Mapping[str, float]
) -> None:
    """With every answer a yes, the platform holds what is wanted, and then nothing is to do."""
    wanted = at.want(wires)
    changes = at.changes()
    carry_out(at, there, changes, [ACCEPTED])
    ending = {
        row
        for row, keys in wanted.items()
        if at.platform.row_ttl and _life(keys, wires) <= at.days + 1 / 24
    }
    # A life that was cut short in between, or ends while a request may wait, ends unsaid: the id
    # must not be named any more.
    soon = at.days + 1 / 24
    dead = {row for row, (_, keys) in at.held().items() if all(ends[k] <= soon for k in keys)}
    assert set(wanted) - ending <= set(there.rows) <= set(wanted) | dead
    assert all(there.rows[row][0] == wanted[row] for row in set(there.rows) - dead)
    assert {state for state, _ in at.held().values()} <= {"held"} | (
        {"unknown"} if ending or dead else set()
    )
    at.want(wires)
    assert at.changes() == []


def _life(keys: frozenset[str], wires: Sequence[Wire]) -> float:
    return max(w.days or 9e9 for w in wires if f"{w.wire}={w.value}" in keys)


OUTCOMES = {
    ("add", "accepted"): "held",
    ("add", "rejected"): None,
    ("add", "unknown"): "unknown",
    ("remove", "accepted"): None,
    ("remove", "rejected"): "unknown",
    ("remove", "unknown"): "unknown",
}


@pytest.mark.parametrize(("op", "outcome"), OUTCOMES)
def test_what_is_held_after_each_outcome(con: Connection, op: str, outcome: str) -> None:
    at = bench(con, COLUMNS)
    (row,) = at.want([Wire(1, "EMAIL", "a")])
    if op == "remove":
        at.changes()
        at.settle({("add", row): "accepted"})
        at.want([])
    assert [(c.op, c.row) for c in at.changes()] == [(op, row)]
    at.settle({(op, row): outcome})
    wanted = OUTCOMES[op, outcome]
    assert {r: state for r, (state, _) in at.held().items()} == ({row: wanted} if wanted else {})


def test_a_unit_that_loses_a_row_is_added_again_whole(con: Connection) -> None:
    at = bench(con, COLUMNS)
    after(at, [Wire(1, "EMAIL", "a"), Wire(1, "EMAIL", "b"), Wire(2, "EMAIL", "c")])
    changes = after(at, [Wire(1, "EMAIL", "b"), Wire(2, "EMAIL", "c")])
    assert told(changes) == [
        ("remove", "changed", frozenset({"EMAIL=a"})),
        ("add", "changed", frozenset({"EMAIL=b"})),
    ]


def test_who_shares_a_value_with_one_who_leaves_is_added_again(con: Connection) -> None:
    at = bench(con, COLUMNS)
    both = [Wire(1, "PHONE", "p"), Wire(2, "PHONE", "p")]
    after(at, [*both, Wire(1, "EMAIL", "a"), Wire(2, "EMAIL", "b")])
    changes = after(at, [Wire(2, "PHONE", "p"), Wire(2, "EMAIL", "b")])
    assert told(changes) == [
        ("remove", "removed", frozenset({"PHONE=p", "EMAIL=a"})),
        ("add", "changed", frozenset({"PHONE=p", "EMAIL=b"})),
    ]


def test_two_members_with_the_same_keys_are_one_row(con: Connection) -> None:
    at = bench(con, COLUMNS)
    assert len(after(at, [Wire(1, "EMAIL", "a"), Wire(2, "EMAIL", "a")])) == 1
    assert after(at, [Wire(2, "EMAIL", "a")]) == []


def test_two_who_turn_out_to_be_one_are_not_sent_again(con: Connection) -> None:
    at = bench(con, LISTS)
    after(at, [Wire(1, "EMAIL", "a"), Wire(2, "EMAIL", "b"), Wire(2, "PHONE", "c")])
    at.merged = {2: 1}
    changes = after(at, [Wire(1, "EMAIL", "a"), Wire(1, "EMAIL", "b"), Wire(1, "PHONE", "c")])
    assert {c.unit for c in changes} == {unit(1)}
    assert {c.why for c in changes} == {"changed"}


def test_an_unknown_row_is_sent_again_or_taken_back(con: Connection) -> None:
    at = bench(con, COLUMNS)
    after(at, [Wire(1, "EMAIL", "a"), Wire(2, "EMAIL", "b")], "unknown")
    changes = after(at, [Wire(1, "EMAIL", "a")])
    assert told(changes) == [
        ("remove", "removed", frozenset({"EMAIL=b"})),
        ("add", "unknown", frozenset({"EMAIL=a"})),
    ]


def test_a_removal_names_no_key_whose_life_is_over(con: Connection) -> None:
    at = bench(con, COLUMNS)
    after(at, [Wire(1, "EMAIL", "a"), Wire(1, "MADID", "m", 1.0)])
    at.days = 2
    assert told(after(at, [])) == [("remove", "removed", frozenset({"EMAIL=a"}))]


def test_a_row_is_refreshed_when_half_of_its_time_is_over(con: Connection) -> None:
    at = bench(con, LIFETIMES)
    (first,) = after(at, [Wire(1, "TDID", "c", 20.0)])
    assert first.forgets_at == START + timedelta(days=20)
    at.days = 6  # seen again: it may be kept until day 30, the platform forgets on day 20
    assert after(at, [Wire(1, "TDID", "c", 30.0)]) == []
    at.days = 12
    (again,) = after(at, [Wire(1, "TDID", "c", 42.0)])
    assert (again.why, again.forgets_at) == ("refreshed", START + timedelta(days=42))


def test_a_row_is_sent_again_when_it_may_be_kept_no_longer_than_less(con: Connection) -> None:
    at = bench(con, LIFETIMES)
    after(at, [Wire(1, "TDID", "c", 80.0)])
    (again,) = after(at, [Wire(1, "TDID", "c", 7.0)])
    assert (again.why, again.forgets_at) == ("refreshed", START + timedelta(days=7))


def test_what_the_platform_has_forgotten_is_not_taken_back(con: Connection) -> None:
    at = bench(con, LIFETIMES)
    after(at, [Wire(1, "TDID", "c", 2.0), Wire(2, "TDID", "d", 50.0)])
    at.days = 3
    assert told(after(at, [])) == [("remove", "removed", frozenset({"TDID=d"}))]
    assert at.held() == {}


def test_nothing_is_sent_that_ends_before_it_arrives(con: Connection) -> None:
    at = bench(con, LIFETIMES)
    assert after(at, [Wire(1, "TDID", "c", 0.5 / 24)]) == []
