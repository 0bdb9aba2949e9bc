"""Turns: one run at a time is at a pair, and who has lost the turn changes nothing any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from audiences.flows import deliver, prepare
from audiences.flows.runs import verify_ledger
from audiences.flows.steps import Wish, bring_in_step
from audiences.flows.sync import InProcess
from functions import _runtime
from functions.sync import durable
from shared.clock import Clock
from shared.errors import IntegrityError, RetryableError
from shared.leases import Leases
from tests.fakes import MemoryKeyValue
from tests.flow.sync_world import DAY0, World, customers

PEOPLE = customers(range(1, 8))
WISH = Wish(audience="gold", destination="meta-main")
LAMBDA_SECONDS = 900  # no function of AWS lives longer


def test_a_turn_is_kept_by_its_owner_and_ends_by_itself() -> None:
    kv = MemoryKeyValue(Clock(DAY0))
    leases = Leases(kv, 60)
    assert leases.take("pair", "a")
    assert leases.take("pair", "a")
    assert not leases.take("pair", "b")
    leases.give_back("pair", "b")
    assert not leases.take("pair", "b")
    kv.clock = Clock(DAY0 + timedelta(seconds=61))
    assert leases.take("pair", "b")
    assert not leases.take("pair", "a")
    with pytest.raises(RetryableError), leases.hold("pair"):
        raise AssertionError("two at once")


def test_a_turn_outlasts_whatever_works_in_it() -> None:
    """A piece takes the turn anew when it begins: it is over before the turn is, and its wait."""
    assert _runtime.TURN_SECONDS > LAMBDA_SECONDS + durable._LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class Stalled:
    """An execution that planned and sent, and then stood still."""

    world: World
    run: str

    def do(self, work: str, **what: Any) -> Mapping[str, Any]:
        workspace = self.world.open()
        told = {"audience": "gold", "destination": "meta-main", "run": self.run, **what}
        if work in deliver.WORK:
            return deliver.WORK[work](workspace.bench(), deliver.Piece(**told))
        return prepare.WORK[work](workspace, prepare.LakePiece(**told))


def stalled(world: World, sent: bool) -> Stalled:
    world.customers(PEOPLE)
    world.clock()
    first = Stalled(world, "")
    first.do("refresh")
    report = first.do("plan", owner="a")["report"]
    first = Stalled(world, report["run"])
    if sent:
        assert first.do("send")["left"] == 0
    return first


def overtaken(world: World) -> Any:
    workspace = world.open()
    return bring_in_step(InProcess(workspace, workspace.bench()), WISH)


@pytest.mark.parametrize("sent", [False, True])
def test_who_takes_over_ends_the_run_and_the_first_adds_nothing(world: World, sent: bool) -> None:
    first = stalled(world, sent)
    report = overtaken(world)
    assert (report.run, report.accepted) == (first.run, 7)
    arrived = len(world.requests())
    with pytest.raises(IntegrityError, match="no longer under way"):
        first.do("send")
    again = first.do("settle")["report"]
    assert (again["status"], again["accepted"]) == ("done", 7)
    assert len(world.requests()) == arrived
    assert_once(world, 7)
    world.in_step("meta-main", PEOPLE)


def test_a_run_that_was_given_up_sends_no_more(world: World) -> None:
    first = stalled(world, sent=False)
    world.customers([replace(PEOPLE[0], ads="no")])
    report = overtaken(world)
    assert report.run != first.run
    with pytest.raises(IntegrityError):
        first.do("send")
    assert first.do("settle")["report"]["status"] == "abandoned"
    world.in_step("meta-main", PEOPLE[1:])


def test_a_second_plan_cannot_begin_beside_the_first(world: World) -> None:
    first = stalled(world, sent=False)
    with pytest.raises(IntegrityError):
        first.do("plan", owner="b")
    assert first.do("plan", owner="a")["report"]["run"] == first.run


def assert_once(world: World, rows: int) -> None:
    ledger = verify_ledger(world.open())
    assert (ledger.faults, ledger.links, ledger.rows) == ((), 1, rows)
    assert len(world.sends()) == rows


def test_calls_about_others_let_an_interrupted_run_go_on(world: World) -> None:
    """A collector that writes all day long must not have every interrupted run planned anew."""
    first = stalled(world, sent=False)
    world.customers(customers([90, 91], tier="iron"))
    found = first.do("look")
    assert (found["run"], found["go_on"]) == (first.run, True)
    world.customers([replace(PEOPLE[3], tier="iron")])
    assert first.do("look")["go_on"] is False
