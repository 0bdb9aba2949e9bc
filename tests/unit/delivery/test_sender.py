"""A plan's requests go out once, removals first, and what came back is kept once."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace

import pytest

from audiences.delivery import outbox
from audiences.delivery.sender import deliver
from audiences.platforms.base import Action
from shared.errors import IntegrityError, RejectedError, RetryableError
from shared.ports import HttpAnswer, HttpRequest
from tests.fakes import MemoryStore
from tests.unit.delivery.stage import LATER, LOST, in_turn, plan, planned, says, session


def test_removals_are_through_before_additions_begin() -> None:
    store = MemoryStore()
    mixed = [planned(n, op) for op in ("add", "remove") for n in range(4)]
    made, http, _ = session(in_turn(says("done")))
    assert deliver(made, store, plan(store, *mixed), "77") == 8
    ops = [request.body.split()[0] for request in http.requests]
    assert ops == [b"remove"] * 4 + [b"add"] * 4


def test_what_has_an_outcome_is_not_sent_again() -> None:
    store = MemoryStore()
    made, http, _ = session(in_turn(says("done")))
    whole = plan(store, *[planned(n) for n in range(5)])
    deliver(made, store, whole, "77")
    assert deliver(made, store, whole, "77") == 0
    assert len(http.requests) == 5


def test_an_error_keeps_what_came_before_and_a_rerun_goes_on() -> None:
    store = MemoryStore()
    whole = plan(store, *[planned(n) for n in range(6)])

    def answer(request: HttpRequest) -> HttpAnswer:
        return LOST if request.body == b"add 3 of 3" else says("done")

    made, _, _ = session(answer)
    with pytest.raises(RetryableError):
        deliver(made, store, whole, "77")
    kept = outbox.recorded_ids(store, whole.run)
    assert "add-00003" not in kept
    assert "add-00000" in kept or "add-00001" in kept
    made, _, _ = session(in_turn(says("done")))
    assert deliver(made, store, whole, "77") == 6 - len(kept)
    assert len(outbox.recorded_ids(store, whole.run)) == 6


def test_after_an_error_no_lane_begins_anything_more() -> None:
    store = MemoryStore()
    whole = plan(store, *[planned(n) for n in range(50)])
    made, http, _ = session(in_turn(says("stop", code="closed")))
    with pytest.raises(RejectedError):
        deliver(made, store, whole, "77")
    assert len(http.requests) <= 2


def test_no_more_lanes_than_the_platform_allows() -> None:
    store = MemoryStore()
    whole = plan(store, *[planned(n) for n in range(20)])
    at_once, most, lock = [0], [0], threading.Lock()

    def answer(_request: HttpRequest) -> HttpAnswer:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        threading.Event().wait(0.002)
        with lock:
            at_once[0] -= 1
        return says("done")

    made, _, _ = session(answer)
    deliver(made, store, whole, "77")
    assert most[0] == 2


def test_the_slot_for_the_audience_s_id_is_filled_and_nothing_else() -> None:
    store = MemoryStore()
    one, _ = planned(0)
    body = b'{"list": "{audience_id}", "rows": ["{audience}"]}'

    one = replace(one, path="/{audience_id}/rows", sha256=hashlib.sha256(body).hexdigest())
    made, http, _ = session(in_turn(says("done")))
    whole = plan(store, (one, body), audience_id=None)
    deliver(made, store, whole, "991")
    (sent,) = http.requests
    assert sent.url == "https://ads.test/991/rows"
    assert sent.body == b'{"list": "991", "rows": ["{audience}"]}'
    found = outbox.recorded(store, whole.run, one.id)
    assert found is not None
    assert found.sha256 == hashlib.sha256(sent.body).hexdigest()


def test_an_outcome_is_kept_once_and_the_first_counts() -> None:
    store = MemoryStore()
    whole = plan(store, planned(0))
    made, _, _ = session(in_turn(says("done", rejected={"1": "bad"}, rejected_unnamed=1)))
    deliver(made, store, whole, "77")
    first = outbox.recorded(store, whole.run, "add-00000")
    assert first is not None
    assert (first.outcome.action, first.outcome.rejected) == (Action.DONE, {1: "bad"})
    outbox.record(store, whole.run, replace(first, attempts=99))
    assert outbox.recorded(store, whole.run, "add-00000") == first


@pytest.mark.parametrize("change", [b"", b"other", None])
def test_a_body_that_is_not_what_was_planned_is_never_sent(change: bytes | None) -> None:
    store = MemoryStore()
    whole = plan(store, planned(0))
    key = f"outbox/{whole.run}/add-00000.body"
    store.files.pop(key) if change is None else store.files.update({key: change})
    made, http, _ = session(in_turn(says("done")))
    with pytest.raises(IntegrityError, match="add-00000 of run run-1"):
        deliver(made, store, whole, "77")
    assert http.requests == []


def test_progress_counts_rows() -> None:
    store = MemoryStore()
    told: list[int] = []
    made, _, _ = session(in_turn(says("done")))
    deliver(made, store, plan(store, planned(0), planned(1, rows=2)), "77", told.append)
    assert sum(told) == 5


def test_an_interrupt_begins_nothing_more() -> None:
    store = MemoryStore()
    whole = plan(store, *[planned(n) for n in range(200)])
    seen: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpAnswer:
        seen.append(request)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return says("done")

    made, _, _ = session(answer)
    with pytest.raises(KeyboardInterrupt):
        deliver(made, store, whole, "77")
    assert len(seen) <= 5
    assert whole.valid_until == LATER
