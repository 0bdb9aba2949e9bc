"""An interrupted run is gone on with, unless what it would still send has become wrong."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from audiences.flows.expire import expire
from audiences.flows.replay import replay_run
from audiences.flows.runs import list_runs, verify_ledger
from audiences.flows.sync import sync
from audiences.schemas import SENDS
from shared.clock import Clock
from shared.errors import ConfigurationError, DataError, RetryableError
from shared.ports import HttpRequest
from tests.flow.sync_world import (
    DAY0,
    PLATFORMS,
    DiedError,
    LossyHttp,
    World,
    customers,
    keys,
)

everywhere = pytest.mark.parametrize("to", sorted(PLATFORMS))
PEOPLE = customers(range(1, 8))


def carries_rows(request: HttpRequest) -> bool:
    path = request.url.partition("?")[0]
    return path.endswith(("/users", ":ingest", ":remove", "/data/advertiser"))


def dying_after(count: int) -> LossyHttp:
    """Let so many requests with rows through, then die with the next."""
    seen: list[HttpRequest] = []

    def fate(request: HttpRequest) -> str:
        if carries_rows(request):
            seen.append(request)
        return "die" if len(seen) > count else ""

    return LossyHttp(fate)


def test_a_rerun_sends_only_what_has_no_outcome(world: World) -> None:
    """Of three requests one or two came through; each body arrives exactly once in the end."""
    devices = [{"id_type": "cookie", "id": f"c-{n:06d}", "traits": "shoes"} for n in range(3300)]
    world.sightings(devices)
    with pytest.raises(DiedError):
        world.sync("ttd-main", "seen", http=dying_after(2))
    (run,) = [r["run"] for r in list_runs(world.open())]
    report = world.sync("ttd-main", "seen")
    assert (report.run, report.resumed, report.accepted) == (run, run, 3300)
    bodies = Counter(r["sha256"] for r in world.requests())
    assert sorted(bodies.values()) == [1, 1, 1]
    assert {p.sha256 for p in world.plan(run).requests} == set(bodies)


@everywhere
def test_a_death_with_the_answer_on_its_way_ends_well(world: World, to: str) -> None:
    world.customers(PEOPLE)
    with pytest.raises(DiedError):
        world.sync(to, http=dying_after(0))
    world.day = 0.001
    world.sync(to)
    world.in_step(to, PEOPLE)


@everywhere
def test_who_withdraws_while_a_run_lies_is_not_sent(world: World, to: str) -> None:
    """The interrupted plan holds them; new records came, so it is planned anew."""
    world.customers(PEOPLE)
    with pytest.raises(DiedError):
        world.sync(to, http=dying_after(0))
    world.customers([replace(PEOPLE[0], ads="no")])
    before = len(world.requests())
    report = world.sync(to)
    world.in_step(to, PEOPLE[1:])
    added = [
        r["body"]
        for r in world.requests()[before:]
        if "remove" not in r["path"] and "delete" not in r["path"]
    ]
    mine = PEOPLE[0].key(PLATFORMS[to]).split(",")
    if to != "ttd-main":  # there a removal is an item of lifetime zero at the same address
        assert not any(part in body for part in mine for body in added)
    assert report.resumed


@everywhere
def test_a_changed_rule_is_not_outrun_by_an_old_plan(world: World, to: str) -> None:
    world.customers([*PEOPLE, *customers([20], tier="silver")])
    with pytest.raises(DiedError):
        world.sync(to, http=dying_after(0))
    text = "name: gold\nwhere: {profile: {field: attributes.tier, is: silver}}\n"
    world.put("audiences", "gold", text)
    world.sync(to)
    world.in_step(to, customers([20]))
    told = [json.loads(r["body"]) for r in world.requests() if carries(r)]
    assert told


def carries(arrived: dict) -> bool:
    return bool(arrived["size"]) and "audiences" not in arrived["path"].rpartition("/")[2]


def test_a_stricter_policy_is_not_outrun_by_an_old_plan(world: World) -> None:
    world.customers(PEOPLE)
    with pytest.raises(DiedError):
        world.sync("meta-main", http=dying_after(0))
    strict = world.destination("meta-main") + "consent: {in: everywhere}\n"
    world.put("destinations", "meta-main", strict)
    report = world.sync("meta-main")
    assert report.dropped == {"consent_missing": 7}
    assert world.members("meta-main") == set()
    assert not any(PEOPLE[0].id in r["body"] for r in world.requests() if "delete" not in r["path"])


@everywhere
def test_a_plan_that_waited_too_long_is_made_anew(world: World, to: str) -> None:
    world.customers(PEOPLE)
    with pytest.raises(DiedError):
        world.sync(to, http=dying_after(0))
    (old,) = [r["run"] for r in list_runs(world.open())]
    world.day = 2
    report = world.sync(to)
    assert (report.status, report.resumed) == ("done", old)
    assert report.run != old
    world.in_step(to, PEOPLE)
    statuses = {r["run"]: r["status"] for r in list_runs(world.open())}
    assert statuses == {old: "abandoned", report.run: "done"}


def test_nothing_is_sent_after_a_plan_is_over(world: World) -> None:
    """The clock runs out between two requests: the second is not sent."""
    devices = [{"id_type": "cookie", "id": f"c-{n:06d}", "traits": "shoes"} for n in range(3300)]
    world.sightings(devices)
    world.sync("ttd-main", "seen", dry_run=True)
    clock = _Running(DAY0)
    lossy = LossyHttp(lambda _: clock.on(0.7))
    workspace = replace(world.open(http=lossy), clock=clock)
    with pytest.raises(RetryableError, match="grew old"):
        sync(workspace, "seen", "ttd-main")
    assert 1 <= len(lossy.sent) <= 4  # four lanes: what was on its way ends
    world.day = 0.2
    world.sync("ttd-main", "seen")
    assert len(world.members("ttd-main", "seen")) == 3300


class _Running(Clock):
    """A clock that a test moves."""

    __slots__ = ()

    def on(self, hours: float) -> str:
        object.__setattr__(self, "fixed", (self.fixed or DAY0) + timedelta(hours=hours))
        return ""


@pytest.mark.parametrize("minute", [0, 29, 46, 59])
def test_a_plan_has_some_minutes_to_be_sent_in(world: World, minute: int) -> None:
    world.customers(PEOPLE)
    world.day = minute / 60 / 24
    plan = world.plan(world.sync("ttd-main", dry_run=True).run)
    left = Clock(world.now).now()
    valid = plan.valid_until
    assert valid.endswith(":00:00Z")
    assert timedelta(minutes=15) <= _instant(valid) - left <= timedelta(minutes=75)


def _instant(text: str):
    from shared.clock import parse_instant

    return parse_instant(text)


def test_another_account_under_the_same_name_is_refused(world: World) -> None:
    """What one account holds says nothing of what another one does."""
    world.customers(PEOPLE)
    world.sync("meta-main")
    other = world.destination("meta-main").replace("act_12", "act_99")
    world.put("destinations", "meta-main", other)
    with pytest.raises(ConfigurationError, match="another place"):
        world.sync("meta-main")
    assert len(world.platform_audiences("meta")) == 1


def test_a_run_for_another_account_is_closed_and_not_sent_there(world: World) -> None:
    world.customers(PEOPLE)
    with pytest.raises(DiedError):
        world.sync("meta-main", http=dying_after(0))
    before = len(world.requests())
    world.put(
        "destinations", "meta-main", world.destination("meta-main").replace("act_12", "act_99")
    )
    with pytest.raises(ConfigurationError, match="another place"):
        world.sync("meta-main")
    assert len(world.requests()) == before


@everywhere
def test_a_replay_gives_the_same_bytes_after_more_has_come(world: World, to: str) -> None:
    world.customers(PEOPLE)
    first = world.sync(to)
    world.day = 3
    world.customers(
        [replace(PEOPLE[0], ads="no"), replace(PEOPLE[1], tier="iron"), *customers([9])]
    )
    second = world.sync(to)
    world.day = 5
    world.customers([replace(PEOPLE[2], email="later@example.com")])
    world.sync(to)
    before = len(world.requests())
    for report in (first, second):
        replayed = replay_run(world.open(), report.run)
        assert replayed.same
        assert replayed.replay_digest == report.digest
    assert len(world.requests()) == before


@everywhere
def test_a_replay_keeps_no_id_that_has_died_since(world: World, to: str) -> None:
    people = customers(range(1, 4))
    world.customers(people)
    report = world.sync(to)
    world.day = 200
    lake = world.open().lake
    before = {found.key for found in lake.store.list("")}
    replayed = replay_run(world.open(), report.run)
    assert (replayed.same, replayed.differs, replayed.late) == (True, (), True)
    new = {found.key for found in lake.store.list("")} - before
    assert new == {f"outbox/{replayed.replay}/plan.json"}
    written = b"".join(lake.store.get(key) or b"" for key in new)
    assert not [one for one in people if one.gaid.encode() in written]


def test_a_replay_after_the_sweep_says_what_differs(world: World) -> None:
    safari = {"id_type": "cookie", "browser": "Safari", "traits": "shoes"}
    world.sightings([safari | {"id": f"ABC-{number}"} for number in range(3)])
    report = world.sync("ttd-main", "seen")
    world.day = 10
    expire(world.open())
    replayed = replay_run(world.open(), report.run)
    assert (replayed.same, replayed.differs, replayed.late) == (False, ("add-00000",), True)


def test_a_run_that_nobody_knows_cannot_be_replayed(world: World) -> None:
    world.customers(PEOPLE)
    for run in ("20260701T000000-0000000000", "../x", ""):
        with pytest.raises(DataError):
            replay_run(world.open(), run)


@everywhere
def test_every_planned_row_has_one_outcome_in_the_ledger(world: World, to: str) -> None:
    world.customers(PEOPLE)
    reports = [world.sync(to)]
    world.day = 1
    world.customers([replace(PEOPLE[0], tier="iron"), *customers([9])])
    reports.append(world.sync(to))
    for report in reports:
        mine = [row for row in world.sends() if row["run"] == report.run]
        assert len(mine) == report.rows == len({(row["op"], row["row"]) for row in mine})
        assert {row["outcome"] for row in mine} == {"accepted"}
        arrived = {r["sha256"] for r in world.requests()}
        assert {row["request_digest"].hex() for row in mine} <= arrived
        assert set(mine[0]) == set(SENDS.names)
    assert verify_ledger(world.open()).faults == ()


def test_keys_are_removed_as_they_were_sent(world: World) -> None:
    """What was sent stands in `held`; the removal repeats it to the letter."""
    world.customers(PEOPLE)
    world.sync("meta-main")
    world.day = 1
    world.customers([replace(one, tier="iron") for one in PEOPLE[:2]])
    world.sync("meta-main")
    (removal,) = [r for r in world.requests("meta") if "method=delete" in r["path"]]
    rows = {",".join(filter(None, row)) for row in json.loads(removal["body"])["payload"]["data"]}
    assert rows == keys(PEOPLE[:2], "meta")
