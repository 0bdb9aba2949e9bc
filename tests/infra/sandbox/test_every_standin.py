"""Every stand-in takes what its platform documents, and refuses the rest in its own words."""

from __future__ import annotations

import hashlib

import pytest
import requests

from infra.sandbox.registry import SLUGS, stand_in
from tests.infra.sandbox import callers_ads, callers_cep, callers_more
from tests.infra.sandbox.callers import WAIT, Caller, audience_of, door, send, state

CALLERS = {
    found.slug: found
    for module in (callers_ads, callers_more, callers_cep)
    for found in vars(module).values()
    if isinstance(found, Caller)
}
# These have tests of their own: the first three are older, the fourth holds no audiences.
ELSEWHERE = {"meta", "google", "the_trade_desk", "uid2"}
every = pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)


def kept(url: str, caller: Caller) -> int:
    return sum(found["count"] for found in state(url, caller.slug).values())


def said(came: requests.Response, words: tuple[int, str]) -> bool:
    """Whether an answer is the one that is expected; else show it."""
    assert (came.status_code, words[1] in came.text) == (words[0], True), came.text[:500]
    return True


def values(caller: Caller, count: int, first: int = 0) -> list[str]:
    return [caller.value(n) for n in range(first, first + count)]


def one_call(caller: Caller) -> int:
    """How many rows a test sends at once."""
    return 10 if caller.rows else 1


def test_every_slug_has_a_stand_in_and_a_caller() -> None:
    assert {*CALLERS} | ELSEWHERE == {*SLUGS}
    assert all(
        found is not None and found.slug == slug for slug in SLUGS if (found := stand_in(slug))
    )
    assert [slug for slug in SLUGS if stand_in(slug) is None] == []


@every
def test_rows_are_added_once_and_removed_once(url: str, caller: Caller) -> None:
    audience, rows = audience_of(url, caller), values(caller, one_call(caller))
    for _ in range(2):
        assert send(url, caller, caller.add(audience, rows)).ok
        assert state(url, caller.slug)[audience]["count"] == len(rows)
    if caller.remove is None:
        return
    for _ in range(2):
        assert send(url, caller, caller.remove(audience, rows[:1])).ok
        assert state(url, caller.slug)[audience]["count"] == len(rows) - 1
    assert send(url, caller, caller.add(audience, rows[:1])).ok
    assert state(url, caller.slug)[audience]["count"] == len(rows)


@every
def test_the_digest_is_that_of_the_sorted_members(url: str, caller: Caller) -> None:
    audience = audience_of(url, caller)
    send(url, caller, caller.add(audience, values(caller, one_call(caller))))
    at = f"{url}/_sandbox/state/{caller.slug}/{audience}"
    members = requests.get(at, timeout=WAIT).json()["members"]
    digest = hashlib.sha256("\n".join(sorted(members)).encode()).hexdigest()
    assert state(url, caller.slug)[audience]["digest"] == digest


@every
def test_other_credentials_are_refused(url: str, caller: Caller) -> None:
    audience = audience_of(url, caller)
    before = kept(url, caller)
    assert said(send(url, caller, caller.add(audience, values(caller, 1)), "x"), caller.words.auth)
    assert kept(url, caller) == before


@every
@pytest.mark.parametrize("body", [b"", b"[]", b'{"colour":"red"}', b"\xff", b"[" * 5000])
def test_other_bodies_are_refused(url: str, caller: Caller, body: bytes) -> None:
    audience = audience_of(url, caller)
    before = kept(url, caller)
    wrong = caller.add(audience, values(caller, 1))
    assert said(send(url, caller, wrong, body=body), caller.words.shape)
    assert kept(url, caller) == before


@every
def test_raw_data_is_never_kept(url: str, caller: Caller) -> None:
    if caller.words.raw is None:
        pytest.skip("takes people by their clear keys")
    audience = audience_of(url, caller)
    before = kept(url, caller)
    assert said(send(url, caller, caller.add(audience, [caller.raw])), caller.words.raw)
    assert kept(url, caller) == before
    upper = [caller.value(15).upper()]
    send(url, caller, caller.add(audience, upper))
    assert caller.slug == "line" or kept(url, caller) == before


@every
def test_a_batch_that_is_too_long_is_refused_whole(url: str, caller: Caller) -> None:
    if caller.words.long is None:
        pytest.skip("takes one row a call")
    audience = audience_of(url, caller)
    before = kept(url, caller)
    long = values(caller, caller.rows + 1, first=1)
    assert said(send(url, caller, caller.add(audience, long)), caller.words.long)
    assert kept(url, caller) == before
    if caller.rows <= 2_500:
        assert send(url, caller, caller.add(audience, long[1:])).ok
        assert kept(url, caller) == before + caller.rows


@every
def test_an_unknown_audience_is_refused(url: str, caller: Caller) -> None:
    if caller.words.unknown is None:
        pytest.skip("an audience comes to be by naming it")
    wrong = caller.add(caller.unknown_id, values(caller, 1))
    assert said(send(url, caller, wrong), caller.words.unknown)
    assert kept(url, caller) == 0


@every
def test_one_call_too_many_is_refused(url: str, caller: Caller) -> None:
    audience = audience_of(url, caller)
    door(url, "limits", {caller.slug: {"per_second": 0.01, "burst": 0}}).raise_for_status()
    came = send(url, caller, caller.add(audience, values(caller, 1)))
    assert said(came, caller.words.rate)
    assert not caller.words.rate_header or came.headers[caller.words.rate_header].isdecimal()


COUNTED = {
    "pinterest": "x-ratelimit-remaining",
    "x": "x-account-rate-limit-remaining",
    "criteo": "x-ratelimit-remaining",
    "braze": "x-ratelimit-remaining",
    "klaviyo": "ratelimit-remaining",
}


@pytest.mark.parametrize(("slug", "header"), COUNTED.items())
def test_every_answer_counts_the_calls_that_remain(url: str, slug: str, header: str) -> None:
    caller = CALLERS[slug]
    audience = audience_of(url, caller)
    door(url, "limits", {slug: {"per_second": 0.01, "burst": 3}}).raise_for_status()
    call = caller.add(audience, values(caller, 1))
    left = [send(url, caller, call).headers[header] for _ in range(4)]
    assert left == ["2", "1", "0", "0"]


@every
@pytest.mark.parametrize("kind", ["500", "expired_token", "429"])
def test_faults_come_in_the_platforms_own_words(url: str, caller: Caller, kind: str) -> None:
    audience = audience_of(url, caller)
    before = kept(url, caller)
    words = {"500": caller.words.broken, "expired_token": caller.words.expired}
    door(url, "faults", {"rate": 1, "kinds": [kind], "seed": 1}).raise_for_status()
    came = send(url, caller, caller.add(audience, values(caller, 1)))
    assert said(came, words.get(kind, caller.words.rate))
    assert kept(url, caller) == before


@every
def test_a_partial_failure_is_said_and_mended_by_a_replay(url: str, caller: Caller) -> None:
    audience, rows = audience_of(url, caller), values(caller, one_call(caller), first=1)
    before = kept(url, caller)
    door(url, "faults", {"rate": 1, "kinds": ["partial"], "seed": 1}).raise_for_status()
    came = send(url, caller, caller.add(audience, rows))
    if caller.words.partial is None:
        assert came.ok  # a platform without partial answers takes all or nothing
    else:
        assert said(came, caller.words.partial)
        assert kept(url, caller) - before == len(rows) - caller.lost
    door(url, "faults", {"rate": 0}).raise_for_status()
    again = caller.add(audience, rows)
    if caller.slug == "webhook":  # a batch that was answered is a batch of the past
        again = caller.add(audience, rows[::-1])
    assert send(url, caller, again).ok
    assert kept(url, caller) - before == len(rows)


@every
def test_a_dropped_answer_was_taken(url: str, caller: Caller) -> None:
    audience, rows = audience_of(url, caller), values(caller, one_call(caller))
    door(url, "faults", {"rate": 1, "kinds": ["reset_after_commit"]}).raise_for_status()
    with pytest.raises(requests.ConnectionError):
        send(url, caller, caller.add(audience, rows))
    assert state(url, caller.slug)[audience]["count"] == len(rows)


HEADERS = [(c, name) for c in CALLERS.values() for name in c.needs]


@pytest.mark.parametrize(("caller", "name"), HEADERS, ids=[f"{c.slug} {n}" for c, n in HEADERS])
def test_a_header_that_is_missing_is_missed(url: str, caller: Caller, name: str) -> None:
    audience = audience_of(url, caller)
    before = kept(url, caller)
    call = caller.add(audience, values(caller, 1))
    without = {key: value for key, value in call.headers.items() if key != name}
    assert said(send(url, caller, call, headers=without), caller.needs[name])
    assert kept(url, caller) == before


@every
def test_no_credential_is_recorded(url: str, caller: Caller) -> None:
    audience = audience_of(url, caller)
    call = caller.add(audience, values(caller, 1))
    send(url, caller, call, "s3cr3t-s3cr3t")
    assert "s3cr3t" not in requests.get(f"{url}/_sandbox/requests", timeout=WAIT).text
