"""The guard counts what would change against what is held."""

from __future__ import annotations

import pytest

from audiences.delivery.guard import judge, token
from audiences.destinations import UNSET_GUARD, Guard

STRICT = Guard(max_removed_percent=20.0, max_change_percent=50.0)


@pytest.mark.parametrize(
    ("held", "removed", "added", "stops"),
    [
        (0, 0, 1_000_000, False),  # a first sync has nothing to lose
        (100, 20, 0, False),
        (100, 21, 0, True),
        (100, 20, 30, False),
        (100, 20, 31, True),
        (100, 0, 50, False),
        (100, 0, 51, True),
        (1, 1, 0, True),
        (3, 0, 0, False),
    ],
)
def test_what_passes_and_what_stops(held: int, removed: int, added: int, stops: bool) -> None:
    assert bool(judge(STRICT, held, {"removed": removed, "added": added})) is stops


def test_what_is_refreshed_or_changed_moves_nobody() -> None:
    assert not judge(STRICT, 10, {"refreshed": 10, "changed": 10, "unknown": 10})


def test_small_lists_move_freely_where_no_guard_is_set() -> None:
    assert not judge(UNSET_GUARD, 99, {"removed": 99})
    assert judge(UNSET_GUARD, 100, {"removed": 21})


def test_who_had_to_be_left_out_may_join_beside() -> None:
    assert judge(STRICT, 10, {"added": 20})
    assert not judge(STRICT, 10, {"added": 20}, awaited=20)
    assert judge(STRICT, 10, {"added": 40}, awaited=20)
    assert judge(STRICT, 10, {"added": 1, "removed": 10}, awaited=20)


def test_a_missing_input_stops_whatever_changes_something() -> None:
    assert "a, b" in judge(STRICT, 0, {"added": 1}, ("a", "b"))
    assert not judge(STRICT, 0, {}, ("a", "b"))


def test_the_reason_says_the_numbers_and_the_limit() -> None:
    reason = judge(STRICT, 2_000, {"removed": 1_000})
    assert reason == "it would remove 1,000 of 2,000 members (50.0 %; the limit is 20 %)"


def test_a_token_is_for_one_change_of_one_state_of_one_pair() -> None:
    changes = {"removed": 3, "added": 1}
    tokens = {
        token("a", "b", 1, changes),
        token("x", "b", 1, changes),
        token("a", "x", 1, changes),
        token("a", "b", 2, changes),
        token("a", "b", 1, {"removed": 4, "added": 1}),
        token("a", "b", 1, {"removed": 3, "added": 1, "changed": 1}),
    }
    assert len(tokens) == 6
    assert token("a", "b", 1, changes | {"refreshed": 9}) == token("a", "b", 1, changes)
