"""Sync end to end: each platform ends with exactly the members, and is told no more than needed."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from audiences.flows.runs import verify_ledger
from shared.errors import ConfigurationError, RetryableError
from tests.flow.sync_world import GOLD, PLATFORMS, SEEN, World, customers, keys, sha

DESTINATIONS = sorted(PLATFORMS)
everywhere = pytest.mark.parametrize("to", DESTINATIONS)


@everywhere
def test_a_first_sync_gives_the_platform_every_member(world: World, to: str) -> None:
    people = customers(range(1, 30))
    world.customers([*people, *customers(range(40, 50), tier="iron")])
    report = world.sync(to)
    world.in_step(to, people)
    assert (report.status, report.adds, report.removes) == ("done", 29, 0)
    assert (report.accepted, report.rejected, report.unknown) == (29, 0, 0)
    assert report.digest == world.plan(report.run).digest


@everywhere
def test_a_second_sync_sends_nothing(world: World, to: str) -> None:
    world.customers(customers(range(1, 30)))
    world.sync(to)
    before = len(world.requests())
    report = world.sync(to)
    assert (report.status, report.requests, report.adds, report.removes) == ("done", 0, 0, 0)
    assert len(world.requests()) == before


@everywhere
def test_who_leaves_is_taken_back_and_who_comes_is_added(world: World, to: str) -> None:
    people = customers(range(1, 30))
    world.customers(people)
    world.sync(to)
    world.day = 1
    world.customers([replace(one, tier="iron") for one in people[:3]] + customers([90, 91]))
    report = world.sync(to)
    world.in_step(to, [*people[3:], *customers([90, 91])])
    assert (report.adds, report.removes, report.changed) == (2, 3, 0)


@pytest.mark.parametrize("to", ["meta-main", "google-main"])
def test_a_changed_identifier_goes_out_under_the_old_keys_and_in_under_the_new(
    world: World, to: str
) -> None:
    """An address that is new to a person comes beside the old one, which is theirs as well."""
    people = customers(range(1, 10))
    world.customers(people)
    world.sync(to)
    old = people[0].key(PLATFORMS[to])
    assert old in world.members(to)
    world.day = 1
    world.customers([replace(people[0], email="anew@example.com")])
    report = world.sync(to)
    assert (report.adds, report.removes, report.changed) == (0, 0, 1)
    members = world.members(to)
    assert members == set(world.held_keys(to))
    assert members >= keys(people[1:], PLATFORMS[to])
    mine = members - keys(people[1:], PLATFORMS[to])
    told = {part for member in mine for part in member.split(",")}
    assert {sha("anew@example.com"), sha(people[0].mail)} <= told
    if to == "google-main":
        removed = [r for r in world.requests("google") if ":remove" in r["path"]]
        assert old.split(",")[0] in removed[0]["body"]
        assert sha("anew@example.com") not in removed[0]["body"]


@everywhere
def test_withdrawn_consent_takes_a_member_back(world: World, to: str) -> None:
    people = customers(range(1, 10), ads="yes")
    world.customers(people)
    world.sync(to)
    world.day = 1
    world.customers([replace(people[4], ads="no")])
    report = world.sync(to)
    world.in_step(to, people[:4] + people[5:])
    assert report.removes == 1
    assert report.dropped == {"consent_denied": 1}


@everywhere
def test_in_the_eea_silence_is_no_consent(world: World, to: str) -> None:
    asked, silent = customers(range(1, 4), country="DE", ads="yes"), customers([5], country="DE")
    elsewhere = customers([7, 8])
    world.customers([*asked, *silent, *elsewhere])
    report = world.sync(to)
    world.in_step(to, [*asked, *elsewhere])
    assert report.dropped == {"consent_missing": 1}
    assert not any(silent[0].key(PLATFORMS[to]) in one["body"] for one in world.requests())


@everywhere
def test_who_must_not_be_contacted_is_never_sent_and_is_taken_back(world: World, to: str) -> None:
    people, stopped = customers(range(1, 10)), customers([20], stop="true")
    world.customers([*people, *stopped])
    world.sync(to)
    world.in_step(to, people)
    world.day = 1
    world.customers([replace(people[0], stop="true")])
    world.sync(to)
    world.in_step(to, people[1:])
    told = " ".join(one["body"] for one in world.requests(PLATFORMS[to]))
    assert not any(part in told for part in stopped[0].key(PLATFORMS[to]).split(","))


@everywhere
def test_the_holdout_is_never_sent(world: World, to: str) -> None:
    people = customers(range(1, 60))
    world.customers(people)
    report = world.sync(to, "half")
    held_out = report.dropped["held_out"]
    members = world.members(to, "half")
    assert 10 < held_out < 50
    assert len(members) == 59 - held_out
    assert members < keys(people, PLATFORMS[to])
    told = " ".join(one["body"] for one in world.requests(PLATFORMS[to]))
    kept_back = keys(people, PLATFORMS[to]) - members
    assert not any(part in told for key in kept_back for part in key.split(","))


@everywhere
def test_a_dry_run_sends_nothing_and_plans_the_bytes_of_the_real_run(world: World, to: str) -> None:
    world.customers(customers(range(1, 10)))
    dry = world.sync(to, dry_run=True)
    assert (dry.status, dry.adds, dry.accepted) == ("dry_run", 9, 0)
    assert world.requests() == []
    real = world.sync(to)
    assert real.digest == dry.digest
    for planned in world.plan(dry.run).requests:
        assert world.open().lake.store.get(f"outbox/{dry.run}/{planned.id}.body")


@everywhere
def test_a_dry_run_of_a_later_change_plans_the_bytes_of_the_real_run(world: World, to: str) -> None:
    people = customers(range(1, 10))
    world.customers(people)
    world.sync(to)
    world.day = 2
    world.customers([replace(people[0], tier="iron"), *customers([30])])
    dry, real = world.sync(to, dry_run=True), world.sync(to)
    assert (dry.adds, dry.removes) == (1, 1)
    assert dry.digest == real.digest


@everywhere
def test_mode_add_never_removes(world: World, to: str) -> None:
    """So a device, which must be taken back in time, goes there only where it is forgotten."""
    seen = {"device": to == "ttd-main"}
    people, late = customers(range(1, 10), **seen), customers([30], **seen)
    world.customers(customers(range(1, 10)))
    world.sync(to, mode="add")
    world.day = 1
    world.customers([replace(people[0], tier="iron"), *late])
    report = world.sync(to, mode="add")
    assert (report.adds, report.removes) == (1, 0)
    world.in_step(to, [*people, *late])
    if to == "meta-main":
        assert not any(people[1].gaid in one["body"] for one in world.requests())


def test_a_platform_takes_a_mode_that_it_has(world: World) -> None:
    world.customers(customers([1]))
    with pytest.raises(ConfigurationError, match=r"The Trade Desk[^']*has no mode 'replace'"):
        world.sync("ttd-main", mode="replace")


def test_a_replacement_takes_the_place_of_all_that_was_there(world: World) -> None:
    people = customers(range(1, 8))
    world.customers(people[:5])
    world.sync("meta-main")
    world.day = 1
    world.customers([replace(people[0], tier="iron"), *people[5:]])
    report = world.sync("meta-main", mode="replace")
    world.in_step("meta-main", people[1:])
    assert (report.status, report.accepted, report.rejected) == ("done", 7, 0)
    assert (report.adds, report.removes, report.refreshed) == (2, 1, 4)
    out = [row for row in world.sends() if row["run"] == report.run and row["op"] == "remove"]
    assert [row["outcome"] for row in out] == ["accepted"]
    world.day = 2
    assert world.sync("meta-main").requests == 0


def test_the_fewest_calls_that_the_limits_allow(world: World) -> None:
    """3,300 ids at 1,600 a request are three calls; to take them back and add five, four."""
    devices = [{"id_type": "cookie", "id": f"c-{n:06d}", "traits": "shoes"} for n in range(3300)]
    world.sightings(devices)
    first = world.sync("ttd-main", "seen")
    assert first.requests == math.ceil(3300 / 1600) == len(world.requests())
    world.day = 1
    fresh = [{"id_type": "cookie", "id": f"n-{n}", "traits": "shoes"} for n in range(5)]
    world.sightings(fresh * 2)
    world.put("audiences", "seen", SEEN.replace("at_least: 1", "at_least: 2"))
    second = world.sync("ttd-main", "seen")
    assert (second.adds, second.removes, second.requests) == (5, 3300, 4)
    assert len(world.requests()) == 3 + 4
    assert world.members("ttd-main", "seen") == {f"n-{n}" for n in range(5)}


@pytest.mark.parametrize(("to", "calls"), [("meta-main", 3), ("google-main", 4), ("ttd-main", 1)])
def test_a_small_first_sync_takes_the_fewest_calls(world: World, to: str, calls: int) -> None:
    """Look for the audience, make it, send; and at Google ask for the outcome."""
    world.post("limits", {"google": {"polls": 1, "milliseconds": 0}})
    world.customers(customers(range(1, 10)))
    world.sync(to)
    assert len(world.requests()) == calls


def test_three_platforms_keep_step_through_a_week_of_changes(world: World) -> None:
    people = {one.number: one for one in customers(range(1, 40))}
    for day in range(4):
        world.day = day
        gone = [replace(people[n], tier="iron") for n in range(1 + day * 5, 4 + day * 5)]
        come = customers(range(100 + day * 10, 104 + day * 10))
        people |= {one.number: one for one in [*gone, *come]}
        world.customers(list(people.values()) if day == 0 else [*gone, *come])
        for to in DESTINATIONS:
            world.sync(to)
            world.in_step(to, [one for one in people.values() if one.tier == "gold"])
    found = verify_ledger(world.open())
    assert (found.faults, found.links) == ((), 12)
    assert found.rows == len(world.sends())


def test_two_syncs_of_one_pair_never_run_at_once(world: World) -> None:
    world.customers(customers([1]))
    with world.open().lock("sync/meta-main/gold"), pytest.raises(RetryableError, match="at work"):
        world.sync("meta-main")
    assert world.requests() == []


def test_an_audience_follows_those_that_it_names(world: World) -> None:
    """Within the hour in which a snapshot stands, another rule of a named audience still counts."""
    people = customers(range(1, 10))
    world.customers(people)
    world.put("audiences", "half", "name: half\nwhere: {profile: {field: country, is: US}}\n")
    world.put("audiences", "gold", GOLD.replace("[do-not-contact]", "[do-not-contact, half]"))
    world.sync("meta-main")
    world.in_step("meta-main", people)
    rule = f"profile: {{field: external_id, in: [{people[0].id}, {people[1].id}]}}"
    world.put("audiences", "half", f"name: half\nwhere: {{{rule}}}\n")
    world.sync("meta-main")
    world.in_step("meta-main", people[2:])
    before = len(world.requests())
    world.sync("meta-main")
    assert len(world.requests()) == before


def test_a_fault_in_another_audience_s_file_stops_only_that_one(world: World) -> None:
    people = customers(range(1, 5))
    world.customers(people)
    world.put("audiences", "broken", "name: broken\nwhere: {nonsense: 1}\n")
    world.sync("meta-main")
    world.in_step("meta-main", people)
    world.put("audiences", "gold", GOLD.replace("[do-not-contact]", "[broken]"))
    with pytest.raises(ConfigurationError, match=r"audiences/broken\.yaml:2"):
        world.sync("meta-main")
    world.put("audiences", "gold", GOLD.replace("[do-not-contact]", "[brokn]"))
    with pytest.raises(ConfigurationError, match="brokn"):
        world.sync("meta-main")
