"""A platform that takes nobody out of an audience: a new one takes the place of the old."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from audiences.flows.runs import verify_ledger
from audiences.platforms import MODULES
from shared.errors import ConfigurationError, RetryableError
from shared.ports import HttpAnswer, HttpRequest
from shared.requests_http import RequestsHttp
from tests.fakes import FakeHttp
from tests.flow.sync_world import DiedError, LossyHttp, World, customers, keys


@pytest.fixture(autouse=True)
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODULES, "meta", "tests.flow.no_way_out:META")


def test_who_leaves_is_out_with_the_old_audience(world: World) -> None:
    people = customers(range(1, 6))
    world.customers(people)
    first = world.sync("meta-main").audience_id
    world.day = 1
    world.customers([replace(people[0], tier="iron")])
    planned = world.sync("meta-main", dry_run=True)
    assert world.plan(planned.run).mode == "rebuild"
    report = world.sync("meta-main")
    assert (report.status, report.removes, report.accepted) == ("done", 1, 5)
    (there,) = world.platform_audiences("meta")
    assert there == report.audience_id != first
    assert set(world.look(f"state/meta/{there}")["members"]) == keys(people[1:], "meta")
    assert sorted(world.held_keys("meta-main", state="")) == sorted(keys(people[1:], "meta"))
    world.day = 2
    late = customers([9])
    world.customers(late)
    report = world.sync("meta-main")
    assert (report.requests, report.audience_id) == (1, there)
    assert set(world.look(f"state/meta/{there}")["members"]) == keys([*people[1:], *late], "meta")


def test_an_old_audience_that_is_gone_already_is_no_fault(world: World) -> None:
    people = customers(range(1, 6))
    world.customers(people)
    world.sync("meta-main")
    world.day = 1
    world.customers([replace(people[0], tier="iron")])
    lossy = LossyHttp(lambda request: "lost" if request.method == "DELETE" else "")
    with pytest.raises(RetryableError):
        world.sync("meta-main", http=lossy)
    (there,) = world.platform_audiences("meta")
    assert set(world.look(f"state/meta/{there}")["members"]) == keys(people[1:], "meta")
    real = RequestsHttp()

    def answer(request: HttpRequest) -> HttpAnswer:  # Graph writes 400 where others write 404
        gone = request.method == "DELETE"
        return HttpAnswer(status=404) if gone else real.send(request, 9.0)

    report = world.sync("meta-main", http=FakeHttp(answer))
    assert (report.status, report.audience_id) == ("done", there)


def test_a_destination_that_is_tied_to_an_id_says_so(world: World) -> None:
    people = customers(range(1, 4))
    world.customers(people)
    made = world.sync("meta-main").audience_id
    text = world.destination("meta-main") + f"audience_ids: {{gold: '{made}'}}\n"
    world.put("destinations", "meta-main", text)
    world.day = 1
    world.customers([replace(people[0], tier="iron")])
    with pytest.raises(ConfigurationError, match="takes nobody out of an audience"):
        world.sync("meta-main")


def is_rows(request: HttpRequest) -> bool:
    return request.url.endswith("/users")


def once(wanted: Callable[[HttpRequest], bool], fate: str, then: str) -> LossyHttp:
    """A network that does something to the first request of a kind, and then to all that come."""
    met: list[str] = []

    def of(request: HttpRequest) -> str:
        if met:
            return then
        if wanted(request):
            met.append(request.url)
            return fate
        return ""

    return LossyHttp(of)


def is_making(request: HttpRequest) -> bool:
    return request.method == "POST" and request.url.endswith("/customaudiences")


def is_deleting(request: HttpRequest) -> bool:
    return request.method == "DELETE"


BROKEN_OFF = {
    "the new one is made, and nobody heard": partial(once, is_making, "lost", "die"),
    "the new one has its first rows": partial(once, is_rows, "", "die"),
    "it has all rows, and the old one stands": partial(once, is_deleting, "die", "die"),
    "the old one is gone, and nobody heard": partial(once, is_deleting, "lost", "die"),
}


@pytest.mark.parametrize("broken_off", BROKEN_OFF.values(), ids=BROKEN_OFF.keys())
@pytest.mark.parametrize("returns", [False, True], ids=["who left stays away", "who left is back"])
def test_a_rebuild_that_is_given_up_leaves_no_second_audience(
    world: World, broken_off: Callable[[], LossyHttp], returns: bool
) -> None:
    """When its plan is stale; whoever was to go is in no audience that nobody looks at."""
    text = world.destination("meta-main") + 'options: {rows_per_request: "2"}\n'
    world.put("destinations", "meta-main", text)
    people = customers(range(1, 7))
    world.customers(people)
    world.sync("meta-main")
    world.day = 1
    world.customers([replace(people[0], tier="iron")])
    with pytest.raises(DiedError):
        world.sync("meta-main", http=broken_off())
    world.day = 3
    world.customers([replace(people[0], tier="gold" if returns else "iron")])
    assert world.sync("meta-main").status == "done"
    wanted = keys(people if returns else people[1:], "meta")
    shown = [world.look(f"state/meta/{one}") for one in world.platform_audiences("meta")]
    assert [set(one["members"]) for one in shown] == [wanted]
    assert sorted(world.held_keys("meta-main")) == sorted(wanted)
    assert world.sync("meta-main").requests == 0
    assert verify_ledger(world.open()).faults == ()
    sent = {path.name for path in (world.folder / "lake" / "outcomes").iterdir()}
    assert {row["run"] for row in world.sends()} == sent, "what was sent stands in the ledger"
