"""UID2s at The Trade Desk: raw ones that came in as sightings, and those that contacts map to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from audiences.flows.match_loss import match_loss
from audiences.flows.replay import replay_run
from shared.errors import ConfigurationError, CredentialError, RejectedError
from shared.ports import HttpRequest
from tests.flow.sync_world import Customer, DiedError, LossyHttp, World, customers

UID2 = base64.b64encode(b"+/" * 16).decode()  # its letters keep their case
OPERATOR = "uid2: {{credentials: {credentials}, base_url: {url}/uid2, identity: {identity}}}\n"
TTD = "ttd-main"


def mapped(world: World, credentials: str = "sandbox", identity: str = "uid2") -> None:
    """Give The Trade Desk an operator."""
    operator = OPERATOR.format(credentials=credentials, url=world.url, identity=identity)
    world.put("destinations", TTD, world.destination(TTD) + operator)


def uid_of(kind: str, text: str, year: int = 0) -> str:
    """The stand-in's raw id of a contact, in a year of its bucket."""
    digest = hashlib.sha256(text.encode()).digest()
    return base64.b64encode(
        hashlib.sha256(b"sandbox-uid2-" + kind.encode() + digest).digest()
    ).decode()


def uids(people: Sequence[Customer]) -> set[str]:
    found = {uid_of("email", one.mail) for one in people}
    return found | {uid_of("phone", one.phone) for one in people}


def asked(world: World) -> int:
    return len(world.requests("uid2"))


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


def test_customers_known_by_mail_and_phone_alone_reach_the_trade_desk(world: World) -> None:
    people = customers(range(5), device=False)
    world.customers(people)
    mapped(world)
    assert world.sync(TTD).accepted == 10
    assert world.members(TTD) == uids(people)
    assert asked(world) == 1
    assert world.sync(TTD).requests == 0
    assert asked(world) == 1, "nothing was due"
