"""Cancel: a run ends where it is, and its report and the ledger say what became of each row."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from audiences.flows.cancel import NotUnderWayError, cancel
from audiences.flows.exports import Desk
from audiences.flows.runs import verify_ledger
from infra.local.cli import app
from infra.local.jobs import NoJobs
from shared.errors import DataError
from shared.ports import HttpRequest
from tests.flow.sync_world import DiedError, LossyHttp, World, customers

PEOPLE = customers(range(1, 13), device=False)
ONE_BY_ONE = "options: {rows_per_request: 1, requests_at_once: 1}\n"


@pytest.fixture
def shop(world: World) -> World:
    world.put("destinations", "google-main", world.destination("google-main") + ONE_BY_ONE)
    world.customers(PEOPLE)
    return world


def desk(world: World) -> Desk:
    workspace = world.open()
    return Desk(workspace.lake.store, workspace.kv, NoJobs(), workspace.clock)


def is_rows(request: HttpRequest) -> bool:
    return "audienceMembers" in request.url


def under_way(world: World) -> str:
    value = world.open().kv.get("open/google-main/gold")
    assert value
    return value.split(" ")[0]


def cancelled_after(shop: World, requests: int) -> LossyHttp:
    """Return a network that cancels the run when so many requests with rows went out."""
    seen = 0

    def fate(request: HttpRequest) -> str:
        nonlocal seen
        if is_rows(request):
            seen += 1
            if seen == requests:
                assert cancel(desk(shop), under_way(shop))["status"] == "cancelling"
        return ""

    return LossyHttp(fate)


def test_no_further_request_begins_and_what_was_sent_is_settled(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audiences.flows.watch._LOOK_SECONDS", 0.0)
    report = shop.sync("google-main", http=cancelled_after(shop, 4))
    assert (report.status, report.accepted, report.unknown) == ("cancelled", 4, 8)
    assert len([one for one in shop.sends() if one["outcome"] == "accepted"]) == 4
    assert verify_ledger(shop.open()).faults == ()
    with pytest.raises(NotUnderWayError):
        cancel(desk(shop), report.run)
    later = shop.sync("google-main")
    assert later.status == "done"
    shop.in_step("google-main", PEOPLE)


def test_a_run_that_nobody_is_at_is_settled_by_the_command(shop: World) -> None:
    sent = 0

    def fate(request: HttpRequest) -> str:
        nonlocal sent
        sent += is_rows(request)
        return "die" if sent > 3 else ""

    with pytest.raises(DiedError):
        shop.sync("google-main", http=LossyHttp(fate))
    run = under_way(shop)
    shown = CliRunner().invoke(app, ["run", "cancel", run, "-C", str(shop.folder)])
    assert shown.exit_code == 0, shown.output
    assert "cancelled" in shown.stdout
    assert shop.open().kv.get("open/google-main/gold") is None
    assert shop.sync("google-main").status == "done"
    shop.in_step("google-main", PEOPLE)


def test_what_is_no_run_or_over_is_refused(shop: World) -> None:
    done = shop.sync("google-main")
    with pytest.raises(NotUnderWayError, match="done"):
        cancel(desk(shop), done.run)
    for unknown in ("nothing", "../x"):
        with pytest.raises(DataError):
            cancel(desk(shop), unknown)
