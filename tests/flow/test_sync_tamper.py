"""What was changed behind our back is noticed before anything more is sent, and then mended."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from audiences import schemas
from audiences.flows.places import held_table
from audiences.flows.runs import list_runs, show_run, verify_ledger
from audiences.flows.sync import sync
from audiences.lake import snapshot
from shared.errors import IntegrityError, RetryableError
from shared.ids import new_id
from tests.flow.sync_world import PLATFORMS, LossyHttp, World, customers

PEOPLE = customers(range(1, 8))
everywhere = pytest.mark.parametrize("to", sorted(PLATFORMS))


def interrupted(world: World, to: str) -> str:
    """Leave a run that is planned and could send nothing; return its id."""
    world.customers(PEOPLE)
    with pytest.raises(RetryableError):
        world.sync(to, http=LossyHttp(lambda _: "down"))
    (run,) = [r["run"] for r in list_runs(world.open())]
    return str(run)


def rows_sent(world: World) -> int:
    return len([r for r in world.requests() if r["size"] and "userLists" not in r["path"]])


@everywhere
def test_a_changed_body_is_never_sent(world: World, to: str) -> None:
    run = interrupted(world, to)
    store = world.open().lake.store
    (planned,) = world.plan(run).requests
    key = f"outbox/{run}/{planned.id}.body"
    body = store.get(key)
    assert body is not None
    store.put(key, body.replace(body[-40:-38], b"XY"))
    before = rows_sent(world)
    with pytest.raises(IntegrityError, match="is not what was planned"):
        world.sync(to)
    assert rows_sent(world) - before <= (1 if to == "meta-main" else 0)  # Meta's list is made first
    assert world.members(to) == set()
    world.sync(to)
    world.in_step(to, PEOPLE)
    assert verify_ledger(world.open()).faults == ()


@everywhere
def test_a_body_that_is_gone_is_noticed(world: World, to: str) -> None:
    run = interrupted(world, to)
    world.open().lake.store.delete([f"outbox/{run}/add-00000.body"])
    with pytest.raises(IntegrityError):
        world.sync(to)
    assert world.members(to) == set()
    world.sync(to)
    world.in_step(to, PEOPLE)


def other_path(plan: dict) -> None:
    plan["requests"][0]["path"] = plan["requests"][0]["path"].replace("users", "others")


def other_digest(plan: dict) -> None:
    plan["requests"][0]["sha256"] = "0" * 64


def fewer(plan: dict) -> None:
    plan["requests"] = []


def longer_life(plan: dict) -> None:
    plan["valid_until"] = "2099-01-01T00:00:00Z"


def other_audience(plan: dict) -> None:
    plan["audience_id"] = "999"


def no_plan(plan: dict) -> None:
    del plan["digest"]


@pytest.mark.parametrize(
    "change", [other_path, other_digest, fewer, longer_life, other_audience, no_plan]
)
def test_a_changed_plan_is_not_carried_out(world: World, change: Callable[[dict], None]) -> None:
    run = interrupted(world, "meta-main")
    store = world.open().lake.store
    key = f"outbox/{run}/plan.json"
    plan = json.loads(store.get(key) or b"")
    change(plan)
    store.put(key, json.dumps(plan).encode())
    for _ in range(2):
        with pytest.raises(IntegrityError, match="not what was written"):
            world.sync("meta-main")
    assert world.requests() == []
    store.delete([key])  # the way out that the message names
    world.sync("meta-main")
    world.in_step("meta-main", PEOPLE)


def test_a_damaged_plan_does_not_hide_the_other_runs(world: World) -> None:
    run = interrupted(world, "meta-main")
    world.sync("google-main")
    world.open().lake.store.put(f"outbox/{run}/plan.json", b"{}")
    found = {r["run"]: r["status"] for r in list_runs(world.open())}
    assert found[run] == "damaged"
    assert sorted(found.values()) == ["damaged", "done"]
    with pytest.raises(IntegrityError):
        show_run(world.open(), run)


def settled_by_another(world: World, to: str) -> None:
    """Write a state of `held` as another process would: it holds nothing."""
    lake = world.open().lake
    table = held_table(to, "gold")
    latest = snapshot.latest(lake, table)
    empty = schemas.HELD.empty_table().to_batches()
    snapshot.write(
        lake,
        table,
        schemas.HELD,
        empty,
        run=new_id(world.now),
        after=latest.number if latest else None,
        about={"run": "another", "at": world.now.isoformat(), "commits": []},
    )


@everywhere
def test_held_that_changed_under_an_interrupted_run_stops_it(world: World, to: str) -> None:
    interrupted(world, to)
    settled_by_another(world, to)
    with pytest.raises(IntegrityError, match="changed by somebody else"):
        world.sync(to)
    assert world.requests() == []
    world.sync(to)
    world.in_step(to, PEOPLE)


def test_held_that_changed_while_it_was_planned_stops_the_run(world: World) -> None:
    world.customers(PEOPLE)
    done: list[str] = []

    def progress(what: str, _count: int) -> None:
        if what.startswith("plan") and not done:
            done.append(what)
            settled_by_another(world, "meta-main")

    workspace = replace(world.open(), progress=progress)
    with pytest.raises(IntegrityError, match="nothing was sent"):
        sync(workspace, "gold", "meta-main")
    assert world.requests() == []
    world.sync("meta-main")
    world.in_step("meta-main", PEOPLE)


def test_held_that_changed_after_sending_leaves_every_row_unknown(world: World) -> None:
    """Two machines sent at once: nobody knows whose request came last, so all is sent again."""
    world.customers(PEOPLE)
    world.sync("meta-main")
    world.day = 1
    world.customers([replace(PEOPLE[0], tier="iron"), *customers([30])])

    def progress(what: str, _count: int) -> None:
        if what.startswith("send"):
            settled_by_another(world, "meta-main")

    workspace = replace(world.open(), progress=progress)
    sync(workspace, "gold", "meta-main")
    assert {row["state"] for row in world.held("meta-main")} == {"unknown"}
    world.sync("meta-main")
    assert set(world.held_keys("meta-main")) == world.members("meta-main")
