"""Sync under chaos: killed at any moment, with faults on, it always comes to the same end."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest

from tests.flow.chaos_check import Seen, check_process
from tests.flow.chaos_deal import played
from tests.flow.chaos_ports import PHASES, phase_of
from tests.flow.chaos_run import draw
from tests.flow.chaos_world import keys, people
from tests.flow.sync_world import World

chaos = partial(played, "tests.flow.chaos")


def test_twenty_runs_end_in_step_whenever_they_are_killed() -> None:
    code, said = chaos("--runs", "20")
    assert code == 0, said


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_hundred_runs_end_in_step_whenever_they_are_killed() -> None:
    code, said = chaos("--runs", "200")
    assert code == 0, said


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("broken", "noticed"),
    [
        ("record_first", "not one as held"),
        ("send_all_again", "arrived again after its outcome was recorded"),
        ("add_first", "an addition arrived before a removal was through"),
        ("forget_the_run", "its status is interrupted"),
        ("close_early", "its status is interrupted"),
        ("link_twice", "links for"),
    ],
)
def test_broken_code_is_noticed_and_the_run_can_be_repeated(broken: str, noticed: str) -> None:
    code, said = chaos("--runs", "24", "--broken", broken)
    assert code == 1, said
    assert noticed in said
    assert "repeat it with: python -m tests.flow.chaos --seed" in said


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("broken", "seeds", "noticed"),
    [
        ("make_without_looking", (15,), "did not make the audience"),
        ("hope_is_enough", (43, 105, 113, 147, 159), "not one as held"),
    ],
)
def test_code_that_is_rarely_wrong_is_noticed_where_it_is(
    broken: str, seeds: tuple[int, ...], noticed: str
) -> None:
    code, said = chaos(*(f"--seed={seed}" for seed in seeds), "--broken", broken)
    assert code == 1, said
    assert noticed in said


def test_a_seed_always_draws_the_same_run_and_others_draw_others() -> None:
    drawn = [draw(seed) for seed in range(200)]
    assert drawn == [draw(seed) for seed in range(200)]
    assert {one.kind for one in drawn} == {"time", "point"}
    assert len({one.kills for one in drawn}) == 200
    assert {one.round for one in drawn} == {0, 1, 2}


def test_each_round_changes_whom_the_platforms_should_hold() -> None:
    for platform in ("meta", "google", "the_trade_desk"):
        rounds = [keys(people(0, number).values(), platform) for number in range(4)]
        assert all(len(one) > 100 for one in rounds)
        assert all(a - b and b - a for a, b in pairwise(rounds))


@pytest.mark.parametrize(
    ("point", "phase"),
    [
        ("start", "start"),
        ("before put members/gold/_manifests/00000001.json", "refresh"),
        ("after put outbox/R/plan.json", "plan"),
        ("before note open/meta-main/gold", "open"),
        ("after unnote open/meta-main/gold", "close"),
        ("before POST meta/act_12/customaudiences", "audience"),
        ("after POST meta/1/users", "send"),
        ("after put outcomes/R/add-00000.json", "send"),
        ("before put outcomes/R/add-00000.status.json", "follow"),
        ("before GET google/requestStatus:retrieve", "follow"),
        ("before put sends/_chain/000000000000.json", "ledger"),
        ("after put held/meta-main/gold/run=R/0.parquet", "held"),
        ("before put runs/R.json", "close"),
    ],
)
def test_every_point_lies_in_a_phase(point: str, phase: str) -> None:
    assert phase_of(point) == phase
    assert phase in PHASES


def test_a_request_that_nobody_planned_is_noticed(world: World) -> None:
    world.open()
    stray = {"platform": "meta", "path": "/meta/1/users", "sha256": "0" * 64, "status": 200}
    found = list(check_process(world, Seen((), frozenset()), Seen((stray,), frozenset())))
    assert found == [f"meta: a request arrived though no run planned it: {'0' * 16}"]
