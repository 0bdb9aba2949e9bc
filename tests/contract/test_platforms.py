"""One suite over every platform of the registry, against the sandbox over real HTTP."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from audiences.platforms import MODULES, platform
from audiences.platforms.base import (
    Action,
    Answer,
    Audience,
    Batch,
    Consent,
    Op,
    Platform,
    Request,
    Row,
    Target,
)
from infra.sandbox.server import Running, start
from shared.errors import CredentialError, RejectedError, RetryableError

SLUGS = sorted(MODULES)
ACCOUNTS = {"meta": "act_1234567890", "google": "111-222-3333", "the_trade_desk": "abc123"}
WAIT = 10.0


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def maid(n: int) -> str:
    return f"ea7583cd-a667-48bc-b806-{n:012x}"


VALUES = {
    "EXTERN_ID": lambda n: f"c-{n}",
    "EMAIL": lambda n: sha(f"email {n}"),
    "PHONE": lambda n: sha(f"phone {n}"),
    "MADID": maid,
    "emailAddress": lambda n: sha(f"email {n}"),
    "phoneNumber": lambda n: sha(f"phone {n}"),
    "TDID": maid,
    "DAID": maid,
}


def row(found: Platform, n: int) -> Row:
    """A row with every key that the platform takes in one row."""
    keys = found.keys[: found.limits.keys_per_row]
    ttl = 60 if found.row_ttl else None
    return Row(tuple((k.wire, VALUES[k.wire](n)) for k in keys), Consent(True, True), ttl)


def rows(found: Platform, count: int) -> list[Row]:
    return [row(found, n) for n in range(count)]


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    running = start()
    yield running
    running.stop()


@pytest.fixture
def sandbox(server: Running) -> str:
    requests.post(f"{server.url}/_sandbox/reset", timeout=WAIT).raise_for_status()
    return server.url


def send(url: str, found: Platform, request: Request, credentials: str = "sandbox") -> Answer:
    headers = {"content-type": request.content_type, **request.headers}
    came = requests.request(
        request.method,
        f"{url}/{found.slug}{request.path}",
        data=request.body,
        headers={**headers, **found.authorise(request, credentials)},
        timeout=WAIT,
    )
    lower = {name.lower(): value for name, value in came.headers.items()}
    return Answer(status=came.status_code, headers=lower, body=came.content)


def target(url: str, found: Platform) -> Target:
    """Make an audience where the platform wants one first."""
    there = Target(account=ACCOUNTS[found.slug], audience="vips", audience_id="vips")
    if found.create is None or found.created is None:
        return there
    answer = send(url, found, found.create(there, Audience(name="vips", title="VIPs")))
    return replace(there, audience_id=found.created(answer.body))


def settle(url: str, found: Platform, batch: Batch):
    """Send a batch and ask for its status until it is known."""
    count = len(batch.rows)
    outcome = found.outcome(send(url, found, found.request(batch)), count)
    handle = outcome.handle
    while outcome.action is Action.PENDING:
        assert found.status is not None
        assert found.status_outcome is not None
        answer = send(url, found, found.status(batch.target, handle))
        outcome = found.status_outcome(answer, count)
    return outcome


def held(url: str, slug: str) -> dict:
    return requests.get(f"{url}/_sandbox/state", timeout=WAIT).json()[slug]


@pytest.mark.parametrize("slug", SLUGS)
def test_adding_then_removing_leaves_nothing(sandbox: str, slug: str) -> None:
    found = platform(slug)
    at = target(sandbox, found)
    sent = rows(found, 20)
    assert settle(sandbox, found, Batch(op=Op.ADD, target=at, rows=sent)).action is Action.DONE
    assert held(sandbox, slug)[at.audience_id]["count"] == 20
    assert settle(sandbox, found, Batch(op=Op.REMOVE, target=at, rows=sent)).action is Action.DONE
    assert held(sandbox, slug)[at.audience_id]["count"] == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_member_keys_are_the_values_in_the_platforms_order(sandbox: str, slug: str) -> None:
    found = platform(slug)
    at = target(sandbox, found)
    one = row(found, 7)
    settle(sandbox, found, Batch(op=Op.ADD, target=at, rows=[one]))
    shown = requests.get(f"{sandbox}/_sandbox/state/{slug}/{at.audience_id}", timeout=WAIT).json()
    key = ",".join(value for _, value in one.keys)
    assert shown["members"] == [key]
    assert shown["name"] == "vips"
    assert held(sandbox, slug)[at.audience_id]["digest"] == sha(key)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("op", list(Op))
def test_replaying_a_batch_changes_nothing(sandbox: str, slug: str, op: Op) -> None:
    found = platform(slug)
    at = target(sandbox, found)
    settle(sandbox, found, Batch(op=Op.ADD, target=at, rows=rows(found, 6)))
    batch = Batch(op=op, target=at, rows=rows(found, 3))
    settle(sandbox, found, batch)
    once = held(sandbox, slug)
    assert settle(sandbox, found, batch).action is Action.DONE
    assert held(sandbox, slug) == once
    assert once[at.audience_id]["count"] == (6 if op is Op.ADD else 3)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_batch_over_the_limit_is_refused_whole(sandbox: str, slug: str) -> None:
    found = platform(slug)
    at = target(sandbox, found)
    full = rows(found, found.limits.rows)
    over = Batch(op=Op.ADD, target=at, rows=[*full, row(found, found.limits.rows)])
    assert settle(sandbox, found, over).action is Action.REFUSED
    assert sum(a["count"] for a in held(sandbox, slug).values()) == 0
    assert settle(sandbox, found, Batch(op=Op.ADD, target=at, rows=full)).action is Action.DONE
    assert held(sandbox, slug)[at.audience_id]["count"] == len(full)


RAW = ["ann@example.com", "+84901234567", sha("x").upper(), sha("x")[:-1], sha("x") + "0"]
# An external id is the company's own text, and a cookie may have any length but a digest's.
PLACES = [
    (slug, key.wire, value)
    for slug in SLUGS
    for key in platform(slug).keys
    for value in {"EXTERN_ID": RAW[:2], "TDID": RAW[:3]}.get(key.wire, RAW)
]


@pytest.mark.parametrize(("slug", "wire", "value"), PLACES)
def test_nothing_raw_or_malformed_is_kept(sandbox: str, slug: str, wire: str, value: str) -> None:
    found = platform(slug)
    at = target(sandbox, found)
    bad = Row(((wire, value),), ttl_minutes=60 if found.row_ttl else None)
    outcome = settle(sandbox, found, Batch(op=Op.ADD, target=at, rows=[bad]))
    assert outcome.action is Action.REFUSED or set(outcome.rejected) == {0}
    assert value not in repr(outcome)
    assert sum(a["count"] for a in held(sandbox, slug).values()) == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_one_bad_row_is_told_from_its_neighbours(sandbox: str, slug: str) -> None:
    found = platform(slug)
    at = target(sandbox, found)
    wire = found.keys[1].wire
    batch = [*rows(found, 3), Row(((wire, "ann@example.com"),), ttl_minutes=60), row(found, 9)]
    outcome = settle(sandbox, found, Batch(op=Op.ADD, target=at, rows=batch))
    kept = sum(a["count"] for a in held(sandbox, slug).values())
    match slug:
        case "google":  # all or nothing: the bad row by name, the others to be sent anew
            assert (outcome.action, kept) == (Action.REFUSED, 0)
            assert outcome.rejected[3] == "INVALID_HEX_ENCODING"
            assert {outcome.rejected[i] for i in (0, 1, 2, 4)} == {"batch_refused"}
        case "meta":
            assert (outcome.action, outcome.rejected_unnamed, kept) == (Action.DONE, 1, 4)
        case _:
            assert (outcome.action, kept) == (Action.DONE, 4)
            assert outcome.rejected == {3: "InvalidParameterFormat"}


@pytest.mark.parametrize("slug", SLUGS)
def test_wrong_credentials_ask_for_new_ones(sandbox: str, slug: str) -> None:
    found = platform(slug)
    request = found.request(Batch(op=Op.ADD, target=target(sandbox, found), rows=rows(found, 1)))
    outcome = found.outcome(send(sandbox, found, request, "s3cr3t-token"), 1)
    assert outcome.action is Action.REAUTH
    assert "s3cr3t" not in repr(outcome)


@pytest.mark.parametrize("slug", [s for s in SLUGS if platform(s).find])
def test_an_audience_is_found_by_its_very_name(sandbox: str, slug: str) -> None:
    found = platform(slug)
    assert found.find
    assert found.found
    assert found.create
    at = target(sandbox, found)
    other = replace(at, audience="vips-2")
    assert found.found(send(sandbox, found, found.find(other)).body, "vips-2") is None
    send(sandbox, found, found.create(other, Audience(name="vips-2", title="", lifetime_days=9999)))
    assert found.found(send(sandbox, found, found.find(at)).body, "vips") == at.audience_id
    second = found.found(send(sandbox, found, found.find(other)).body, "vips-2")
    assert second not in (None, at.audience_id)


@pytest.mark.parametrize("slug", [s for s in SLUGS if platform(s).find])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data":1,"userLists":1}', b"null"])
def test_an_unreadable_list_is_never_taken_for_an_empty_one(slug: str, body: bytes) -> None:
    found = platform(slug)
    assert found.found
    assert found.created
    with pytest.raises(RetryableError):
        found.found(body, "vips")
    with pytest.raises(RejectedError):
        found.created(body)


def test_google_renews_its_token_and_keeps_the_rest(sandbox: str) -> None:
    found = platform("google")
    assert found.refresh
    assert found.refreshed
    assert found.refresh("bare-token") is None
    secrets = {"client_id": "i", "client_secret": "s3", "refresh_token": "r", "note": "kept"}
    request = found.refresh(json.dumps(secrets))
    assert request
    assert request.path == "https://oauth2.googleapis.com/token"
    assert "s3" not in repr(request)
    assert found.authorise(request, json.dumps(secrets)) == {}
    came = requests.post(
        f"{sandbox}/google/token",
        data=request.body,
        headers={"content-type": request.content_type},
        timeout=WAIT,
    )
    renewed = found.refreshed(json.dumps(secrets), came.content)
    assert json.loads(renewed)["note"] == "kept"
    at = target(sandbox, found)
    batch = Batch(op=Op.ADD, target=at, rows=rows(found, 1))
    answer = send(sandbox, found, found.request(batch), renewed)
    assert found.outcome(answer, 1).action is Action.PENDING
    with pytest.raises(CredentialError) as caught:
        found.refreshed(json.dumps(secrets), b'{"error":"invalid_grant"}')
    assert "s3" not in str(caught.value)
