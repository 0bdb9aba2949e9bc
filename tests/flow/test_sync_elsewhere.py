"""Syncs to platforms that write to people and to receivers of files, from records to members."""

from __future__ import annotations

import pytest

from shared.errors import ConfigurationError
from shared.ports import HttpAnswer
from tests.fakes import FakeHttp
from tests.flow.sync_world import World, customers, sha

PLACE = """\
name: there
platform: {slug}
account: shop
credentials: sandbox
base_url: {url}/{slug}
guard: {{max_removed_percent: 100, max_change_percent: 100000}}
"""
FIRST, THEN = customers(range(8), device=False), customers(range(3), device=False, tier="none")
PARQUET = "options: {format: parquet, compression: snappy}\n"
PLACES = [
    *((slug, "") for slug in ("webhook", "braze", "klaviyo", "onesignal", "file_drop")),
    ("file_drop", PARQUET),
]


def members(world: World, slug: str) -> set[str]:
    shown = world.platform_audiences(slug)
    told = [world.look(f"state/{slug}/{each}")["members"] for each in shown]
    return {member for one in told for member in one}


@pytest.mark.parametrize(("slug", "options"), PLACES)
def test_whoever_comes_and_goes_does_so_there(world: World, slug: str, options: str) -> None:
    world.put("destinations", "there", PLACE.format(slug=slug, url=world.url) + options)
    world.customers(FIRST)
    report = world.sync("there")
    assert (report.status, report.accepted) == ("done", 8)
    wanted = {one.id for one in FIRST}
    if slug == "file_drop":
        wanted = {f"{one.id},{sha(one.mail)},{sha(one.phone)}" for one in FIRST}
    assert members(world, slug) == wanted
    assert world.sync("there").requests == 0
    world.day = 1
    world.customers(THEN)
    assert world.sync("there").removes == 3
    left = {member for member in wanted if int(member[1:6]) >= 3}
    assert members(world, slug) == left


def test_whoever_says_no_is_not_left_in_files_that_take_nobody_out(world: World) -> None:
    options = "options: {convention: liveramp}\n"
    world.put("destinations", "there", PLACE.format(slug="file_drop", url=world.url) + options)
    world.customers(FIRST)
    store = FakeHttp(lambda _: HttpAnswer(status=200))
    assert world.sync("there", http=store, mode="add").accepted == 8
    world.day = 1
    world.customers(customers([2], device=False, ads="no"))
    with pytest.raises(
        ConfigurationError, match="1 of 'gold' may not be held any more: use mode r"
    ):
        world.sync("there", http=store, mode="add")
    world.sync("there", http=store, mode="replace")
    first, second = (one.body.decode() for one in store.requests)
    assert sha(FIRST[2].mail) in first
    assert sha(FIRST[2].mail) not in second
    assert second.count("\n") == 7
