"""What a platform takes in a day is kept to; a run that stops at it goes on the next day."""

from __future__ import annotations

import pytest

from audiences.flows.runs import list_runs
from shared.errors import RetryableError
from tests.flow.sync_world import World, customers

TO = "meta-main"
PEOPLE = customers(range(1, 8))


def limit(world: World, per_day: int) -> None:
    options = f'options: {{rows_per_request: "1", requests_per_day: "{per_day}"}}\n'
    world.put("destinations", TO, world.destination(TO) + options)


def test_a_run_stops_at_the_day_s_limit_and_goes_on_the_next_day(world: World) -> None:
    world.day = 0.98
    world.customers(PEOPLE)
    limit(world, 5)
    with pytest.raises(RetryableError, match=r"takes 5 requests of an account a day, .* used up"):
        world.sync(TO)
    assert len(world.requests()) == 5
    with pytest.raises(RetryableError, match="used up"):
        world.sync(TO)
    assert len(world.requests()) == 5
    assert [run["status"] for run in list_runs(world.open())] == ["interrupted"]
    world.day = 1.001
    report = world.sync(TO)
    assert (report.status, bool(report.resumed), report.accepted) == ("done", True, 7)
    world.in_step(TO, PEOPLE)


def test_without_a_limit_nothing_is_counted(world: World) -> None:
    world.customers(PEOPLE)
    assert world.sync(TO).status == "done"
    assert world.open().kv.get("per_day/x") is None
    world.in_step(TO, PEOPLE)
