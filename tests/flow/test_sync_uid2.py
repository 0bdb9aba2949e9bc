"""Raw UID2s that came in as sightings reach The Trade Desk, and end there with their life."""

from __future__ import annotations

import base64

from tests.flow.sync_world import World, customers

UID2 = base64.b64encode(b"+/" * 16).decode()  # its letters keep their case


def test_a_raw_uid2_is_sent_as_it_is_and_ends_with_its_life(world: World) -> None:
    people = customers([1], device=False)
    world.customers(people)
    seen = {"id_type": "uid2", "id": UID2, "link_type": "external_id", "link_value": people[0].id}
    world.sightings([seen | {"traits": "shoes"}])
    assert world.sync("ttd-main").accepted == 1
    assert world.members("ttd-main") == {UID2}
    world.day = 91
    world.clock()
    assert world.members("ttd-main") == set()
    assert world.sync("ttd-main").requests == 0
