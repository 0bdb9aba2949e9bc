"""One sync is one replacement, also where it goes on with one that was interrupted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audiences.flows.replay import replay_run
from audiences.flows.runs import list_runs
from shared.ports import HttpRequest
from tests.flow.sync_world import DiedError, LossyHttp, World, customers

FILES = """\
name: files
platform: file_drop
account: shop
credentials: sandbox
base_url: {url}/file_drop
guard: {{max_removed_percent: 100, max_change_percent: 100000}}
"""
PEOPLE = customers(range(1, 8))
LAST = {"google-main": ":removeAll", "meta-main": "/usersreplace", "files": ".done"}
everywhere = pytest.mark.parametrize("to", sorted(LAST))
Interrupted = Callable[[str], str]


@pytest.fixture
def interrupted(world: World) -> Interrupted:
    """Let a replacement die where it would have come to its end; return its run."""

    def die(to: str) -> str:
        world.put("destinations", "files", FILES.format(url=world.url))
        world.customers(PEOPLE)

        def fate(request: HttpRequest) -> str:
            return "die" if LAST[to] in request.url else ""

        with pytest.raises(DiedError):
            world.sync(to, mode="replace", http=LossyHttp(fate))
        (run,) = (str(one["run"]) for one in list_runs(world.open()))
        return run

    return die


def replacements(world: World) -> list[dict[str, Any]]:
    return [one for one in list_runs(world.open()) if one["requests"]]


@everywhere
def test_a_replacement_that_is_gone_on_with_is_the_only_one(
    world: World, interrupted: Interrupted, to: str
) -> None:
    run = interrupted(to)
    report = world.sync(to, mode="replace")
    assert (report.status, report.run, report.resumed, report.accepted) == ("done", run, run, 7)
    assert [one["run"] for one in replacements(world)] == [run]
    assert len([one for one in world.requests() if LAST[to] in one["path"]]) == 1
    assert len(world.held(to)) == 7
    (empty,) = [one["run"] for one in list_runs(world.open()) if not one["requests"]]
    assert replay_run(world.open(), empty).same


@pytest.mark.parametrize("to", ["files", "google-main"])
def test_who_has_come_since_brings_a_second_replacement(
    world: World, interrupted: Interrupted, to: str
) -> None:
    run = interrupted(to)
    world.customers(customers([20]))
    report = world.sync(to, mode="replace")
    assert (report.status, report.resumed, report.adds) == ("done", run, 1)
    assert len(replacements(world)) == 2
    assert len(world.held(to)) == 8


def test_who_has_left_while_the_platform_worked_brings_a_second_replacement(world: World) -> None:
    world.customers(PEOPLE)
    world.post("limits", {"google": {"polls": 12, "milliseconds": 1e12}})
    assert world.sync("google-main", mode="replace").status == "waiting"
    world.day = 0.01
    world.customers(customers([3], tier="none"))
    world.post("limits", {"google": {"polls": 1, "milliseconds": 1e12}})
    report = world.sync("google-main", mode="replace")
    assert (report.status, report.removes) == ("done", 1)
    world.in_step("google-main", customers([1, 2, *range(4, 8)]))


def test_a_platform_that_takes_its_time_is_given_the_whole_once(world: World) -> None:
    world.customers(PEOPLE)
    world.post("limits", {"google": {"polls": 12, "milliseconds": 1e12}})
    first = world.sync("google-main", mode="replace")
    assert first.status == "waiting"
    world.post("limits", {"google": {"polls": 1, "milliseconds": 1e12}})
    report = world.sync("google-main", mode="replace")
    assert (report.status, report.run) == ("done", first.run)
    assert len([one for one in world.requests() if ":ingest" in one["path"]]) == 1
    world.in_step("google-main", PEOPLE)
    world.day = 1
    again = world.sync("google-main", mode="replace")
    assert (again.status, again.requests, again.resumed) == ("done", 2, "")


def test_rows_that_were_refused_are_no_reason_to_send_everybody_again(
    world: World, interrupted: Interrupted
) -> None:
    interrupted("meta-main")
    world.faults(1, "partial")
    report = world.sync("meta-main", mode="replace")
    assert report.rejected or report.unknown
    assert len(replacements(world)) == 1


def test_a_repair_sends_everybody_whatever_was_gone_on_with(
    world: World, interrupted: Interrupted
) -> None:
    interrupted("meta-main")
    report = world.sync("meta-main", mode="replace", repair=True)
    assert report.status == "done"
    assert len(replacements(world)) == 2


def test_a_repair_that_is_gone_on_with_is_the_only_one(world: World) -> None:
    world.customers(PEOPLE)
    world.sync("google-main")
    world.post("limits", {"google": {"polls": 12, "milliseconds": 1e12}})
    first = world.sync("google-main", repair=True)
    assert first.status == "waiting"
    world.post("limits", {"google": {"polls": 1, "milliseconds": 1e12}})
    report = world.sync("google-main", repair=True)
    assert (report.status, report.run, report.accepted) == ("done", first.run, 7)
    assert len([one for one in world.requests() if ":ingest" in one["path"]]) == 2


def test_another_run_that_is_gone_on_with_is_no_replacement(world: World) -> None:
    world.customers(PEOPLE)
    with pytest.raises(DiedError):
        world.sync("meta-main", http=LossyHttp(lambda r: "die" if "/users" in r.url else ""))
    report = world.sync("meta-main", mode="replace")
    assert (report.status, report.requests) == ("done", 1)
    assert len(replacements(world)) == 2
