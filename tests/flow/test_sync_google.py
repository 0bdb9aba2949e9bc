"""Google takes requests at once and judges them later: waiting, counts without names, lost rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests

from audiences.flows.runs import show_run
from shared.errors import RejectedError
from shared.ports import HttpAnswer, HttpRequest
from shared.requests_http import RequestsHttp
from tests.fakes import FakeHttp
from tests.flow.sync_world import DAY0, LossyHttp, World, customers, sha

TO = "google-main"


def slow(world: World, polls: int) -> None:
    """Let the stand-in answer PROCESSING that often; one run asks ten times before it goes."""
    world.post("limits", {"google": {"polls": polls, "milliseconds": 1e12}})


def test_a_platform_that_works_on_it_is_waited_for(world: World) -> None:
    people = customers(range(1, 8))
    world.customers(people)
    slow(world, 9)
    report = world.sync(TO)
    assert (report.status, report.accepted) == ("done", 7)
    world.in_step(TO, people)


def test_a_run_that_waits_is_gone_on_with_and_nothing_is_planned_on_top(world: World) -> None:
    people = customers(range(1, 8))
    world.customers(people)
    slow(world, 25)
    report = world.sync(TO)
    assert (report.status, report.accepted, report.unknown) == ("waiting", 0, 7)
    assert world.held_keys(TO, state="") == []
    world.customers(customers([20]))
    before = len(world.requests())
    assert world.sync(TO).status == "waiting"
    assert {one["method"] for one in world.requests()[before:]} == {"GET"}
    slow(world, 1)
    again = world.sync(TO)
    assert (again.status, again.adds) == ("done", 1)
    assert again.resumed == report.run
    world.in_step(TO, [*people, *customers([20])])
    ingests = [r for r in world.requests() if ":ingest" in r["path"]]
    assert [len(json.loads(r["body"])["audienceMembers"]) for r in ingests] == [7, 1]


def test_what_is_still_open_after_a_day_is_unknown_and_sent_again(world: World) -> None:
    people = customers(range(1, 8))
    world.customers(people)
    slow(world, 1000)
    first = world.sync(TO)
    world.day = 2
    second = world.sync(TO)
    assert (first.status, second.status) == ("waiting", "waiting")
    assert second.resumed == first.run
    assert {row["outcome"] for row in world.sends()} == {"unknown"}
    slow(world, 1)
    world.day = 4
    world.sync(TO)
    world.in_step(TO, people)


def test_an_answer_that_comes_after_a_day_still_counts(world: World) -> None:
    people = customers(range(1, 8))
    world.customers(people)
    slow(world, 12)
    assert world.sync(TO).status == "waiting"
    world.day = 2
    report = world.sync(TO)
    assert (report.status, report.accepted) == ("done", 7)
    assert len([r for r in world.requests() if ":ingest" in r["path"]]) == 1
    world.in_step(TO, people)


def test_a_refusal_in_counts_leaves_each_row_unknown(world: World) -> None:
    people = customers(range(1, 31))
    world.customers(people)
    world.faults(1, "partial")
    report = world.sync(TO)
    assert (report.accepted, report.rejected, report.unknown) == (27, 3, 0)
    assert world.held_keys(TO) == []
    assert len(world.held_keys(TO, state="unknown")) == 30
    (request,) = show_run(world.open(), report.run)["sent"]
    assert (request["outcome"], request["rejected"]) == ("unknown", 3)
    world.faults(0)
    world.sync(TO)
    world.in_step(TO, people)


def judged(change: Callable[[dict[str, Any]], None]) -> LossyHttp:
    """Change what the stand-in says of a request's status."""
    lossy = LossyHttp(lambda _: "")
    send = lossy.real.send

    def changed(request: HttpRequest, timeout_seconds: float) -> HttpAnswer:
        answer = send(request, timeout_seconds)
        if "requestStatus" not in request.url:
            return answer
        body = json.loads(answer.body)
        change(body["requestStatusPerDestination"][0])
        return HttpAnswer(status=200, body=json.dumps(body).encode())

    lossy.real = type("Changed", (), {"send": staticmethod(changed)})()
    return lossy


def internal_error(status: dict[str, Any]) -> None:
    counts = [{"reason": "PROCESSING_ERROR_REASON_INTERNAL_ERROR", "recordCount": "7"}]
    status |= {"requestStatus": "FAILED", "errorInfo": {"errorCounts": counts}}


def test_rows_that_google_lost_are_unknown_and_sent_again(world: World) -> None:
    people = customers(range(1, 8))
    world.customers(people)
    report = world.sync(TO, http=judged(internal_error))
    assert (report.status, report.unknown, report.accepted) == ("done", 7, 0)
    assert {row["reason"] for row in world.sends()} == {"INTERNAL_ERROR"}
    again = world.sync(TO)
    assert (again.refreshed, again.accepted) == (7, 7)
    world.in_step(TO, people)


def failed(status: dict[str, Any]) -> None:
    counts = [{"reason": "PROCESSING_ERROR_REASON_DENIED_CONSENT", "recordCount": "7"}]
    status |= {"requestStatus": "FAILED", "errorInfo": {"errorCounts": counts}}


def test_a_request_that_failed_whole_is_not_held(world: World) -> None:
    world.customers(customers(range(1, 8)))
    report = world.sync(TO, http=judged(failed))
    assert (report.rejected, report.accepted) == (7, 0)
    assert world.held(TO) == []
    assert {row["reason"] for row in world.sends()} == {"DENIED_CONSENT"}


def added(world: World, digest: str) -> None:
    """Add a member as somebody else would, by the very request that added ours."""
    (ours,) = [r for r in world.requests() if ":ingest" in r["path"]]
    body = json.loads(ours["body"])
    keys = [{"emailAddress": digest}]
    body["audienceMembers"] = [{"compositeData": {"userData": {"userIdentifiers": keys}}}]
    answer = requests.post(
        f"{world.url}/google/audienceMembers:ingest",
        json=body,
        headers={"authorization": "Bearer sandbox"},
        timeout=20,
    )
    answer.raise_for_status()
    assert digest in world.members(TO)


def test_a_replacement_takes_the_others_out_when_google_is_through_with_its_members(
    world: World,
) -> None:
    world.customers(customers(range(1, 8)))
    world.sync(TO)
    added(world, sha("stranger@example.com"))
    world.day = 1
    world.customers(customers([2], tier="none"))
    slow(world, 12)
    report = world.sync(TO, mode="replace")
    assert report.status == "waiting"
    assert not [r for r in world.requests() if ":removeAll" in r["path"]]
    slow(world, 1)
    assert world.sync(TO).status == "done"
    kept = customers([1, *range(3, 8)])
    world.in_step(TO, kept)
    (asked,) = [r for r in world.requests() if ":removeAll" in r["path"]]
    assert json.loads(asked["body"])["removeAsOfTime"] == f"{DAY0 + timedelta(days=1):%FT%T.%fZ}"


def test_a_replacement_of_which_google_lost_a_part_takes_nobody_out(world: World) -> None:
    world.customers(customers(range(1, 8)))
    world.sync(TO)
    world.day = 1
    world.customers(customers([2], tier="none"))

    def failed(request: HttpRequest) -> HttpAnswer:
        if "requestStatus" not in request.url:
            return RequestsHttp().send(request, 9.0)
        counts = [{"recordCount": "6", "reason": "PROCESSING_ERROR_REASON_INTERNAL_ERROR"}]
        done = {"requestStatus": "FAILED", "errorInfo": {"errorCounts": counts}}
        body = json.dumps({"requestStatusPerDestination": [done]}).encode()
        return HttpAnswer(status=200, body=body)

    with pytest.raises(RejectedError, match="did not take all of it"):
        world.sync(TO, mode="replace", http=FakeHttp(failed))
    assert len(world.members(TO)) == 7
    (row, *_) = world.sends()[-1:]
    assert row["outcome"] == "unknown"
    assert not [r for r in world.requests() if ":removeAll" in r["path"]]
    assert world.sync(TO, mode="replace").status == "done"
    world.in_step(TO, customers([1, *range(3, 8)]))
