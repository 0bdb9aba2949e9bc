"""Drift: the platform's own size against ours, and the repair that sends everything again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from audiences.flows.drift import Drift, drift_report
from shared.errors import ConfigurationError
from shared.ports import HttpAnswer, HttpRequest
from tests.fakes import FakeHttp
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
    workspace = replace(shop.open(), notify=told, http=http)
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
