"""Batches that go where the platform says just before, and outcomes that lie at an address."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audiences.delivery import outbox
from audiences.delivery.follow import follow
from audiences.delivery.outbox import Plan, Planned
from audiences.delivery.sender import deliver
from audiences.platforms.base import PLACE, Action, Answer, Outcome, Request, Target
from shared.errors import IntegrityError, RejectedError, RetryableError
from shared.ports import HttpAnswer, HttpRequest, Store
from tests.fakes import MemoryStore
from tests.unit.delivery import stage
from tests.unit.delivery.stage import LOST, by_path, planned, says, session


def place(_target: Target) -> Request:
    return Request(method="POST", path="/place")


def status(_target: Target, handle: str) -> Request:
    path = handle if "://" in handle else f"/status/{handle}"
    return Request(method="GET", path=path)


def told(answer: Answer) -> Outcome:
    return stage.outcome(answer, 0)


FILES = replace(stage.PLATFORM, place=place, status=status, told=told)


def plan(store: Store, count: int) -> Plan:
    def file(number: int) -> tuple[Planned, bytes]:
        made, body = planned(number)
        return replace(made, path=PLACE), body

    return stage.plan(store, *[file(number) for number in range(count)])


def gives(number: int, host: str = "https://ads.test") -> HttpAnswer:
    return says("done", address=f"{host}/up/{number}", handle=f"job-{number}")


def urls(requests: list[HttpRequest]) -> list[str]:
    return [one.url.removeprefix("https://ads.test") for one in requests]


def test_each_batch_has_a_place_of_its_own_and_is_asked_for_by_it() -> None:
    store = MemoryStore()
    pending = {"/up": [says("pending"), says("pending", handle="own")]}
    one = replace(FILES, limits=replace(FILES.limits, concurrency=1))
    made, http, _ = session(by_path({"/place": [gives(1), gives(2)], **pending}), platform=one)
    whole = plan(store, 2)
    assert deliver(made, store, whole, "77") == 2
    assert urls(http.requests) == ["/place", "/up/1", "/place", "/up/2"]
    known = [outbox.recorded(store, whole.run, one.id) for one in whole.requests]
    assert [one and one.outcome.handle for one in known] == ["job-1", "own"]


def test_a_lost_answer_is_asked_for_again_at_the_same_place() -> None:
    store = MemoryStore()
    answers = {"/place": [gives(1)], "/up/1": [LOST, says("pending")]}
    made, http, _ = session(by_path(answers), platform=FILES)
    deliver(made, store, plan(store, 1), "77")
    assert urls(http.requests) == ["/place", "/up/1", "/up/1"]


def test_a_rerun_asks_for_another_place() -> None:
    store = MemoryStore()
    whole = plan(store, 1)
    made, _, _ = session(by_path({"/place": [gives(1)], "/up/1": [LOST]}), platform=FILES)
    with pytest.raises(RetryableError):
        deliver(made, store, whole, "77")
    again = {"/place": [gives(2)], "/up/2": [says("done")]}
    made, http, _ = session(by_path(again), platform=FILES)
    deliver(made, store, whole, "77")
    assert urls(http.requests) == ["/place", "/up/2"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (gives(1, "https://elsewhere.test"), "wants files at elsewhere.test"),
        (says("done", handle="job-1"), "gives no place"),
        (says("refused", code="Closed"), "gives no place for a file: Closed"),
    ],
)
def test_nothing_is_sent_where_credentials_may_not_go(answer: HttpAnswer, why: str) -> None:
    store = MemoryStore()
    made, http, _ = session(by_path({"/place": [answer]}), platform=FILES)
    with pytest.raises(RejectedError, match=why):
        deliver(made, store, plan(store, 1), "77")
    assert urls(http.requests) == ["/place"]


def test_a_destination_that_takes_no_files_any_more_ends_the_run() -> None:
    store = MemoryStore()
    made, http, _ = session(by_path({"/": [says("done")]}))
    with pytest.raises(IntegrityError, match="the destination takes none now"):
        deliver(made, store, plan(store, 1), "77")
    assert http.requests == []


def test_what_lies_at_an_address_is_fetched_at_once_and_its_address_is_not_kept() -> None:
    store = MemoryStore()
    lies = says("pending", handle="https://blob.test/1")
    pages = {
        "/place": [gives(1)],
        "/up": [says("pending")],
        "/status/job-1": [says("pending"), lies, lies],
    }
    blob = [says("pending"), says("done", rejected={1: "bad"})]

    def answer(request: HttpRequest) -> HttpAnswer:
        if request.url.startswith("https://blob.test"):
            assert "authorization" not in request.headers
            return blob.pop(0)
        return network(request)

    network = by_path(pages)
    made, http, _ = session(answer, platform=FILES)
    whole = plan(store, 1)
    deliver(made, store, whole, "77")
    assert follow(made, store, whole, 60) == []
    job, at = "/status/job-1", "https://blob.test/1"
    assert urls(http.requests)[2:] == [job, job, at, job, at]
    (name,) = [one.id for one in whole.requests]
    last = outbox.recorded(store, whole.run, name, "status")
    assert last
    assert (last.outcome.action, last.outcome.rejected) == (Action.DONE, {1: "bad"})
    assert last.outcome.handle == "job-1"
    kept = [store.get(one.key) or b"" for one in store.list("")]
    assert not any(b"blob.test" in content for content in kept)
