"""One suite over every platform of the registry, against the sandbox over real HTTP."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import requests

from audiences.platforms.base import (
    EPOCH,
    Access,
    Action,
    Answer,
    Audience,
    Batch,
    Op,
    Request,
    Row,
)
from audiences.platforms.bodies import PART
from shared.errors import BridgeError, CredentialError, RejectedError, RetryableError
from tests.contract.cases.case import NAMES, RAW, Case, case, there
from tests.contract.stand import WAIT, Stand

SLUGS = NAMES
REMOVING = [slug for slug in SLUGS if Op.REMOVE in there(slug).ops]
LONE = [slug for slug in SLUGS if case(slug).lone_batches]
FULL = [slug for slug in SLUGS if 1 < there(slug).limits.rows <= 100_000]  # not by the million
MANY = [slug for slug in SLUGS if there(slug).limits.rows > 1]


def rows(stand: Stand, *numbers: int) -> list[Row]:
    return [stand.case.row(stand.found, n) for n in numbers]


def batch(stand: Stand, op: Op, sent: list[Row]) -> Batch:
    now = datetime.now(UTC)
    return Batch(op=op, target=stand.target(), rows=sent, at=now, starts=now)


@pytest.mark.parametrize("slug", REMOVING)
def test_adding_then_removing_leaves_nothing(stand: Stand) -> None:
    stand.make()
    sent = rows(stand, *range(20))
    plan, lake = stand.run(Op.ADD, sent)
    assert {outcome.action for outcome in stand.outcomes(plan, lake)} == {Action.DONE}
    assert stand.count() == 20
    stand.run(Op.REMOVE, sent)
    assert stand.count() == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_replaying_delivered_requests_changes_nothing(stand: Stand) -> None:
    """As after a crash between the platform's answer and the record of it."""
    stand.make()
    stand.run(Op.ADD, rows(stand, 90, 91))
    for op in (Op.ADD, *([Op.REMOVE] if Op.REMOVE in stand.found.ops else [])):
        plan, lake = stand.run(op, rows(stand, *range(3)))
        once = stand.state()
        lake.store.delete([found.key for found in list(lake.store.list("outcomes/"))])
        stand.send(plan, lake)
        assert stand.state() == once
        assert stand.count() == (5 if op is Op.ADD else 2)


@pytest.mark.parametrize("slug", [s for s in SLUGS if Op.REPLACE in there(s).ops])
def test_a_replacement_leaves_those_that_it_names(stand: Stand) -> None:
    stand.make()
    rows_at_once = 100 if stand.case.one_file else 2
    stand.found = replace(stand.found, limits=replace(stand.found.limits, rows=rows_at_once))
    stand.run(Op.ADD, rows(stand, *range(5)))
    stand.run(Op.REPLACE, rows(stand, *range(3, 10)))
    assert stand.count() == 7


@pytest.mark.parametrize("slug", MANY)
def test_no_request_is_over_the_limits(stand: Stand) -> None:
    """A small limit shows how requests are cut; a full one goes through as it stands."""
    stand.make()
    whole = stand.found
    one = len(whole.request(batch(stand, Op.ADD, rows(stand, 1))).body)
    three = len(whole.request(batch(stand, Op.ADD, rows(stand, 1, 2, 3))).body)
    for limits in (
        replace(whole.limits, rows=3),
        replace(whole.limits, bytes=three + one // 2),
        whole.limits,
    ):
        stand.found = replace(whole, limits=limits)
        plan, _ = stand.run(Op.ADD, rows(stand, *range(10)))
        adds = [p for p in plan.requests if p.op == "add"]
        assert all(p.rows <= limits.rows for p in adds)
        assert all(p.bytes <= (limits.bytes or 10**9) for p in adds)
        assert sum(p.rows for p in adds) == stand.count() == 10
        assert len(adds) <= (4 if limits != whole.limits else 1)


@pytest.mark.parametrize("slug", [slug for slug in LONE if slug in FULL])
def test_a_batch_over_the_documented_limit_is_refused_whole(stand: Stand) -> None:
    stand.make()
    full = rows(stand, *range(stand.found.limits.rows))
    over = batch(stand, Op.ADD, [*full, *rows(stand, len(full))])
    assert stand.settle(over).action in (Action.REFUSED, Action.SPLIT)
    assert stand.count() == 0
    assert stand.settle(batch(stand, Op.ADD, full)).action is Action.DONE
    assert stand.count() == len(full)


@pytest.mark.parametrize("slug", LONE)
def test_member_keys_are_the_values_in_the_platforms_order(stand: Stand) -> None:
    stand.make()
    (one,) = rows(stand, 7)
    stand.settle(batch(stand, Op.ADD, [one]))
    (shown,) = stand.state()
    at = f"{stand.url}/_sandbox/state/{stand.found.slug}/{shown}"
    told = requests.get(at, timeout=WAIT).json()
    key = ",".join(value for _, value in one.keys).replace(PART, ",")
    assert told["members"] == [key]
    assert told["name"] == stand.case.name
    assert stand.state()[shown]["digest"] == hashlib.sha256(key.encode()).hexdigest()


PLACES = [
    (slug, key.wire, value)
    for slug in LONE
    for key in there(slug).keys
    for value in case(slug).raw.get(key.wire, RAW)
]


@pytest.mark.parametrize(("slug", "wire", "value"), PLACES)
def test_nothing_raw_or_malformed_is_kept(stand: Stand, wire: str, value: str) -> None:
    stand.make()
    bad = Row(((wire, value),), ttl_minutes=60 if stand.found.row_ttl else None)
    outcome = stand.settle(batch(stand, Op.ADD, [bad]))
    refused = outcome.action in (Action.REFUSED, Action.SPLIT)
    assert refused or set(outcome.rejected) == {0} or outcome.rejected_unnamed
    assert value not in repr(outcome)
    assert stand.count() == 0


def bad_row(stand: Stand) -> Row:
    wire = stand.case.bad_wire or stand.found.keys[0].wire
    return Row(((wire, stand.case.bad_value),), ttl_minutes=60 if stand.found.row_ttl else None)


@pytest.mark.parametrize("slug", [slug for slug in LONE if slug in MANY])
def test_a_bad_row_is_told_from_its_neighbours(stand: Stand) -> None:
    stand.make()
    good = rows(stand, 0, 1, 2, 9)
    outcome = stand.settle(batch(stand, Op.ADD, [*good[:3], bad_row(stand), good[3]]))
    match stand.case.bad_row:
        case "named":
            assert (outcome.action, set(outcome.rejected)) == (Action.DONE, {3})
            assert stand.count() == 4
        case "counted":
            assert (outcome.action, outcome.rejected_unnamed) == (Action.DONE, 1)
            assert stand.count() == 4
        case _:
            assert outcome.action in (Action.SPLIT, Action.REFUSED)
            assert stand.count() == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_a_bad_row_never_keeps_its_neighbours_out(stand: Stand) -> None:
    stand.make()
    good = rows(stand, *range(6))
    plan, lake = stand.run(Op.ADD, [*good[:4], bad_row(stand), *good[4:]])
    assert stand.count() == 6
    outcomes = stand.outcomes(plan, lake)
    told = 0 if stand.case.bad_row == "silent" else 1
    assert sum(len(o.rejected) + o.rejected_unnamed for o in outcomes) == told


@pytest.mark.parametrize("slug", SLUGS)
def test_wrong_credentials_ask_for_new_ones(stand: Stand) -> None:
    stand.make()
    request = stand.found.request(batch(stand, Op.ADD, rows(stand, 1)))
    outcome = stand.found.outcome(stand.call(stand.placed(request)[0], "s3cr3t-token"), 1)
    assert outcome.action is Action.REAUTH
    assert "s3cr3t" not in repr(outcome)
    stand.case = replace(stand.case, credentials="s3cr3t-token")
    with pytest.raises(CredentialError) as caught:
        stand.run(Op.ADD, rows(stand, 1))
    assert "s3cr3t" not in str(caught.value) + repr(stand.session())


@pytest.mark.parametrize("slug", [s for s in SLUGS if there(s).find])
def test_an_audience_is_found_by_its_very_name(stand: Stand) -> None:
    first = stand.make()
    found, session = stand.found, stand.session()
    assert found.find
    assert found.found
    assert found.create
    assert found.created
    other = replace(first, audience="vips-2")
    asked = found.find(other)
    assert found.found(asked, session.send(asked), "vips-2") is None
    wanted = Audience(name="vips-2", title="", lifetime_days=9999)
    made = found.created(session.send(found.create(other, wanted)))
    asked = found.find(first)
    assert found.found(asked, session.send(asked), "vips") == first.audience_id
    asked = found.find(other)
    assert found.found(asked, session.send(asked), "vips-2") == made != first.audience_id


@pytest.mark.parametrize("slug", [s for s in SLUGS if there(s).find])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data":1,"userLists":1}', b"null"])
def test_an_unreadable_list_is_never_taken_for_an_empty_one(slug: str, body: bytes) -> None:
    found = there(slug)
    assert found.found
    assert found.created
    asked = Request(method="GET", path="/")
    if body and body == case(slug).nothing.encode():
        assert found.found(asked, Answer(status=200, body=body), "vips") is None
    else:
        with pytest.raises(RetryableError):
            found.found(asked, Answer(status=200, body=body), "vips")
    with pytest.raises(RejectedError):
        found.created(Answer(status=200, body=body))


@pytest.mark.parametrize("slug", [s for s in SLUGS if there(s).size])
def test_the_platforms_own_size_is_read_or_unknown(stand: Stand) -> None:
    at = stand.make()
    found = stand.found
    assert found.size
    assert found.sized
    stand.run(Op.ADD, rows(stand, *range(7)))
    size = found.sized(stand.session().send(found.size(at)))
    assert size is None or (size.low or 0) <= (10**6 if size.high is None else size.high)
    for body in (b"", b"[]", b"{}", b'{"sizeInfo": 1}', b"<html>"):
        assert found.sized(Answer(status=200, body=body)) is None


@pytest.mark.parametrize("slug", [s for s in SLUGS if there(s).probe])
def test_a_probe_is_answered_and_changes_nothing(stand: Stand) -> None:
    at, before = stand.make(), stand.state()
    assert stand.found.probe
    answer = stand.session().send(stand.found.probe(at))
    assert 200 <= answer.status < 300
    assert stand.state() == before


@pytest.mark.parametrize("slug", [s for s in SLUGS if there(s).refresh])
def test_a_bare_token_cannot_be_renewed_and_no_error_tells_a_secret(slug: str) -> None:
    found = there(slug)
    assert found.refresh
    assert found.refreshed
    secrets = {"client_id": "i", "client_secret": "s3cr3t", "refresh_token": "s3cr3t-r"}
    assert found.refresh(Access(credentials="bare-token", at=EPOCH)) is None
    access = Access(credentials=json.dumps(secrets), at=EPOCH)
    request = found.refresh(access)
    assert "s3cr3t" not in repr((request, access))
    with pytest.raises(BridgeError) as caught:
        found.refreshed(access, Answer(status=200, body=b'{"error":"invalid_grant"}'))
    assert "s3cr3t" not in str(caught.value)


def test_every_platform_has_a_case() -> None:
    assert all(isinstance(case(slug), Case) for slug in SLUGS)
