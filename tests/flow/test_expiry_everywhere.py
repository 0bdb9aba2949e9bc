"""An id whose life is over is nowhere: not read, matched, reported, shown or sent."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiences.flows.build import build
from audiences.flows.expire import expire
from audiences.flows.resolve import resolve_people
from audiences.flows.workspace import Workspace
from shared.errors import ConfigurationError
from tests.builders import key_of, new_workspace, people
from tests.flow.expiry_world import (
    AUDIENCES,
    COOKIES,
    IDS,
    LINKED,
    META,
    MOMENTS,
    TICK,
    TTD,
    Id,
    alive,
    at,
    begun,
    member_rows,
    names_in,
    names_of,
    planned,
    read,
    reported,
    shown_of,
)
from tests.flow.sync_world import DAY0, DiedError, LossyHttp, World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
META_MAIN, TTD_MAIN = "meta-main", "ttd-main"
END = timedelta(days=3)  # of the idfa, as bridge.toml shortens it
moments = pytest.mark.parametrize("since", MOMENTS, ids=str)


@pytest.fixture(scope="module")
def stale(sandbox: str, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The shop with the people and members of day 0, never found or built again."""
    return begun(tmp_path_factory.mktemp("stale") / "shop", sandbox)


def _copy(stale: World, folder: Path) -> World:
    shutil.copytree(stale.folder, folder)
    return World(folder, stale.url)


@pytest.fixture(scope="module")
def fresh(stale: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same shop, to be built again at each instant."""
    return _copy(stale, tmp_path_factory.mktemp("fresh") / "shop")


@pytest.fixture(scope="module")
def swept(stale: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same shop, swept before it is read."""
    return _copy(stale, tmp_path_factory.mktemp("swept") / "shop")


@pytest.fixture
def shop(world: World, stale: World) -> World:
    """The same shop once more, and platforms that hold nothing."""
    return _copy(stale, world.folder)


def _sees_only(workspace: Workspace, living: set[str]) -> None:
    for what, seen in read(workspace):
        assert seen == (living & LINKED if what == "links" else living), what


@moments
def test_no_reader_sees_what_is_over(stale: World, since: timedelta) -> None:
    """However old the snapshots are: people and members are those of day 0."""
    workspace, living = at(stale, since), alive(since)
    _sees_only(workspace, living)
    for one in (one for one in IDS if abs(one.days * DAY - since) <= TICK):
        assert shown_of(workspace, one) == {one.name} & living & LINKED
    assert reported(workspace, "devices") == (len(living), len(living))
    assert reported(workspace, "people") == (len(living & LINKED), len(living & LINKED))


@moments
def test_no_plan_names_what_is_over(stale: World, since: timedelta) -> None:
    workspace, living = at(stale, since), alive(since)
    soon = alive(since + 2 * HOUR)  # what ends within the plan's own hour is not begun with
    for audience in ("devices", "those"):
        told = planned(workspace, audience, TTD_MAIN)
        assert soon & TTD & (LINKED if audience != "devices" else TTD) <= told <= living & TTD
    told = planned(workspace, "everybody", META_MAIN)
    assert soon & META <= told <= living & META


@moments
def test_sweeping_changes_nothing_that_is_read(swept: World, since: timedelta) -> None:
    expire(at(swept, since))
    _sees_only(at(swept, since), alive(since))


@moments
def test_no_audience_holds_what_is_over(fresh: World, since: timedelta) -> None:
    """Not even its file, before any reader looks at the ends of lives."""
    workspace, living = at(fresh, since), alive(since)
    resolve_people(workspace)
    found = people(workspace)
    assert names_of(found) == living
    for name in ("again", "viewers", "those", "clickers"):  # and those that they name
        build(workspace, name)
    rows = {name: {r["member"].bytes for r in member_rows(workspace, name)} for name in AUDIENCES}
    for name, wanted in (
        ("devices", living),
        ("again", living),
        ("viewers", living & LINKED),
    ):
        assert rows[name] == {one.key for one in IDS if one.name in wanted}, name
    for name, wanted in (
        ("people", living & LINKED),
        ("those", living & LINKED),
        ("clickers", living & COOKIES),
    ):
        owners = {key_of("external_id", one.owner) for one in IDS if one.name in wanted}
        assert rows[name] == {found[owner] for owner in owners}, name


def test_no_request_names_what_is_over(shop: World) -> None:
    """Through the ends of all lives, the platforms are told of the living, and hold no other."""
    before = 0
    for since in (timedelta(0), *(m for m in MOMENTS if m not in MOMENTS[2::3])):
        for audience, to in (("devices", TTD_MAIN), ("everybody", META_MAIN)):
            at(shop, since)
            shop.sync(to, audience)
            assert names_in(" ".join(shop.members(to, audience))) <= alive(since)
        kept = names_in(" ".join(shop.members(META_MAIN, "everybody")))
        assert alive(since + 2 * HOUR) & META <= kept <= alive(since) & META
        arrived = shop.requests()
        assert names_in(json.dumps(arrived[before:])) <= alive(since), since
        before = len(arrived)
        if since in MOMENTS[1::3]:
            expire(shop.open())
            held = repr([shop.held(TTD_MAIN, "devices"), shop.held(META_MAIN, "everybody")])
            assert names_in(held) <= alive(since)
    assert names_in(json.dumps(shop.requests())) == TTD, "they were sent while they lived"


def dying() -> LossyHttp:
    """Die with the first request that carries rows."""
    return LossyHttp(lambda r: "die" if r.url.endswith(("/users", "/advertiser", "delete")) else "")


around = pytest.mark.parametrize("late", [-TICK, 0 * TICK, TICK], ids=["before", "at", "after"])


def _told_after(
    shop: World, to: str, audience: str, planned: timedelta, late: timedelta
) -> set[str]:
    """Plan, die, and go on later; return the ids in the requests that arrived then."""
    at(shop, planned)
    with pytest.raises(DiedError):
        shop.sync(to, audience, http=dying())
    before = len(shop.requests())
    at(shop, late)
    assert shop.sync(to, audience).status == "done"
    return names_in(json.dumps(shop.requests()[before:]))


@around
@pytest.mark.parametrize(("to", "audience"), [(META_MAIN, "everybody"), (TTD_MAIN, "devices")])
def test_a_plan_that_waited_too_long_is_made_anew_without_the_dead(
    shop: World, to: str, audience: str, late: timedelta
) -> None:
    then = END + late
    # A platform that keeps ids gets none that ends within the plan's own hour.
    early = 3 * HOUR if to == META_MAIN else timedelta(minutes=7)
    told = _told_after(shop, to, audience, END - early, then)
    assert told <= alive(then)
    assert "gaid" in told
    if to == META_MAIN:
        assert ("idfa" in told) is (late < 0 * TICK)
    assert names_in(" ".join(shop.members(to, audience))) <= alive(then)


@pytest.mark.parametrize("minutes", [29, 30, 31])
def test_a_removal_that_waited_names_no_dead_id(shop: World, minutes: int) -> None:
    """What the platform forgets by itself within the plan's hour is not taken back."""
    half = timedelta(minutes=30)  # the idfa was seen again: it ends at half past midnight
    at(shop, half)
    shop.sightings([one.row() for one in IDS if one.name == "idfa"])
    at(shop, END - DAY + timedelta(minutes=44))  # so late that it holds the id nearly to its end
    shop.sync(TTD_MAIN, "devices")
    shop.put("audiences", "devices", "name: devices\nof: devices\nwhere: {seen: {trait: hats}}\n")
    then = END + timedelta(minutes=minutes)
    told = _told_after(shop, TTD_MAIN, "devices", END + timedelta(minutes=13), then)
    assert told <= alive(then - half)
    assert told >= TTD - {"idfa"}
    at(shop, END + DAY)
    shop.clock()
    assert shop.members(TTD_MAIN, "devices") == set()


@pytest.mark.parametrize("late", [-3 * HOUR, -TICK, 0 * TICK, TICK])
def test_a_keeping_platform_loses_a_device_by_its_durable_keys(
    shop: World, late: timedelta
) -> None:
    """The request that takes the row back does not name the device whose life is about over."""
    at(shop, END - DAY)
    shop.sync(META_MAIN, "everybody")
    before = len(shop.requests())
    at(shop, END + late)
    report = shop.sync(META_MAIN, "everybody")
    bodies = [one["body"] for one in shop.requests()[before:]]
    early = late < -2 * HOUR
    assert report.changed == (0 if early else 1)
    assert names_in(" ".join(bodies)) == set()
    assert ["P-idfa" in body for body in bodies] == ([] if early else [True, True])


def test_an_old_file_brings_nothing_back(shop: World) -> None:
    """Neither the same file, nor the same rows in another, nor events that name old cookies."""
    then = timedelta(days=40)
    at(shop, then)
    done = shop.ingest("sightings", [one.row() | {"seen_at": DAY0.isoformat()} for one in IDS])
    assert done.reasons == {"expired": len(IDS) - len(alive(then))}
    event = {"name": "view", "at": (DAY0 - 60 * DAY).isoformat()}
    rows = [event | {"external_id": i.owner, "cookie": i.value} for i in IDS if i.name in COOKIES]
    assert shop.ingest("events", rows).kept == len(rows)
    workspace = shop.open()
    resolve_people(workspace)
    assert names_of(people(workspace)) == alive(then)
    build(workspace, "viewers")
    assert names_of(r["member"].bytes for r in member_rows(workspace, "viewers")) <= alive(then)


def test_what_is_taken_in_late_ends_when_it_should(shop: World) -> None:
    """A file of day 0 comes on day 10, taken in as of day 0, when all in it lived."""
    rows = [replace(one, value=f"{one.value[:-1]}9") for one in IDS if one.name != "ip"]
    at(shop, timedelta(0))
    shop.sightings([one.row() for one in rows])
    for since in (timedelta(days=10), timedelta(days=30)):
        workspace = at(shop, since)
        build(workspace, "again")
        members = {row["member"].bytes for row in member_rows(workspace, "again")}
        assert {one.name for one in rows if one.key in members} == alive(since)


@pytest.mark.parametrize("days", ["91", "0", "-1", "3.5", "true", '"90"'])
def test_no_setting_lengthens_a_life(tmp_path: Path, days: str) -> None:
    with pytest.raises(ConfigurationError, match=r"lifetimes\.cookie"):
        new_workspace(tmp_path / "shop", toml=f"[lifetimes]\ncookie = {days}\n")


TIMES = st.timedeltas(timedelta(0), timedelta(days=95))
WAVES = st.lists(st.tuples(TIMES, st.sets(st.sampled_from(IDS), min_size=1)), max_size=2)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(waves=WAVES, instants=st.lists(TIMES, min_size=1, max_size=2))
def test_whatever_was_seen_when_only_the_living_are_sent(
    stale: World, waves: list[tuple[timedelta, set[Id]]], instants: list[timedelta]
) -> None:
    """Requests at random instants name ids that live; the platforms hold no other."""
    requests.post(f"{stale.url}/_sandbox/reset", timeout=20).raise_for_status()
    with TemporaryDirectory() as folder:
        shop, before = _copy(stale, Path(folder) / "shop"), 0
        for seen, ids in waves:
            at(shop, seen)
            shop.sightings([one.row() for one in ids])
        for then in sorted(instants):
            known = [(timedelta(0), set(IDS)), *waves]
            living = {
                one.name for was, ids in known for one in ids if was <= then < was + one.days * DAY
            }
            at(shop, then)
            for audience, to in (("devices", TTD_MAIN), ("everybody", META_MAIN)):
                shop.sync(to, audience)
                assert names_in(" ".join(shop.members(to, audience))) <= living
            arrived = shop.requests()
            assert names_in(json.dumps(arrived[before:])) <= living
            before = len(arrived)
