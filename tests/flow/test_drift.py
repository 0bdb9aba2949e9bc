"""Drift: the platform's own size against ours, and the repair that sends everything again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from audiences.flows import exports
from audiences.flows.drift import Drift, drift_report
from audiences.flows.exports import Desk
from audiences.flows.jobs import carry_out
from shared.errors import ConfigurationError
from shared.ports import HttpAnswer, HttpRequest
from tests.fakes import FakeHttp, MemoryJobs
from tests.flow.sync_world import World, customers
from tests.flow.test_notices import Told

PEOPLE = customers(range(1, 121), device=False)


@pytest.fixture
def shop(world: World) -> World:
    world.customers(PEOPLE)
    world.sync("meta-main")
    world.day = 2
    return world


def read(world: World, low: int | None = None, high: int | None = None, status: int = 200) -> Drift:
    """Read the drift of a platform that says these bounds; none are the sandbox's own."""
    workspace = world.open()
    if low is not None:
        names = ("approximate_count_lower_bound", "approximate_count_upper_bound")
        body = json.dumps(dict(zip(names, (low, high), strict=True))).encode()

        def answer(_: HttpRequest) -> HttpAnswer:
            return HttpAnswer(status=status, body=body)

        workspace = replace(workspace, http=FakeHttp(answer))
    (found,) = drift_report(workspace, ("gold",))
    return found


def test_a_range_that_holds_our_count_is_in_step(shop: World) -> None:
    found = read(shop)
    assert (found.ours, found.theirs_low, found.theirs_high) == (120, 100, 200)
    assert (found.difference, found.verdict, found.sure) == (0, "in_step", "range")


def test_fewer_there_is_the_match_rate_until_the_share_falls(shop: World) -> None:
    assert read(shop, 90, 90).verdict == "in_step"
    fallen = read(shop, 50, 50)
    assert (fallen.verdict, fallen.difference) == ("fewer", -70)
    first = fallen.since
    shop.day = 4
    assert read(shop, 50, 50).since == first
    assert read(shop, 90, 90).since is None


def test_more_there_than_here_is_told_of_once(shop: World) -> None:
    told = Told()
    names = ("approximate_count_lower_bound", "approximate_count_upper_bound")
    body = json.dumps(dict.fromkeys(names, 500)).encode()
    http = FakeHttp(lambda _: HttpAnswer(status=200, body=body))
    workspace = replace(shop.open(), notify={"hook": told}, http=http)
    for _ in range(2):
        (found,) = drift_report(workspace)
    assert (found.verdict, found.difference) == ("more", 380)
    (notice,) = told.notices
    assert "500" in notice.text


def test_what_is_hidden_or_just_sent_or_not_answered_is_unknown(shop: World) -> None:
    hidden = read(shop, -1, -1)
    assert (hidden.verdict, hidden.sure, hidden.difference) == ("unknown", "hidden", None)
    shop.day = 0.5
    settling = read(shop, 10, 10)
    assert (settling.verdict, settling.sure) == ("unknown", "settling")
    shop.day = 2
    assert read(shop, 10, 10, status=400).sure in ("hidden", "no_answer")
    with pytest.raises(ConfigurationError):
        drift_report(shop.open(), ("nobody",))


def test_a_repair_sends_everything_again_and_a_dry_one_shows_it(shop: World) -> None:
    shown = shop.sync("meta-main", dry_run=True, repair=True)
    assert (shown.adds, shown.refreshed, shown.rows) == (0, 120, 120)
    done = shop.sync("meta-main", repair=True)
    assert (done.status, done.accepted, done.digest) == ("done", 120, shown.digest)
    shop.in_step("meta-main", PEOPLE)
    assert shop.sync("meta-main").rows == 0


def test_a_repair_that_is_asked_for_by_the_api_is_the_plan_of_the_command_line(shop: World) -> None:
    shown = shop.sync("meta-main", dry_run=True, repair=True)
    dry = {"audience": "gold", "to": "meta-main", "mode": None, "dry_run": True, "approve": ""}
    told = [
        exported(shop, dry | {"repair": True}),
        exported(shop, dry | {"repair": True, "dry_run": False}),
        exported(shop, dry),
    ]
    assert [one["status"] for one in told] == ["dry_run", "done", "dry_run"]
    assert [one["digest"] for one in told[:2]] == [shown.digest] * 2
    assert [one["rows"] for one in told] == [120, 120, 0]
    assert shop.plan(told[0]["run"]).requests == shop.plan(shown.run).requests


@pytest.mark.parametrize("repair", [False, True])
def test_what_a_platform_refuses_is_said_in_the_same_words_by_the_api(
    shop: World, repair: bool
) -> None:
    shop.put("destinations", "meta-main", shop.destination("meta-main").replace("act_12", "act_9"))
    with pytest.raises(ConfigurationError) as refused:
        shop.sync("meta-main", repair=repair)
    wanted = {"audience": "gold", "to": "meta-main", "mode": None, "dry_run": False, "approve": ""}
    told = exported(shop, wanted | ({"repair": True} if repair else {}))
    assert (told["status"], told["code"]) == ("failed", "configuration")
    assert told["detail"] == str(refused.value)


def exported(shop: World, wanted: dict[str, Any]) -> dict[str, Any]:
    """Ask for an export and carry it out, as the worker of `bridge serve` does."""
    shop.clock()
    workspace = shop.open()
    desk = Desk(workspace.lake.store, workspace.kv, MemoryJobs(), workspace.clock)
    export = exports.ask(desk, "k", wanted)
    carry_out(workspace, exports.JOB, export.id)
    shown = exports.show(desk, export.id)
    assert shown is not None
    return shown
