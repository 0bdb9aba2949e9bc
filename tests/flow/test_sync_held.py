"""What is held is read without what is over, and a sweep rids the lake of it."""

from __future__ import annotations

import pytest

from audiences.flows.expire import expire
from audiences.flows.person import find_person
from audiences.flows.runs import list_runs, verify_ledger
from tests.flow.sync_world import DiedError, LossyHttp, World, customers

TO = "ttd-main"
OWNER = customers([1])[0]


@pytest.fixture
def shop(world: World) -> World:
    """Two cookies and a customer's phone are held; the Safari cookie lives for a week."""
    world.customers([OWNER])
    world.sightings(
        [
            {"id_type": "cookie", "id": "short", "browser": "Safari", "traits": "shoes"},
            {"id_type": "cookie", "id": "long", "browser": "Firefox", "traits": "shoes"},
        ]
    )
    world.sync(TO, "seen")
    world.sync("meta-main")
    world.day = 8
    return world


def values(shop: World, to: str = TO, audience: str = "seen") -> set[str]:
    return {key["value"] for row in shop.held(to, audience) for key in row["keys"]}


def test_a_sweep_writes_what_is_held_anew_without_the_dead(shop: World) -> None:
    assert values(shop) == {"short", "long", OWNER.gaid}
    before = len(shop.requests())
    assert expire(shop.open()).files > 0
    assert values(shop) == {"long", OWNER.gaid}
    states = [f.key for f in shop.open().lake.store.list(f"held/{TO}/seen/")]
    assert len(states) == 2  # one file and its manifest: older states named the dead
    assert shop.sync(TO, "seen").requests == 0
    assert len(shop.requests()) == before
    assert shop.members(TO, "seen") == {"long", OWNER.gaid}
    assert verify_ledger(shop.open()).faults == ()


def test_a_second_sweep_finds_nothing(shop: World) -> None:
    expire(shop.open())
    assert expire(shop.open()).files == 0


def test_a_row_that_is_held_loses_only_its_dead_key(shop: World) -> None:
    """Meta still holds the customer under their other keys, and is told so by these."""
    shop.day = 91
    expire(shop.open())
    assert values(shop, "meta-main", "gold") == {*OWNER.key("meta").split(",")[:3]}
    report = shop.sync("meta-main")
    assert report.changed == 1
    assert not any(OWNER.gaid in r["body"] for r in shop.requests("meta")[-2:])


def test_a_run_under_way_keeps_its_state_and_is_gone_on_with(shop: World) -> None:
    shop.sightings([{"id_type": "cookie", "id": "later", "traits": "shoes"}])
    with pytest.raises(DiedError):
        shop.sync(TO, "seen", http=LossyHttp(lambda _: "die"))
    expire(shop.open())
    run = list_runs(shop.open())[0]["run"]
    assert shop.sync(TO, "seen").resumed == run
    assert shop.members(TO, "seen") == {"long", "later", OWNER.gaid}
    assert values(shop) == {"long", "later", OWNER.gaid}


def test_a_sweep_beside_a_sync_leaves_that_pair_alone(shop: World) -> None:
    with shop.open().lock(f"sync/{TO}/seen"):
        expire(shop.open())
    assert "short" in values(shop)


def test_a_person_s_view_names_no_platform_that_has_forgotten(shop: World) -> None:
    shop.day = 91
    found = find_person(shop.open(), kind="email", value=OWNER.mail)
    assert {one["destination"] for one in found.platforms} == {"meta-main"}
