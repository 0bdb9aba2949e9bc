"""A sync that sends nobody says why, and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.conftest import Answer
from tests.flow.sync_world import World, customers

RULE = "name: {name}\nwhere: {{profile: {{field: attributes.tier, is: {tier}}}}}\n"


def answered(
    bridge: Callable[..., Answer], world: World, audience: str, to: str
) -> tuple[str, dict[str, object]]:
    text = bridge("sync", audience, to, "-C", world.folder, "--dry-run")
    value = bridge("sync", audience, to, "-C", world.folder, "--dry-run", "--json")
    assert (text.code, value.code) == (0, 0), text.err
    return text.out, json.loads(value.out)["nobody"]


@pytest.fixture
def shop(world: World) -> World:
    world.customers(customers(range(1, 4)))
    for name, tier in (("gold", "gold"), ("none", "nobody-has-it")):
        world.put("audiences", name, RULE.format(name=name, tier=tier))
    return world


def test_an_audience_without_members_is_told(bridge: Callable[..., Answer], shop: World) -> None:
    text, value = answered(bridge, shop, "none", "meta-main")
    assert "nobody is in the audience" in text
    assert "bridge audience explain none" in text
    assert value == {"members": 0, "held": 0, "reasons": []}


def test_members_that_cannot_be_matched_are_told_with_the_commonest_reason(
    bridge: Callable[..., Answer], shop: World
) -> None:
    text, value = answered(bridge, shop, "gold", "ttd-main")
    assert "none of 3 members can be sent" in text
    (reason,) = value["reasons"]  # type: ignore[misc]
    assert reason["members"] == 3
    assert reason["says"] in " ".join(text.split())
    assert reason["fix"] in " ".join(text.split())


def test_a_pair_in_step_is_told_so(bridge: Callable[..., Answer], shop: World) -> None:
    assert bridge("sync", "gold", "meta-main", "-C", shop.folder).code == 0
    text, value = answered(bridge, shop, "gold", "meta-main")
    assert "in step: 3 rows held there" in text
    assert value == {"members": 3, "held": 3, "reasons": []}
