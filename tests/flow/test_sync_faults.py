"""Sync when things go wrong: lost answers, refused rows, wrong credentials, nobody there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from audiences.flows.runs import verify_ledger
from shared.errors import BridgeError, CredentialError, RejectedError, RetryableError
from shared.ports import HttpAnswer, HttpRequest
from tests.fakes import FakeHttp
from tests.flow.sync_world import (
    PLATFORMS,
    DiedError,
    LossyHttp,
    World,
    customers,
)

everywhere = pytest.mark.parametrize("to", sorted(PLATFORMS))
with_lists = pytest.mark.parametrize("to", ["google-main", "meta-main"])


def until_done(world: World, to: str, tries: int = 30) -> None:
    for _ in range(tries):
        try:
            if world.sync(to).status == "done":
                return
        except (RetryableError, CredentialError):
            continue
    raise AssertionError("never done")


@everywhere
def test_faults_of_every_kind_end_in_the_same_state(world: World, to: str) -> None:
    people = customers(range(1, 20))
    world.customers(people)
    world.faults(0.5, seed=3)
    until_done(world, to)
    world.day = 1
    world.customers([replace(people[0], tier="iron"), *customers([50])])
    until_done(world, to)
    world.faults(0)
    until_done(world, to)
    world.in_step(to, [*people[1:], *customers([50])])
    assert verify_ledger(world.open()).faults == ()


def first(matching: Callable[[HttpRequest], bool], fate: str) -> Callable[[HttpRequest], str]:
    """Give the first request of a kind a fate, and let all others through."""
    seen: list[HttpRequest] = []

    def judge(request: HttpRequest) -> str:
        if matching(request):
            seen.append(request)
        return fate if matching(request) and len(seen) == 1 else ""

    return judge


def creates(request: HttpRequest) -> bool:
    edge = request.url.partition("?")[0].endswith(("/customaudiences", "/userLists"))
    return edge and request.method == "POST"


@with_lists
@pytest.mark.parametrize("fate", ["lost", "down"])
def test_a_lost_answer_to_creation_makes_no_second_audience(
    world: World, to: str, fate: str
) -> None:
    people = customers(range(1, 5))
    world.customers(people)
    world.sync(to, http=LossyHttp(first(creates, fate)))
    assert len(world.platform_audiences(PLATFORMS[to])) == 1
    world.in_step(to, people)


@with_lists
@pytest.mark.parametrize("kinds", [("timeout",), ("reset_after_commit",), ("500", "429")])
def test_creation_under_the_sandbox_s_own_faults(
    world: World, to: str, kinds: tuple[str, ...]
) -> None:
    people = customers(range(1, 5))
    world.customers(people)
    world.faults(0.6, *kinds, seed=5)
    until_done(world, to)
    world.faults(0)
    world.in_step(to, people)
    assert len(world.platform_audiences(PLATFORMS[to])) == 1


@with_lists
def test_a_death_after_creation_makes_no_second_audience(world: World, to: str) -> None:
    people = customers(range(1, 5))
    world.customers(people)
    made: list[HttpRequest] = []

    def fate(request: HttpRequest) -> str:
        if made:
            return "die"
        made.extend([request] if creates(request) else [])
        return "lost" if made else ""

    with pytest.raises(DiedError):
        world.sync(to, http=LossyHttp(fate))
    assert len(world.platform_audiences(PLATFORMS[to])) == 1
    report = world.sync(to)
    world.in_step(to, people)
    assert report.status == "done"
    assert report.resumed
    assert len(world.platform_audiences(PLATFORMS[to])) == 1


@with_lists
def test_an_audience_of_the_name_is_adopted_and_remembered(world: World, to: str) -> None:
    platform = PLATFORMS[to]
    account = {"meta": "12", "google": "34"}[platform]
    there = {"platform": platform, "id": "777", "name": "gold", "account": account}
    world.post("audiences", there)
    people = customers(range(1, 5))
    world.customers(people)
    report = world.sync(to)
    assert (report.audience_id, report.adopted) == ("777", True)
    world.in_step(to, people)
    before = len(world.requests())
    world.day = 1
    world.customers(customers([9]))
    again = world.sync(to)
    assert (again.audience_id, again.adopted) == ("777", False)
    looked = [r for r in world.requests()[before:] if "customaudiences" in r["path"]]
    looked += [r for r in world.requests()[before:] if "userLists" in r["path"]]
    assert looked == []


@with_lists
def test_a_forgotten_audience_id_is_known_from_what_is_held(world: World, to: str) -> None:
    people = customers(range(1, 5))
    world.customers(people)
    report = world.sync(to)
    for found in world.folder.glob(".bridge/state.sqlite*"):
        found.unlink()
    world.day = 1
    world.customers(customers([9]))
    assert world.sync(to).audience_id == report.audience_id
    world.in_step(to, [*people, *customers([9])])


@everywhere
def test_a_partial_failure_is_accounted_for_and_made_good(world: World, to: str) -> None:
    people = customers(range(1, 31))
    world.customers(people)
    world.faults(1, "partial")
    report = world.sync(to)
    assert (report.accepted, report.rejected, report.unknown) == (27, 3, 0)
    assert len(world.members(to)) == 27
    outcomes = Counter(row["outcome"] for row in world.sends())
    named = {"accepted": 27, "rejected": 3}
    assert outcomes == (named if to == "ttd-main" else {"unknown": 30})
    world.faults(0)
    again = world.sync(to)
    world.in_step(to, people)
    assert again.accepted == (3 if to == "ttd-main" else 30)
    assert world.sync(to).requests == 0


@pytest.mark.parametrize("to", ["meta-main", "google-main"])
def test_a_removal_that_is_partly_refused_is_repeated(world: World, to: str) -> None:
    people = customers(range(1, 31))
    world.customers(people)
    world.sync(to)
    world.day = 1
    world.customers([replace(one, tier="iron") for one in people[:20]])
    world.faults(1, "partial")
    report = world.sync(to)
    assert (report.accepted, report.rejected) == (18, 2)
    assert len(world.members(to)) == 12
    assert len(world.held(to)) == 30
    world.faults(0)
    world.sync(to)
    world.in_step(to, people[20:])


def test_a_poison_row_costs_its_neighbours_nothing(world: World) -> None:
    """A cookie that looks like a phone number is refused by The Trade Desk, and only it."""
    good = [{"id_type": "cookie", "id": f"c-{n}", "traits": "shoes"} for n in range(20)]
    world.sightings([*good, {"id_type": "cookie", "id": "12345678901", "traits": "shoes"}])
    report = world.sync("ttd-main", "seen")
    assert (report.accepted, report.rejected, report.unknown) == (20, 1, 0)
    assert world.members("ttd-main", "seen") == {f"c-{n}" for n in range(20)}
    (refused,) = [row for row in world.sends() if row["outcome"] == "rejected"]
    assert refused["reason"] == "InvalidParameterFormat"
    again = world.sync("ttd-main", "seen")
    assert (again.rows, again.rejected) == (1, 1)


@everywhere
def test_a_platform_that_is_away_loses_nothing(world: World, to: str) -> None:
    people = customers(range(1, 5))
    world.customers(people)
    with pytest.raises(RetryableError, match="run again later"):
        world.sync(to, http=LossyHttp(lambda _: "down"))
    assert world.requests() == []
    report = world.sync(to)
    world.in_step(to, people)
    assert (report.status, report.accepted) == ("done", 4)
    assert report.resumed == report.run


def test_nobody_listens_at_the_address(world: World) -> None:
    world.customers(customers([1]))
    text = world.destination("ttd-main").replace(world.url, "http://127.0.0.1:9")
    world.put("destinations", "ttd-main", text)
    with pytest.raises(RetryableError):
        world.sync("ttd-main")


@everywhere
def test_a_refusal_that_needs_a_person_stops_the_run_and_says_so(world: World, to: str) -> None:
    people = customers(range(1, 5))
    world.customers(people)
    with pytest.raises((RejectedError, RetryableError)) as caught:
        world.sync(to, http=FakeHttp(lambda _: HttpAnswer(status=403, body=b"{}")))
    assert isinstance(caught.value, RejectedError)
    world.sync(to)
    world.in_step(to, people)


@everywhere
def test_a_batch_that_is_refused_whole_is_counted_and_not_held(world: World, to: str) -> None:
    world.customers(customers(range(1, 5)))

    def refuse(request: HttpRequest) -> HttpAnswer:
        if "/users" in request.url or "audienceMembers" in request.url or "/data/" in request.url:
            return HttpAnswer(status=400, body=b'{"error": {"code": 100}}')
        return real.send(request, 5)

    real = LossyHttp(lambda _: "")
    report = world.sync(to, http=FakeHttp(refuse))
    assert (report.accepted, report.rejected, report.unknown) == (0, 4, 0)
    assert world.held(to) == []
    assert {row["outcome"] for row in world.sends()} == {"rejected"}


def test_every_error_of_a_run_is_one_of_ours(world: World) -> None:
    world.customers(customers([1]))
    for status in (0, 200, 204, 301, 400, 401, 403, 404, 409, 429, 500, 503):
        for body in (b"", b"{}", b"[]", b"<html>", b'{"error": 1}', b'{"data": 7}'):
            try:
                world.sync("meta-main", http=FakeHttp(lambda _, s=status, b=body: _answer(s, b)))
            except BridgeError:
                continue


def _answer(status: int, body: bytes) -> HttpAnswer:
    return HttpAnswer(status=status, body=body)
