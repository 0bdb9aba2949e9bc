"""What we say a forgetting platform holds is what it holds, to the minute, whenever we look."""

from __future__ import annotations

import pytest

from audiences.lake import now, snapshot
from audiences.lake.query import connect, one, view_links
from infra.local.demo.story import held_digest
from tests.flow.sync_world import World, customers

MINUTE = 1 / 24 / 60
SENT = 17 * MINUTE  # a quarter past midnight, so that lifetimes on the wire count from 01:00


@pytest.mark.parametrize("minutes", [-90.0, -44.0, -43.0, -42.0, -1.0, 0.0, 1.0])
def test_platform_and_account_forget_together(world: World, minutes: float) -> None:
    """Around the end of an id's life the platform's members are ours at every minute."""
    world.day = SENT - 3
    world.sightings([{"id_type": "cookie", "id": "ABC-1", "traits": "shoes"}])
    world.day = SENT
    assert world.sync("ttd-main", "seen").accepted == 1
    world.day = SENT + 87 + minutes * MINUTE
    world.clock()
    count, digest = held_digest(world.open(), "ttd-main", "seen")
    theirs = world.platform_audiences("the_trade_desk").get("seen", {"count": 0})
    assert theirs["count"] == count
    assert not count or theirs["digest"] == digest
    assert not count or minutes < 0


def test_membership_ends_with_the_sighting_that_it_rests_on(world: World) -> None:
    """Also within the hour in which a build of the same records stands."""
    seen = "name: shod\nwhere: {seen: {trait: shoes}}\n"
    world.put("audiences", "shod", seen)
    world.put("audiences", "shod-too", "name: shod-too\nwhere: {member_of: shod}\n")
    people = customers([1, 2])
    world.customers(people[:1])
    world.day = 1
    world.customers(people[1:])
    world.day = 90 - 10 * MINUTE
    for audience in ("shod", "shod-too"):
        assert world.sync("google-main", audience).adds == 2
    world.day = 90 + 10 * MINUTE
    for audience in ("shod", "shod-too"):
        report = world.sync("google-main", audience)
        assert (report.adds, report.removes) == (0, 1)
        world.in_step("google-main", people[1:], audience)


def test_a_shortened_lifetime_ends_what_was_taken_in_under_a_longer_one(world: World) -> None:
    people = customers([1, 2])
    world.customers(people)
    web = [
        {"id_type": "cookie", "id": "ABC-1", "traits": "shoes"}
        | {"link_type": "external_id", "link_value": people[0].id},
        {"id_type": "partner:tdid", "id": "ABC-2", "traits": "shoes"},
    ]
    world.sightings(web)
    event = {"name": "visit", "at": world.now.isoformat(), "external_id": people[1].id}
    world.ingest("events", [event | {"cookie": "ABC-3"}])
    world.day = 5
    world.sightings(web[:1])
    world.day = 8
    assert world.sync("ttd-main", "seen").adds == 4
    toml = world.folder / "bridge.toml"
    settings = toml.read_text()
    for days, cookies in ((9, 1), (3, 0)):  # ABC-1 lives on by its second visit, then it does not
        toml.write_text(f"{settings}\n[lifetimes]\ncookie = {days}\n")
        world.day = 10
        assert live(world, "sightings_now", "id_type = 'cookie'", "device") == cookies
        assert live(world, "people_now", "type = 'cookie'", "key") == cookies
        assert live(world, "live_links", "b_type = 'cookie'", "b") == cookies
        assert live(world, "people_now", "type = 'gaid'", "key") == 2
    report = world.sync("ttd-main", "seen")
    assert (report.adds, report.removes) == (0, 1)
    assert world.members("ttd-main", "seen") == {"ABC-2", *(one.gaid for one in people)}
    assert not live(world, "people_now", "type = 'cookie'", "key")


def live(world: World, table: str, test: str, key: str) -> int:
    """Count what readers see now of the newest snapshots, without refreshing them."""
    workspace = world.open()
    lake, at = workspace.lake, workspace.now()
    with connect(lake.scratch) as con:
        now.people(con, lake, snapshot.latest(lake, "people"), at)
        now.sightings(con, lake, at)
        view_links(con, lake, at)
        found: int = one(con, f"SELECT count(DISTINCT {key}) FROM {table} WHERE {test}")[0]
        return found
