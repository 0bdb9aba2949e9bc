"""What came back becomes an outcome for every row, and counts that add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa
import pytest
from duckdb import DuckDBPyConnection as Connection
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.delivery import outbox
from audiences.delivery.follow import follow
from audiences.delivery.outbox import Plan, Recorded
from audiences.delivery.outcomes import outcomes
from audiences.delivery.settle import make_results, verdict
from audiences.lake import query
from audiences.platforms.base import Action, Outcome
from tests.fakes import MemoryStore
from tests.unit.delivery.stage import LOST, in_turn, plan, planned, says, session
from tests.unit.match.match_world import connection


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    made = connection()
    yield made
    made.close()


def keep(
    store: MemoryStore, run: str, request_id: str, outcome: Outcome, status: bool = False
) -> None:
    made = Recorded(id=request_id, sha256="ab" * 32, outcome=outcome, attempts=1, at="now")
    outbox.record(store, run, made, "status" if status else "")


def results(
    con: Connection, store: MemoryStore, whole: Plan
) -> tuple[dict[str, int], list[dict[str, object]]]:
    rows = [(p.id, place) for p in whole.requests for place in range(p.rows)]
    con.register(
        "sent_rows",
        pa.table(
            {
                "request": pa.array([request for request, _ in rows], pa.string()),
                "place": pa.array([place for _, place in rows], pa.int32()),
            }
        ),
    )
    counts = make_results(con, store, whole)
    found = query.table(con, "SELECT * FROM results ORDER BY request, place").to_pylist()
    return counts, found


drawn = st.one_of(
    st.none(),
    st.builds(
        Outcome,
        action=st.sampled_from(Action),
        code=st.sampled_from(["", "c1"]),
        rejected=st.dictionaries(st.integers(0, 3), st.sampled_from(["bad", "worse"]), max_size=4),
        rejected_unnamed=st.integers(0, 5),
    ),
)


@settings(max_examples=60, deadline=None)
@given(told=st.lists(st.tuples(st.integers(4, 6), drawn, drawn), max_size=4))
def test_every_row_has_one_outcome_and_the_counts_add_up(con: Connection, told) -> None:
    store = MemoryStore()
    whole = plan(store, *[planned(n, rows=rows) for n, (rows, _, _) in enumerate(told)])
    for n, (_, first, later) in enumerate(told):
        if first is not None:
            keep(store, whole.run, f"add-{n:05d}", first)
            if first.action is Action.PENDING and later is not None:
                keep(store, whole.run, f"add-{n:05d}", later, status=True)
    counts, rows = results(con, store, whole)
    assert len(rows) == sum(p.rows for p in whole.requests) == sum(counts.values())
    assert set(counts) == {"accepted", "rejected", "unknown"}
    assert all(row["outcome"] in counts for row in rows)
    for n, (size, first, later) in enumerate(told):
        last = later if first and first.action is Action.PENDING and later is not None else first
        mine = [row for row in rows if row["request"] == f"add-{n:05d}"]
        if last is None:
            assert {row["outcome"] for row in mine} == {"unknown"}
            continue
        for place, why in last.rejected.items():
            assert (mine[place]["outcome"], mine[place]["reason"]) == ("rejected", why)
        others = {row["outcome"] for row in mine if row["place"] not in last.rejected}
        assert others == {verdict(last, size)} or len(last.rejected) == size


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (None, "unknown"),
        (Outcome(action=Action.DONE), "accepted"),
        (Outcome(action=Action.DONE, rejected={1: "x"}), "accepted"),
        (Outcome(action=Action.DONE, rejected_unnamed=1), "unknown"),
        (Outcome(action=Action.DONE, rejected_unnamed=3), "rejected"),
        (Outcome(action=Action.DONE, rejected_unnamed=2, rejected={0: "x"}), "rejected"),
        (Outcome(action=Action.PENDING), "unknown"),
        (Outcome(action=Action.RETRY), "unknown"),
        (Outcome(action=Action.REAUTH), "unknown"),
        (Outcome(action=Action.REFUSED), "rejected"),
        (Outcome(action=Action.STOP), "rejected"),
    ],
)
def test_what_an_outcome_says_of_rows_it_does_not_name(outcome: Outcome | None, told: str) -> None:
    """Silence is not success, and a count without names leaves every row unknown."""
    assert verdict(outcome, 3) == told


def test_counts_of_a_partial_refusal_are_the_platform_s_own(con: Connection) -> None:
    store = MemoryStore()
    whole = plan(store, planned(0, rows=10), planned(1, rows=10))
    keep(store, whole.run, "add-00000", Outcome(action=Action.DONE, rejected_unnamed=3, code="bad"))
    keep(store, whole.run, "add-00001", Outcome(action=Action.DONE, rejected={4: "worse"}))
    counts, rows = results(con, store, whole)
    assert counts == {"accepted": 16, "rejected": 4, "unknown": 0}
    assert Counter((row["outcome"], row["reason"]) for row in rows) == {
        ("unknown", "bad"): 10,
        ("accepted", ""): 9,
        ("rejected", "worse"): 1,
    }


def pending() -> tuple[MemoryStore, Plan]:
    store = MemoryStore()
    whole = plan(store, planned(0), planned(1))
    for one in whole.requests:
        keep(store, whole.run, one.id, Outcome(action=Action.PENDING, handle=one.id))
    return store, whole


def test_a_pending_request_is_followed_to_its_end() -> None:
    store, whole = pending()
    made, http, sleep = session(in_turn(says("pending"), says("pending"), says("done")))
    assert follow(made, store, whole, 60) == []
    assert sleep.waited
    last = outcomes(store, whole.run).last(p.id for p in whole.requests)
    assert [one.outcome.action for one in last.values()] == ["done"] * 2
    before = len(http.requests)
    assert follow(made, store, whole, 60) == []
    assert len(http.requests) == before


def test_patience_ends_and_says_what_is_open() -> None:
    store, whole = pending()
    made, _, sleep = session(in_turn(says("pending")))
    assert follow(made, store, whole, 5) == ["add-00000", "add-00001"]
    assert 5 <= sum(sleep.waited) <= 15


def test_a_final_retry_means_that_the_rows_are_lost() -> None:
    store, whole = pending()
    made, _, _ = session(in_turn(says("retry", code="INTERNAL_ERROR")))
    assert follow(made, store, whole, 5) == []
    final = outcomes(store, whole.run).last(["add-00000"])["add-00000"].outcome
    assert (final.action, verdict(final, 3)) == (Action.RETRY, "unknown")


def test_what_was_never_sent_is_not_followed() -> None:
    store = MemoryStore()
    whole = plan(store, planned(0))
    made, http, _ = session(in_turn(LOST))
    assert follow(made, store, whole, 5) == []
    assert http.requests == []
