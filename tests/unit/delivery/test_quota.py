"""The quota of a day counts over all processes and lanes, and ends at midnight UTC."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audiences.delivery.quota import Quota
from infra.local.kv import SqliteKeyValue
from shared.clock import Clock
from shared.errors import RetryableError
from shared.ports import KeyValue
from tests.fakes import MemoryKeyValue

START = datetime(2026, 11, 21, 23, tzinfo=UTC)


@dataclass(slots=True)
class Hands:
    """A clock whose hands a test can move."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at


def quota(kv: KeyValue, hands: Hands, per_day: int, place: str = "p live a") -> Quota:
    return Quota(kv, place, "Test Ads", per_day, hands.now)


def taken(one: Quota, most: int = 10_000) -> int:
    """Take until there is nothing left; return how many were let through."""
    for number in range(most):
        try:
            one.take()
        except RetryableError:
            return number
    return most


def test_a_day_s_requests_are_let_through_and_no_more() -> None:
    kv, hands = MemoryKeyValue(), Hands()
    assert taken(quota(kv, hands, 1_234)) == 1_234
    with pytest.raises(RetryableError, match=r"takes 1,234 .* after 2026-11-22T00:00Z"):
        quota(kv, hands, 1_234).take()
    assert taken(quota(kv, hands, 7, place="another account")) == 7


def test_the_next_day_begins_anew() -> None:
    kv, hands = MemoryKeyValue(), Hands()
    one = quota(kv, hands, 10)
    assert taken(one) == 10
    hands.at = START + timedelta(hours=1)
    assert taken(one) == 10


def test_what_was_not_used_is_given_back() -> None:
    kv, hands = MemoryKeyValue(), Hands()
    first = quota(kv, hands, 10_000)
    first.take()
    first.give_back()
    first.give_back()
    assert taken(quota(kv, hands, 10_000)) == 9_999


def test_a_killed_process_has_counted_one_block_in_vain() -> None:
    kv, hands = MemoryKeyValue(), Hands()
    quota(kv, hands, 10_000).take()
    assert taken(quota(kv, hands, 10_000)) == 9_950


def test_processes_and_lanes_share_the_day(tmp_path: Path) -> None:
    hands, counts = Hands(), list[int]()
    shared = [
        quota(SqliteKeyValue(tmp_path / "kv", Clock()), hands, 600) for _ in range(3)
    ]  # three processes
    lanes = [threading.Thread(target=lambda q=q: counts.append(taken(q))) for q in shared * 3]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    assert sum(counts) == 600
