"""The guard: a run that changes too much stops, and a token lets exactly that much through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audiences.flows.runs import list_runs
from audiences.flows.sync import stopped
from tests.flow.sync_world import World, customers

TO = "meta-main"
STRICT = "{max_removed_percent: 20, max_change_percent: 50}"


@pytest.fixture
def shop(world: World) -> World:
    """Forty members are held, and the next run may remove a fifth of them."""
    world.put("destinations", TO, world.destination(TO, STRICT))
    world.customers(customers(range(1, 41)))
    assert world.sync(TO).status == "done"
    world.day = 1
    return world


def lose(world: World, numbers: range) -> None:
    world.customers([replace(one, tier="iron") for one in customers(numbers)])


def test_a_first_sync_is_not_stopped(shop: World) -> None:
    shop.in_step(TO, customers(range(1, 41)))


def test_a_small_change_passes(shop: World) -> None:
    lose(shop, range(1, 9))
    assert shop.sync(TO).status == "done"


def test_a_large_removal_stops_before_anything_is_sent(shop: World) -> None:
    lose(shop, range(1, 10))
    before = len(shop.requests())
    report = shop.sync(TO)
    assert (report.status, report.removes) == ("stopped", 9)
    assert "9 of 40" in report.stopped
    assert report.token
    assert len(shop.requests()) == before
    assert report.token in str(stopped(report))
    assert stopped(report).exit_code == 3
    assert list_runs(shop.open())[0]["status"] == "stopped"
    shop.in_step(TO, customers(range(1, 41)))


def test_a_large_addition_stops_too(shop: World) -> None:
    shop.customers(customers(range(100, 121)))
    assert shop.sync(TO).status == "stopped"


def test_the_token_lets_it_through(shop: World) -> None:
    lose(shop, range(1, 30))
    report = shop.sync(TO, approve=shop.sync(TO).token)
    assert (report.status, report.removes) == ("done", 29)
    shop.in_step(TO, customers(range(30, 41)))


@pytest.mark.parametrize("wrong", ["", "0" * 12, "no"])
def test_another_token_does_not(shop: World, wrong: str) -> None:
    lose(shop, range(1, 30))
    assert shop.sync(TO, approve=wrong).status == "stopped"
    shop.in_step(TO, customers(range(1, 41)))


def test_the_token_is_for_that_much_and_no_more(shop: World) -> None:
    lose(shop, range(1, 12))
    token = shop.sync(TO).token
    lose(shop, range(12, 14))
    report = shop.sync(TO, approve=token)
    assert report.status == "stopped"
    assert report.token != token


def test_the_token_is_for_that_state_and_no_other(shop: World) -> None:
    lose(shop, range(1, 12))
    token = shop.sync(TO).token
    assert shop.sync(TO, approve=token).status == "done"
    shop.day = 2
    lose(shop, range(12, 23))
    assert shop.sync(TO, approve=token).status == "stopped"


def test_the_token_is_for_that_destination(shop: World) -> None:
    shop.put("destinations", "google-main", shop.destination("google-main", STRICT))
    shop.day = 0
    shop.sync("google-main")
    shop.day = 1
    lose(shop, range(1, 12))
    tokens = {shop.sync(TO).token, shop.sync("google-main").token}
    assert len(tokens) == 2


def test_a_dry_run_says_that_it_would_stop(shop: World) -> None:
    lose(shop, range(1, 30))
    report = shop.sync(TO, dry_run=True)
    assert report.status == "dry_run"
    assert "29 of 40" in report.stopped


def test_an_input_that_is_gone_stops_a_run_that_would_change_something(shop: World) -> None:
    lake = shop.open().lake
    (first, *_) = sorted(lake.committed())
    lake.store.delete([f"commits/{first}.json"])
    shop.customers(customers([90]))
    report = shop.sync(TO)
    assert report.status == "stopped"
    assert "input is missing" in report.stopped
    assert shop.sync(TO, approve=report.token).status == "done"
    assert shop.sync(TO).status == "done"
