"""A shop whose every short-lived id ends at a known instant, and all the ways to read of one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from audiences import schemas
from audiences.flows import load
from audiences.flows.build import build
from audiences.flows.person import find_person
from audiences.flows.plan import Asked, latest_inputs, make_plan
from audiences.flows.report import contrast_report, decay_report
from audiences.flows.resolve import resolve_people
from audiences.flows.workspace import Workspace
from audiences.lake import now, query, snapshot
from shared.ids import new_id
from tests.builders import key_of, new_workspace
from tests.flow.sync_world import ANYTHING_GOES, DAY0, PLATFORMS, World

TICK = timedelta(microseconds=1)
SETTINGS = '[lifetimes]\nidfa = 3\nip = 30\n"partner:the_trade_desk" = 80\n'


@dataclass(frozen=True, slots=True)
class Id:
    """One id as it was seen on day 0, and how many days it lives."""

    name: str
    type: str
    value: str
    days: int
    more: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> bytes:
        return key_of(self.type, self.value)

    @property
    def owner(self) -> str:
        return f"P-{self.name}"

    def row(self) -> dict[str, str]:
        seen = {"id_type": self.type, "id": self.value, "traits": "shoes", "party": "1"}
        return seen | {"link_type": "external_id", "link_value": self.owner} | dict(self.more)


IDS = (
    Id("first", "cookie", "ck-first", 90),
    Id("safari", "cookie", "ck-safari", 7, (("browser", "Safari"),)),
    Id("third", "cookie", "ck-third", 30, (("party", "3"),)),
    Id("gaid", "gaid", str(uuid.UUID(int=0x17 + (1 << 100))), 90),
    Id("idfa", "idfa", str(uuid.UUID(int=0x28 + (1 << 100))), 3),  # shortened in bridge.toml
    Id("ctv", "ctv", "tv-one", 90),
    Id("partner", "partner:the_trade_desk", "pt-one", 30),  # bridge.toml asks for 80 in vain
    Id("ip", "ip", "8.8.8.8", 1),  # and for 30
)
COOKIES = {one.name for one in IDS if one.type == "cookie"}
LINKED = {one.name for one in IDS} - {"ip"}  # an address of a network links nobody
TTD = {one.name for one in IDS} - {"ip", "ctv"}  # what The Trade Desk takes
META = {"gaid", "idfa"}
LIVES = sorted({one.days for one in IDS})
MOMENTS = [timedelta(days=d) + delta for d in LIVES for delta in (-TICK, 0 * TICK, TICK)]
AUDIENCES = {
    "devices": "of: devices\nwhere: {seen: {trait: shoes, within_days: 365}}",
    "people": "where: {seen: {trait: shoes, within_days: 365}}",
    "viewers": "of: devices\nwhere: {event: {name: view}}",
    "clickers": "where: {event: {name: click}}",
    "again": "of: devices\nwhere: {member_of: devices}",
    "those": "where: {member_of: people}",
    "everybody": "where: {profile: {field: attributes.tier, is: gold}}",
}


def alive(since: timedelta) -> set[str]:
    """Name the ids that live at a time after day 0: an end is the first instant of no life."""
    return {one.name for one in IDS if timedelta(days=one.days) > since}


def begun(folder: Path, url: str) -> World:
    """Make the shop as of day 0, with everybody found and every audience built."""
    world = World(folder, url)
    new_workspace(
        folder,
        as_of=DAY0,
        toml=SETTINGS,
        audiences={name: f"name: {name}\n{text}\n" for name, text in AUDIENCES.items()},
        destinations={name: world.destination(name, ANYTHING_GOES) for name in PLATFORMS},
    )
    people = [
        {"external_id": one.owner, "email": f"{one.name}@x.co", "tier": "gold"} for one in IDS
    ]
    world.ingest("profiles", people)
    world.ingest("events", [_event("view", external_id=one.owner) for one in IDS])
    world.ingest("events", [_event("click", cookie=i.value) for i in IDS if i.name in COOKIES])
    world.sightings([one.row() for one in IDS])
    workspace = world.open()
    resolve_people(workspace)
    for name in AUDIENCES:
        build(workspace, name)
    return world


def _event(name: str, **who: str) -> dict[str, str]:
    return {"event_id": f"{name}-{who}", "name": name, "at": DAY0.isoformat(), **who}


def at(world: World, since: timedelta) -> Workspace:
    """Open the shop at a time after day 0."""
    world.day = since / timedelta(days=1)
    assert world.now == DAY0 + since
    return world.open()


def names_of(keys: Iterable[bytes]) -> set[str]:
    """Return the names of the ids among some keys."""
    known = {one.key: one.name for one in IDS}
    return {known[key] for key in keys if key in known}


def names_in(text: str) -> set[str]:
    """Return the names of the ids whose values stand in a text."""
    return {one.name for one in IDS if one.value in text}


def member_rows(workspace: Workspace, audience: str) -> list[dict[str, Any]]:
    """Return the rows of an audience's newest snapshot as its file holds them."""
    found = snapshot.latest(workspace.lake, f"members/{audience}")
    table = snapshot.dataset(workspace.lake, found, schemas.MEMBERS).to_table()
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def read(workspace: Workspace) -> Iterator[tuple[str, set[str]]]:
    """Read the shop in every way there is; yield what each way shows of ids."""
    lake, instant = workspace.lake, workspace.now()
    with query.connect(lake.scratch) as con:
        now.people(con, lake, snapshot.latest(lake, "people"), instant)
        now.sightings(con, lake, instant)
        now.members(con, lake, AUDIENCES, instant)
        query.view_links(con, lake, instant)
        for what, sql in (
            ("people", "SELECT key FROM people_now WHERE expires_at IS NOT NULL"),
            ("sightings", "SELECT device FROM sightings_now"),
            ("members", "SELECT member FROM members_now WHERE of = 'devices'"),
            ("links", "SELECT b FROM live_links"),
        ):
            yield what, names_of(key.bytes for (key,) in con.execute(sql).fetchall())


def shown_of(workspace: Workspace, one: Id) -> set[str]:
    """Return what the view of an id's owner shows of ids, by keys and by values."""
    found = find_person(workspace, kind="external_id", value=one.owner)
    devices = [row["device"] for row in found.sightings]
    keys = [row["key"] for row in found.identifiers]
    values = names_in(repr(found.as_json()))
    return values | names_of(bytes.fromhex(key) for key in [*devices, *keys])


def planned(workspace: Workspace, audience: str, destination: str) -> set[str]:
    """Plan a run from the snapshots that are there, however old; return the ids in its bodies."""
    run, rule = new_id(workspace.now()), load.audience(workspace, audience)
    plan = make_plan(
        workspace,
        rule,
        load.destination(workspace, destination),
        asked=Asked(run=run, dry_run=True),
        audience_id="1",
        inputs=latest_inputs(workspace.lake, rule, destination),
    )
    bodies = [workspace.lake.store.get(f"outbox/{run}/{r.id}.body") for r in plan.requests]
    return names_in(" ".join((body or b"").decode() for body in bodies))


def reported(workspace: Workspace, audience: str) -> tuple[int, int]:
    """Return how many members the two reports say are reached by a live device today."""
    (contrast,) = contrast_report(workspace, [audience]).audiences
    (decay,) = decay_report(workspace, [audience]).as_json()["audiences"]
    return contrast.on_a_clock, decay["series"]["device"][0]
