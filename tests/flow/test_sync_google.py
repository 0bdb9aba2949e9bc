"""Google takes requests at once and judges them later: waiting, counts without names, lost rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from audiences.flows.runs import show_run
from shared.ports import HttpAnswer, HttpRequest
from tests.flow.sync_world import LossyHttp, World, customers

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
