"""A platform that takes nobody out of an audience: a new one takes the place of the old."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audiences.platforms import MODULES
from shared.errors import ConfigurationError, RetryableError
from shared.ports import HttpAnswer, HttpRequest
from shared.requests_http import RequestsHttp
from tests.fakes import FakeHttp
from tests.flow.sync_world import LossyHttp, World, customers, keys


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
