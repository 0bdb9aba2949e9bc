"""UID2s at The Trade Desk: raw ones that came in as sightings, and those that contacts map to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

import pytest

from audiences.flows.match_loss import match_loss
from audiences.flows.replay import replay_run
from audiences.flows.run_report import Report
from infra.sandbox.uid2 import DAY, SECRET, raw_id
from shared.errors import BridgeError, ConfigurationError, CredentialError, RejectedError
from shared.ports import HttpRequest
from tests.builders import rows_of
from tests.flow.sync_world import Customer, DiedError, LossyHttp, World, customers

UID2 = base64.b64encode(b"+/" * 16).decode()  # its letters keep their case
OPERATOR = "uid2: {{credentials: {credentials}, base_url: {url}/uid2, identity: {identity}}}\n"
TTD = "ttd-main"


def mapped(world: World, credentials: str = "sandbox", identity: str = "uid2") -> None:
    """Give The Trade Desk an operator."""
    operator = OPERATOR.format(credentials=credentials, url=world.url, identity=identity)
    world.put("destinations", TTD, world.destination(TTD) + operator)


def said(world: World, kind: str, text: str) -> dict[str, Any]:
    """What the stand-in of an operator says of a contact on this day."""
    digest = hashlib.sha256(text.encode()).digest()
    return raw_id(kind, digest, int(world.now.timestamp()) // DAY)


def uids(world: World, people: Sequence[Customer]) -> set[str]:
    found = {said(world, "email", one.mail)["u"] for one in people}
    return found | {said(world, "phone", one.phone)["u"] for one in people}


def asked(world: World) -> int:
    return len(world.requests("uid2"))


def warned(report: Report) -> str:
    return " ".join(report.estimate["warnings"])


def sighted(world: World, one: Customer, uid: str) -> None:
    seen = {"id_type": "uid2", "id": uid, "link_type": "external_id", "link_value": one.id}
    world.sightings([seen | {"traits": "shoes"}])


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


def test_a_raw_id_ends_when_it_is_to_be_asked_for_again_and_is_never_sent_after(
    world: World,
) -> None:
    people = customers(range(40), device=False)
    world.customers(people)
    mapped(world)
    world.sync(TTD)
    ends = {key["value"]: key["expires_at"] for row in world.held(TTD) for key in row["keys"]}
    first = {
        said(world, kind, text)["u"]: said(world, kind, text)["r"]
        for kind, text in [("email", one.mail) for one in people]
        + [("phone", one.phone) for one in people]
    }
    assert {uid: at.timestamp() for uid, at in ends.items()} == first
    world.day = 31
    network = LossyHttp(lambda _: "")
    world.sync(TTD, http=network)
    assert asked(world) == 2
    assert world.members(TTD) == uids(world, people)
    changed = set(first) - world.members(TTD)
    assert changed, "some of 80 change in 31 days"
    sent = b"".join(request.body for request in network.sent)
    assert any(uid.encode() in sent for uid in world.members(TTD))
    assert not any(uid.encode() in sent for uid in changed)


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
    mail = said(world, "email", one.mail)
    assert ends[mail["u"]].timestamp() == mail["r"], "not 90 days after it was seen"


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


def test_whoever_may_not_be_sent_is_not_asked_about(world: World) -> None:
    world.customers([Customer(number=1, ads="no"), Customer(number=2, country="DE")])
    world.customers([Customer(number=3, stop="true")])
    mapped(world)
    done = world.sync(TTD)
    assert done.dropped == {"consent_denied": 1, "consent_missing": 1}
    assert asked(world) == 0


def test_a_mapping_that_dies_repeats_only_what_was_not_answered(world: World) -> None:
    world.customers(customers(range(2_600), device=False))
    mapped(world)
    reached: list[str] = []

    def fate(request: HttpRequest) -> str:
        reached.append(request.url)
        return "die" if len(reached) == 2 else ""

    with pytest.raises(DiedError):
        world.sync(TTD, http=LossyHttp(fate))
    assert len(rows_of(world.open(), "uid2_map")) == 5_000
    assert world.sync(TTD).accepted == 5_200
    assert asked(world) == 2
    rows = rows_of(world.open(), "uid2_map")
    assert len(rows) == len({row["digest"] for row in rows}) == 5_200


@pytest.mark.parametrize("kinds", [["429", "500"], ["timeout", "reset_after_commit"]])
def test_faults_of_an_operator_are_waited_out(world: World, kinds: list[str]) -> None:
    people = customers(range(3), device=False)
    world.customers(people)
    mapped(world)
    world.faults(0.5, *kinds)
    world.sync(TTD)
    assert world.members(TTD) == uids(world, people)


def test_an_operator_that_lets_nobody_in_is_named_and_nothing_is_sent(world: World) -> None:
    world.customers(customers([1]))
    other = base64.b64encode(b"x" * 32).decode()
    cases: list[tuple[str, type[BridgeError], str]] = [
        ("", ConfigurationError, "file:uid2.json"),
        ("a-key-alone", ConfigurationError, "no JSON object"),
        ('{"api_key": "k"}', ConfigurationError, "lack a part"),
        ('{"api_key": "k", "client_secret": "c2hvcnQ="}', ConfigurationError, "32 bytes"),
        (f'{{"api_key": "zqkey", "client_secret": "{SECRET}"}}', CredentialError, "refuses"),
        (f'{{"api_key": "sandbox", "client_secret": "{other}"}}', RejectedError, "client_error"),
    ]
    mapped(world, "file:uid2.json")
    for text, error, words in cases:
        (world.folder / "uid2.json").write_text(text)
        with pytest.raises(error, match=words) as caught:
            world.sync(TTD)
        assert "zqkey" not in str(caught.value)
        assert other not in str(caught.value)
    assert world.requests("the_trade_desk") == []


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
