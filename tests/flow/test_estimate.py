"""Estimate: what a dry run says that the real run will take."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from infra.local.cli import app
from tests.flow.sync_world import World, customers


def told(world: World, to: str, options: str = "{}") -> dict[str, object]:
    world.put("destinations", to, world.destination(to) + f"options: {options}\n")
    return world.sync(to, dry_run=True).estimate


def test_minutes_follow_from_the_calls_and_the_pace(world: World) -> None:
    world.customers(customers(range(1, 13)))
    slow = told(world, "google-main", "{rows_per_request: 1, requests_per_second: 1}")
    assert (slow["calls"], slow["minutes"]) == (12, 0.2)
    fast = told(world, "google-main")
    assert fast["calls"] == 1
    assert len(slow["bodies"]) == 10  # type: ignore[arg-type]
    assert slow["more_bodies"] == 2


def test_money_is_unknown_unless_the_destination_says_a_price(world: World) -> None:
    world.customers(customers(range(1, 5)))
    assert told(world, "google-main")["money"] == "unknown"
    priced = told(world, "google-main", "{cost_per_thousand_rows: 250 USD}")
    assert priced["money"] == "1.00 USD"


def test_an_audience_below_the_smallest_size_is_warned_of_and_a_larger_one_is_not(
    world: World,
) -> None:
    world.customers(customers(range(1, 5), device=False))
    (warning,) = told(world, "google-main")["warnings"]  # type: ignore[misc, attr-defined]
    assert "100" in warning
    assert "4" in warning
    world.customers(customers(range(1, 111), device=False))
    assert told(world, "google-main")["warnings"] == []
    world.sync("google-main")
    world.customers(customers(range(111, 113), device=False))
    assert told(world, "google-main")["warnings"] == []  # 110 are held, two come


@pytest.mark.parametrize("to", ["meta-main", "google-main"])
def test_first_rows_are_shown_by_shape_and_the_bodies_are_those_of_the_real_run(
    world: World, to: str
) -> None:
    people = customers(range(1, 4))
    world.customers(people)
    dry = world.sync(to, dry_run=True)
    real = world.sync(to)
    assert dry.digest == real.digest
    bodies = {each["sha256"] for each in dry.estimate["bodies"]}
    assert bodies == {each.sha256 for each in world.plan(real.run).requests}
    text = json.dumps(dry.estimate["first_rows"])
    assert len(dry.estimate["first_rows"]) == 3
    for one in people:
        assert not any(value in text for value in (one.id, one.mail, one.gaid))
        assert not any(part in text for part in one.key("google").split(","))


def test_the_command_shows_it(world: World) -> None:
    world.customers(customers(range(1, 4)))
    asked = ["sync", "gold", "meta-main", "--dry-run", "--as-of", world.now.isoformat()]
    shown = CliRunner().invoke(app, [*asked, "-C", str(world.folder)])
    assert shown.exit_code == 0, shown.output
    assert "money: unknown" in shown.stdout
    assert "matched members" in " ".join(shown.stdout.split())
