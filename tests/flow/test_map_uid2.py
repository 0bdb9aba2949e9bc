"""How operators of UID2 are asked: who, once, through faults, and what becomes of their answers."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pyarrow as pa
import pytest

from audiences.flows.expire import expire
from audiences.identifiers.digest import identifier_key
from audiences.lake import snapshot
from audiences.lake.append import commit
from audiences.schemas import UID2_MAP
from shared.clock import day, iso
from shared.ports import HttpRequest
from tests.builders import rows_of
from tests.flow.sync_world import Customer, DiedError, LossyHttp, World, customers
from tests.flow.uid2_world import TTD, UID2, asked, mapped, sighted, uids


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


def test_what_an_operator_says_makes_nobody_anew(world: World) -> None:
    world.customers(customers([1], device=False))
    mapped(world)
    world.sync(TTD)
    world.sync(TTD)
    lake = world.open().lake
    assert snapshot.snapshots(lake, "people") == [1]
    assert snapshot.snapshots(lake, "members/gold") == [1]


def opted_out(world: World, text: str, **also: object) -> None:
    """Let an operator have said, to another run, that somebody has opted out."""
    workspace, later = world.open(), world.now + timedelta(minutes=1)
    row = dict.fromkeys(UID2_MAP.names) | {
        "identity": "uid2",
        "operator": f"{world.url}/uid2",
        "digest": hashlib.sha256(text.encode()).digest(),
        **also,
        "state": "optout",
        "checked_at": later,
        "refresh_at": later + timedelta(days=7),
    }
    with commit(workspace.lake, "uid2-another", {"at": iso(later)}) as out:
        out.write("uid2_map", f"{day(later)}", pa.Table.from_pylist([row], UID2_MAP))


def test_who_opts_out_while_a_run_lies_open_is_not_sent_by_it(world: World) -> None:
    people = customers([1, 2], device=False)
    world.customers(people)
    mapped(world)
    with pytest.raises(DiedError):
        world.sync(TTD, http=LossyHttp(lambda r: "die" if "/the_trade_desk/" in r.url else ""))
    opted_out(world, people[0].mail)
    world.day = 5 / 1440
    network = LossyHttp(lambda _: "")
    done = world.sync(TTD, http=network)
    assert (done.dropped, world.members(TTD)) == ({"uid2_optout": 1}, uids(world, people[1:]))
    # Nobody knows what the run that died had sent: it may have to be taken back.
    assert added(network) == uids(world, people[1:])


def added(network: LossyHttp) -> set[str]:
    """The raw ids that were sent to be kept."""
    bodies = [json.loads(one.body) for one in network.sent if "/the_trade_desk/" in one.url]
    items = [item for body in bodies for item in body["Items"]]
    return {item["UID2"] for item in items if item["Data"][0]["TtlInMinutes"]}


def test_whose_raw_id_opts_out_while_a_run_lies_open_is_not_sent_by_it(world: World) -> None:
    one, other = customers([1, 2], device=False)
    world.customers([one, other])
    sighted(world, one, UID2)
    mapped(world)
    with pytest.raises(DiedError):
        world.sync(TTD, http=LossyHttp(lambda r: "die" if "/the_trade_desk/" in r.url else ""))
    key = identifier_key(world.open().secret, "uid2", UID2)
    opted_out(world, UID2, uid=UID2, key=key)
    world.day = 5 / 1440
    network = LossyHttp(lambda _: "")
    done = world.sync(TTD, http=network)
    assert (done.dropped, world.members(TTD)) == ({"uid2_optout": 1}, uids(world, [other]))
    assert added(network) == uids(world, [other])


def test_what_was_said_goes_with_its_time(world: World) -> None:
    world.customers(customers([1], device=False))
    mapped(world)
    world.sync(TTD)
    world.day = 90
    assert expire(world.open()).rows == 0
    world.day = 91.1
    assert expire(world.open()).rows == 2
    assert rows_of(world.open(), "uid2_map") == []


@pytest.mark.parametrize("kinds", [["429", "500"], ["timeout", "reset_after_commit"]])
def test_faults_of_an_operator_are_waited_out(world: World, kinds: list[str]) -> None:
    people = customers(range(3), device=False)
    world.customers(people)
    mapped(world)
    world.faults(0.5, *kinds)
    world.sync(TTD)
    assert world.members(TTD) == uids(world, people)
