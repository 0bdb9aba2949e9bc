"""Ids sort by the moment they were made at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.ids import new_id

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)


def test_ids_sort_by_time_also_within_a_second() -> None:
    made = [new_id(NOW + timedelta(milliseconds=17 * n)) for n in range(200)]
    assert made == sorted(made)


def test_ids_of_one_instant_are_not_given_twice() -> None:
    assert len({new_id(NOW) for _ in range(50)}) == 50
