"""UID2s at The Trade Desk: raw ones that came in as sightings, and those that contacts map to."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from audiences.flows.match_loss import match_loss
from audiences.flows.replay import replay_run
from tests.builders import rows_of
from tests.flow.sync_world import Customer, LossyHttp, World, customers
from tests.flow.uid2_world import TTD, UID2, asked, mapped, said, sighted, uids, warned


def test_a_raw_uid2_is_sent_as_it_is_and_ends_with_its_life(world: World) -> None:
    people = customers([1], device=False)
    world.customers(people)
    sighted(world, people[0], UID2)
    assert world.sync(TTD).accepted == 1
    assert world.members(TTD) == {UID2}
    world.day = 91
    world.clock()
    assert world.members(TTD) == set()
    assert world.sync(TTD).requests == 0


def test_customers_known_by_mail_and_phone_alone_reach_the_trade_desk(world: World) -> None:
    people = customers(range(5), device=False)
    world.customers(people)
    mapped(world)
    before = world.sync(TTD, dry_run=True)
    assert (before.adds, asked(world)) == (0, 0), "a dry run asks nobody"
    assert "10 e-mail addresses and phone numbers have no fresh UID2" in warned(before)
    done = world.sync(TTD)
    assert (done.accepted, done.dropped) == (10, {})
    assert world.members(TTD) == uids(world, people)
    again = world.sync(TTD)
    assert (again.requests, asked(world)) == (0, 1), "nothing was due"
    assert "no fresh" not in warned(world.sync(TTD, dry_run=True))
    assert replay_run(world.open(), done.run).same


def test_a_raw_id_lives_for_ninety_days_and_its_successor_takes_its_place_in_one_run(
    world: World,
) -> None:
    people = customers(range(40), device=False)
    world.customers(people)
    mapped(world)
    world.sync(TTD)
    first = uids(world, people)
    ends = {key["value"]: key["expires_at"] for row in world.held(TTD) for key in row["keys"]}
    assert ends == dict.fromkeys(first, world.now + timedelta(days=90))
    world.day = 31
    network = LossyHttp(lambda _: "")
    done = world.sync(TTD, http=network)
    assert asked(world) == 2
    assert world.members(TTD) == uids(world, people)
    changed = first - world.members(TTD)
    assert changed, "some of 80 change in 31 days"
    assert (done.removes, done.adds) == (len(changed), len(changed))
    bodies = [json.loads(one.body) for one in network.sent if "/the_trade_desk/" in one.url]
    lives = {
        item["UID2"]: item["Data"][0]["TtlInMinutes"] for body in bodies for item in body["Items"]
    }
    assert {uid for uid, minutes in lives.items() if not minutes} == changed


def test_who_has_opted_out_is_dropped_whole_and_counted(world: World) -> None:
    out = Customer(number=1, email="optout@example.com")  # with a phone and a device
    world.customers([out, *customers([2], device=False)])
    mapped(world)
    done = world.sync(TTD)
    assert done.dropped == {"uid2_optout": 1}
    assert world.members(TTD) == uids(world, customers([2]))
    assert world.sync(TTD, dry_run=True).dropped == {"uid2_optout": 1}
    loss = match_loss(world.open(), "gold", TTD)
    assert {one["outcome"]: one["members"] for one in loss.outcomes} == {
        "matched": 1,
        "uid2_optout": 1,
    }
    assert loss.dropped == {"uid2_optout": 1}
    world.day = 6.9
    world.sync(TTD)
    assert asked(world) == 1
    world.day = 7.1
    world.sync(TTD)
    assert asked(world) == 2, "an opt-out may be taken back: it is asked about after a week"


@pytest.mark.parametrize("mode", ["mirror", "add"])
def test_who_opts_out_later_is_taken_out_in_every_mode(world: World, mode: str) -> None:
    one = customers([1])[0]
    world.customers([one])
    mapped(world)
    assert world.sync(TTD, mode=mode).accepted == 3
    world.day = 1
    world.customers([Customer(number=1, email="optout@example.com")])
    assert world.sync(TTD, mode=mode).removes
    assert world.members(TTD) == set()


def test_a_sighting_of_the_same_raw_id_is_the_same_row(world: World) -> None:
    one = customers([1], device=False)[0]
    world.customers([one])
    sighted(world, one, said(world, "email", one.mail)["u"])
    mapped(world)
    assert world.sync(TTD).accepted == 2
    assert world.members(TTD) == uids(world, [one])
    ends = {key["value"]: key["expires_at"] for row in world.held(TTD) for key in row["keys"]}
    assert set(ends) == uids(world, [one])
    (seen,) = rows_of(world.open(), "sightings")
    assert seen["key"] in {row["unit"] for row in world.held(TTD)}


def test_a_sighting_of_the_id_before_gives_way_to_the_new_one(world: World) -> None:
    turned = next(
        one
        for one in customers(range(200), device=False)
        if said(world, "email", one.mail)["p"] is not None
    )
    world.customers([turned])
    sighted(world, turned, said(world, "email", turned.mail)["p"])
    mapped(world)
    world.sync(TTD)
    assert world.members(TTD) == uids(world, [turned])


def test_an_operator_is_told_who_it_is_asked_for_as_euid(world: World) -> None:
    people = customers([1], device=False)
    world.customers(people)
    mapped(world, identity="euid")
    assert world.sync(TTD).accepted == 2
    assert {key["wire"] for row in world.held(TTD) for key in row["keys"]} == {"EUID"}


def test_a_destination_without_an_operator_says_whom_it_misses(world: World) -> None:
    world.customers(customers([1], device=False))
    told = warned(world.sync(TTD, dry_run=True))
    assert "customers known by e-mail or phone are not mapped: add `uid2:`" in told
    assert "destinations/ttd-main.yaml" in told
    (loss,) = match_loss(world.open(), "gold", TTD).outcomes
    assert (loss["outcome"], loss["members"]) == ("not_mapped", 1)


def outcomes(world: World) -> dict[str, int]:
    loss = match_loss(world.open(), "gold", TTD)
    return {one["outcome"]: one["members"] for one in loss.outcomes}


def test_the_autopsy_tells_what_is_due_from_what_there_is_not(world: World) -> None:
    world.customers(customers([1, 2], device=False))
    mapped(world)
    world.sync(TTD, dry_run=True)
    assert outcomes(world) == {"uid2_due": 2}
    world.faults(1.0, "partial")  # a tenth of what is asked is said to be invalid: one of four
    world.sync(TTD)
    world.faults(0.0)
    assert outcomes(world) == {"matched": 2}
