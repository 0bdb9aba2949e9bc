"""The Trade Desk's CRM data: hashed addresses in one file, which takes the place of the last."""

from __future__ import annotations

import base64
import hashlib

import pytest

from audiences.flows.doctor import examine
from shared.errors import ConfigurationError
from tests.flow.sync_world import LossyHttp, World, customers

TTD = "ttd-main"
PEOPLE = customers(range(1_600), device=False)
CRM = "options: {uploads: crm, region: EU}\n"


def by_file(world: World) -> None:
    text = world.destination(TTD).replace("/the_trade_desk\n", "/the_trade_desk/v3\n")
    world.put("destinations", TTD, text + CRM)


def digests(*mails: str) -> set[str]:
    return {base64.b64encode(hashlib.sha256(mail.encode()).digest()).decode() for mail in mails}


def paths(world: World) -> list[tuple[str, str]]:
    return [(one["method"], one["path"]) for one in world.requests("the_trade_desk")]


def test_a_file_fills_a_segment_and_the_next_one_replaces_it(world: World) -> None:
    world.customers(PEOPLE)
    by_file(world)
    network = LossyHttp(lambda _: "")
    done = world.sync(TTD, mode="replace", http=network)
    assert (done.status, done.accepted, done.requests) == ("done", 1_600, 2)
    assert world.members(TTD) == digests(*(one.mail for one in PEOPLE))
    made = next(one for one in network.sent if one.url.endswith("/crmdata/targeting/segment"))
    assert b'"Region":"EU"' in made.body
    (put,) = [one for one in network.sent if one.method == "PUT"]
    assert put.headers["content-type"] == "text/plain"
    assert put.body.endswith(b"=\n")
    world.day = 1
    left = [
        one.row() | {"tier": "iron", "updated_at": world.now.isoformat()} for one in PEOPLE[:50]
    ]
    world.ingest("profiles", left)
    again = world.sync(TTD, mode="replace")
    assert (again.removes, again.status) == (50, "done")
    assert world.members(TTD) == digests(*(one.mail for one in PEOPLE[50:]))
    assert len(world.platform_audiences("the_trade_desk")) == 1, "the segment was found again"
    assert len(world.held(TTD)) == 1_550


def test_a_run_that_lost_the_answer_to_its_file_sends_the_same_again(world: World) -> None:
    world.customers(PEOPLE)
    by_file(world)
    lost = iter(["lost"])
    http = LossyHttp(lambda request: next(lost, "") if request.method == "PUT" else "")
    assert world.sync(TTD, mode="replace", http=http).accepted == 1_600
    puts = [one.body for one in http.sent if one.method == "PUT"]
    assert len(puts) == 2
    assert len(set(puts)) == 1


def test_too_few_rows_are_refused_before_anything_is_sent(world: World) -> None:
    world.customers(PEOPLE[:20])
    by_file(world)
    with pytest.raises(ConfigurationError, match=r"fewer than 1,500 rows, and 'gold' has 20"):
        world.sync(TTD, mode="replace")
    assert paths(world) == []


def test_a_file_can_only_replace(world: World) -> None:
    world.customers(PEOPLE[:20])
    by_file(world)
    with pytest.raises(ConfigurationError, match=r"CRM data has no mode 'add' here"):
        world.sync(TTD, mode="add")


def test_a_destination_of_files_misses_no_operator(world: World) -> None:
    by_file(world)
    told = [one for one in examine(world.open()) if one.subject == f"destinations/{TTD}.yaml"]
    assert [(one.status, one.detail) for one in told] == [("ok", "")]
