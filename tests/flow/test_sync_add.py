"""Mode add: what it takes back all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.flow.sync_world import GOLD, PLATFORMS, World, customers

everywhere = pytest.mark.parametrize("to", sorted(PLATFORMS))


@everywhere
def test_mode_add_takes_back_who_said_no_and_whom_suppression_names(world: World, to: str) -> None:
    """Whether they still match the rule or not; who merely left the audience stays."""
    seen = {"device": to == "ttd-main"}
    people = customers(range(1, 10), **seen)
    world.customers(people)
    world.sync(to, mode="add")
    world.day = 1
    changed = [
        replace(people[0], ads="false"),
        replace(people[1], ads="false", tier="iron"),
        replace(people[2], stop="true"),
        replace(people[3], stop="true", tier="iron"),
        replace(people[4], tier="iron"),
    ]
    world.customers(changed)
    report = world.sync(to, mode="add")
    assert (report.adds, report.removes) == (0, 4)
    world.in_step(to, people[4:])


def test_mode_add_takes_back_the_members_of_a_suppressed_audience(world: World) -> None:
    people = customers(range(1, 5), device=False)
    world.customers(people)
    iron = "name: iron\nwhere: {profile: {field: attributes.tier, is: iron}}\n"
    world.put("audiences", "iron", iron)
    world.put("audiences", "gold", GOLD.replace("[do-not-contact]", "[iron]"))
    world.sync("meta-main", mode="add")
    world.day = 1
    world.customers([replace(people[0], tier="iron"), replace(people[1], tier="tin")])
    report = world.sync("meta-main", mode="add")
    assert (report.adds, report.removes) == (0, 1)
    world.in_step("meta-main", people[1:])
