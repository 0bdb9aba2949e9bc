"""Syncs by TikTok's file flow: uploads count when the audience has taken them up."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import requests

from shared.errors import RejectedError
from tests.flow.sync_world import Customer, World, customers, sha

PLACE = """\
name: there
platform: tiktok
account: "12"
credentials: sandbox
base_url: {url}/tiktok
options: {{flow: files, rows_per_request: "400"}}
guard: {{max_removed_percent: 100, max_change_percent: 100000}}
"""
PEOPLE = customers(range(1_003), device=False)


def called(world: World, path: str, **how: Any) -> dict[str, Any]:
    answer = requests.post(
        f"{world.url}/tiktok/dmp/custom_audience/{path}/",
        headers={"access-token": "sandbox"},
        timeout=30,
        **how,
    ).json()
    assert answer["code"] == 0, answer
    data: dict[str, Any] = answer["data"]
    return data


def made_there(world: World, name: str = "gold") -> str:
    """Make the audience as a person would, from a file of strangers."""
    lines = [sha(f"stranger {number}") for number in range(1_000)]
    content = "\n".join(["Email_SHA256", *lines]).encode()
    form = {
        "advertiser_id": "12",
        "calculate_type": "MULTIPLE_TYPES",
        "file_signature": hashlib.md5(content, usedforsecurity=False).hexdigest(),
    }
    path = called(world, "file/upload", data=form, files={"file": ("x.csv", content)})["file_path"]
    body = {
        "advertiser_id": "12",
        "custom_audience_name": name,
        "calculate_type": "MULTIPLE_TYPES",
        "file_paths": [path],
    }
    return str(called(world, "create", json=body)["custom_audience_id"])


def held(world: World, audience: str) -> set[str]:
    members: list[str] = world.look(f"state/tiktok/{audience}")["members"]
    return set(members)


def lines(people: list[Customer]) -> set[str]:
    return {f"{sha(one.mail)},{sha(one.phone)}" for one in people}


@pytest.fixture
def filled(world: World) -> str:
    world.put("destinations", "there", PLACE.format(url=world.url))
    audience = made_there(world)
    world.customers(PEOPLE)
    return audience


def test_a_replacement_and_then_changes_leave_exactly_the_members(
    world: World, filled: str
) -> None:
    report = world.sync("there", mode="replace")
    assert (report.status, report.accepted, report.requests) == ("done", 1_003, 4)
    assert held(world, filled) == lines(PEOPLE)
    assert world.sync("there").requests == 0
    world.day = 1
    world.customers(customers([0, 1], device=False, tier="none"))
    world.customers(customers([2_000], device=False))
    report = world.sync("there")
    assert (report.adds, report.removes, report.status) == (1, 2, "done")
    assert held(world, filled) == lines([*PEOPLE[2:], *customers([2_000], device=False)])


def test_a_change_that_is_not_taken_up_counts_for_nothing(world: World, filled: str) -> None:
    """1,000 is the least that an audience may have: the removal of more is refused, and kept."""
    world.sync("there", mode="replace")
    world.day = 1
    world.customers(customers(range(5), device=False, tier="none"))
    with pytest.raises(RejectedError, match="40002"):
        world.sync("there")
    assert held(world, filled) == lines(PEOPLE)
    world.day = 2
    world.customers(customers(range(2_000, 2_010), device=False))
    world.sync("there", mode="replace")
    assert held(world, filled) == lines(
        [*PEOPLE[5:], *customers(range(2_000, 2_010), device=False)]
    )


def test_an_audience_that_is_not_there_is_asked_for(world: World) -> None:
    world.put("destinations", "there", PLACE.format(url=world.url))
    made_there(world, "another")
    world.customers(PEOPLE[:10])
    with pytest.raises(RejectedError, match="has no audience 'gold' that can be filled so"):
        world.sync("there", mode="replace")
