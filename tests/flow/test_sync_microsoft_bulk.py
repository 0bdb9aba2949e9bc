"""Syncs by files of Microsoft's Bulk service: changes, a replacement, lost answers, and waits."""

from __future__ import annotations

import pytest

from shared.errors import ConfigurationError
from shared.ports import HttpRequest
from tests.flow.sync_world import DiedError, LossyHttp, World, customers, sha

PLACE = """\
name: there
platform: microsoft
account: 7/42
credentials: sandbox
base_url: {url}/microsoft
options: {{flow: bulk{more}}}
guard: {{max_removed_percent: 100, max_change_percent: 100000}}
"""
PEOPLE = customers(range(50), device=False)
UPLOAD = "/UploadBulkFile/"


@pytest.fixture
def bulk(world: World) -> World:
    put(world)
    world.customers(PEOPLE)
    return world


def put(world: World, more: str = "") -> None:
    world.put("destinations", "there", PLACE.format(url=world.url, more=more))


def held(world: World) -> set[str]:
    (audience,) = world.platform_audiences("microsoft")
    return set(world.look(f"state/microsoft/{audience}")["members"])


def digests(*mails: str) -> set[str]:
    return {sha(mail) for mail in mails}


def files(world: World) -> int:
    return sum(UPLOAD in one["path"] for one in world.requests("microsoft"))


def test_changes_and_replacements_leave_exactly_the_members(bulk: World) -> None:
    report = bulk.sync("there")
    assert (report.status, report.accepted, report.requests) == ("done", 50, 1)
    assert held(bulk) == digests(*(one.mail for one in PEOPLE))
    assert bulk.sync("there").requests == 0
    bulk.day = 1
    bulk.customers(customers([0, 1], device=False, tier="none"))
    bulk.customers(customers([2_000], device=False))
    report = bulk.sync("there")
    assert (report.adds, report.removes, report.status) == (1, 2, "done")
    people = [*PEOPLE[2:], *customers([2_000], device=False)]
    assert held(bulk) == digests(*(one.mail for one in people))
    bulk.day = 2
    bulk.customers(customers([2], device=False, tier="none"))
    report = bulk.sync("there", mode="replace")
    assert (report.removes, report.accepted, report.status) == (1, 49, "done")
    assert held(bulk) == digests(*(one.mail for one in people[1:]))
    assert bulk.sync("there").requests == 0


def test_a_replacement_takes_out_who_was_added_by_others(bulk: World) -> None:
    bulk.sync("there")
    (audience,) = bulk.platform_audiences("microsoft")
    stranger = PLACE.replace("name: there", "name: other").replace(
        "flow: bulk{more}", "flow: items"
    )
    bulk.put("destinations", "other", stranger.format(url=bulk.url))
    bulk.customers(customers([3_000], device=False))
    bulk.sync("other")
    bulk.customers(customers([3_000], device=False, tier="none"))
    bulk.day = 1
    assert len(held(bulk)) == 51
    assert bulk.sync("there", mode="replace").status == "done"
    assert held(bulk) == digests(*(one.mail for one in PEOPLE))
    assert [*bulk.platform_audiences("microsoft")] == [audience]


def test_a_list_of_several_files_is_kept_in_step_and_not_replaced(bulk: World) -> None:
    put(bulk, ', rows_per_request: "20"')
    with pytest.raises(ConfigurationError, match=r"does not fit into one, .* use mode mirror"):
        bulk.sync("there", mode="replace")
    assert bulk.sync("there", dry_run=True).estimate["calls"] == 6, (
        "a place for each of three files"
    )
    assert bulk.requests("microsoft") == []
    report = bulk.sync("there")
    assert (report.status, report.accepted, files(bulk)) == ("done", 50, 3)
    assert held(bulk) == digests(*(one.mail for one in PEOPLE))


def test_rows_that_the_file_of_errors_names_are_refused_and_sent_again(bulk: World) -> None:
    bulk.faults(1.0, "partial")
    report = bulk.sync("there")
    assert (report.accepted, report.rejected, report.unknown) == (45, 5, 0)
    assert len(held(bulk)) == 45
    bulk.faults(0.0, "partial")
    bulk.day = 1
    assert (bulk.sync("there").adds, len(held(bulk))) == (5, 50)


@pytest.mark.parametrize("mode", ["mirror", "replace"])
def test_a_file_whose_answer_was_lost_is_not_taken_twice(bulk: World, mode: str) -> None:
    lost = iter(["lost"])
    http = LossyHttp(lambda request: next(lost, "") if UPLOAD in request.url else "")
    report = bulk.sync("there", mode=mode, http=http)
    assert (report.status, report.accepted) == ("done", 50)
    sent = [one for one in http.sent if UPLOAD in one.url]
    assert len({one.url for one in sent}) == 1, "it was asked for again at the same place"
    said = [one["status"] for one in bulk.requests("microsoft") if UPLOAD in one["path"]]
    assert said == [200, 400]
    assert held(bulk) == digests(*(one.mail for one in PEOPLE))


def test_a_run_that_died_behind_its_place_asks_for_another(bulk: World) -> None:
    def fate(request: HttpRequest) -> str:
        return "die" if UPLOAD in request.url else ""

    with pytest.raises(DiedError):
        bulk.sync("there", http=LossyHttp(fate))
    report = bulk.sync("there")
    assert (report.resumed != "", report.accepted) == (True, 50)
    asked = [one for one in bulk.requests("microsoft") if "BulkUploadUrl" in one["path"]]
    assert len(asked) == 2
    assert held(bulk) == digests(*(one.mail for one in PEOPLE))


def test_a_run_waits_for_a_file_that_is_worked_on_and_the_next_sync_goes_on(bulk: World) -> None:
    bulk.post("limits", {"microsoft": {"polls": 40, "milliseconds": 1e9}})
    report = bulk.sync("there")
    assert report.status == "waiting"
    assert files(bulk) == 1
    report = bulk.sync("there")
    while report.status == "waiting":
        report = bulk.sync("there")
    assert (report.status, files(bulk)) == ("done", 1)
    assert held(bulk) == digests(*(one.mail for one in PEOPLE))
    assert len(bulk.held("there")) == 50
