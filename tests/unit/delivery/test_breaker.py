"""An account that does not answer is left alone for a while; an answer opens it again."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from audiences.delivery.breaker import circuit
from audiences.delivery.exchange import exchange
from audiences.platforms.base import Request
from shared.clock import Clock
from shared.errors import RejectedError, RetryableError
from shared.ports import HttpAnswer
from tests.fakes import MemoryKeyValue
from tests.unit.delivery.stage import LOST, NOW, in_turn, outcome, says, session


def run(kv: MemoryKeyValue, minutes: float, answer: HttpAnswer) -> int:
    """One run of one request at a moment; return how many requests went out."""
    made, http, _ = session(in_turn(answer), clock=Clock(NOW + timedelta(minutes=minutes)))
    request = Request(method="POST", path="/rows", body=b"exact")
    with suppress(RetryableError), circuit(kv, made, "test live acc"):
        exchange(made, request, lambda told: outcome(told, 3), "seed")
    return len(http.requests)


def test_after_three_failed_runs_the_account_is_left_alone_and_then_tried_again() -> None:
    kv = MemoryKeyValue()
    assert [run(kv, minute, LOST) for minute in (0, 1, 2)] == [8, 8, 8]
    assert [run(kv, minute, says("done")) for minute in (3, 6.9)] == [0, 0]
    assert run(kv, 7, LOST) == 8
    assert run(kv, 16, says("done")) == 0  # a second failure rests twice as long
    assert run(kv, 17, says("done")) == 1
    assert [run(kv, minute, LOST) for minute in (18, 19)] == [8, 8]
    assert run(kv, 20, says("done")) == 1


def test_a_refusal_is_an_answer() -> None:
    kv = MemoryKeyValue()
    for _ in range(5):
        with pytest.raises(RejectedError):
            run(kv, 0, says("stop", code="no"))
    assert kv.entries == {}


def test_it_says_until_when() -> None:
    kv = MemoryKeyValue()
    for minute in (0, 1, 2):
        run(kv, minute, LOST)
    made, _, _ = session(in_turn(LOST), clock=Clock(NOW + timedelta(minutes=3)))
    with (
        pytest.raises(RetryableError, match=r"3 runs.*alone until 2026-07-01T06:07:00Z"),
        circuit(kv, made, "test live acc"),
    ):
        raise AssertionError
