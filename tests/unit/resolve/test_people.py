"""People: components as a union-find finds them, and ids that stay with whom they were given to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences import schemas
from audiences.lake.query import connect, table
from audiences.resolve.people import STRONG, resolve

NOW = datetime(2026, 11, 21, tzinfo=UTC)
TYPES = ("external_id", "email", "phone", "cookie", "maid")
MAX_SHARED = 3
Link = tuple[int, int]


def type_of(number: int) -> str:
    return TYPES[number % len(TYPES)]


def is_strong(number: int) -> bool:
    return f"'{type_of(number)}'" in STRONG


def key(number: int) -> UUID:
    # Mixed, so that the order of keys is not the order of numbers.
    return UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)


@dataclass(frozen=True, slots=True)
class World:
    """What is alive: identifiers known by themselves, and links between identifiers."""

    known: frozenset[int] = frozenset()
    links: frozenset[Link] = frozenset()

    @property
    def nodes(self) -> frozenset[int]:
        return self.known | {end for link in self.links for end in link}


@dataclass(frozen=True, slots=True)
class People:
    """Who is who: identifier -> person, and since when each person has been known."""

    person: Mapping[int, UUID] = field(default_factory=dict)
    since: Mapping[UUID, datetime] = field(default_factory=dict)

    def groups(self) -> set[frozenset[int]]:
        by_person: dict[UUID, set[int]] = {}
        for number, person in self.person.items():
            by_person.setdefault(person, set()).add(number)
        return {frozenset(group) for group in by_person.values()}

    def of(self, group: Iterable[int]) -> UUID:
        [person] = {self.person[number] for number in group}
        return person


class Lake:
    """A DuckDB in which one world after the other is resolved."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.runs = 0

    def people(self, world: World, before: People, at: datetime = NOW) -> People:
        self.runs += 1
        ends = at + timedelta(days=1)
        strong = [n for n in world.known if is_strong(n)]
        seen = [n for n in world.known if not is_strong(n)]
        self._fill("all_match_keys", schemas.MATCH_KEYS, [_node(n) for n in strong])
        sightings = [{**_node(n), "id_type": type_of(n), "expires_at": ends} for n in seen]
        self._fill("live_sightings", schemas.SIGHTINGS, sightings)
        links = [
            {
                "a": key(a).bytes,
                "b": key(b).bytes,
                "a_type": type_of(a),
                "b_type": type_of(b),
                "expires_at": ends,
            }
            for a, b in world.links
        ]
        self._fill("live_links", schemas.LINKS, links)
        earlier = [
            {**_node(n), "person": person.bytes, "since": before.since[person]}
            for n, person in before.person.items()
        ]
        self._fill("earlier", schemas.PEOPLE, earlier)
        rows = table(self.con, resolve(self.con, at, MAX_SHARED, str(self.runs))).to_pylist()
        numbers = {key(n): n for n in world.nodes}
        assert len(rows) == len(world.nodes), "every live identifier stands there once"
        return People(
            {numbers[row["key"]]: row["person"] for row in rows},
            {row["person"]: row["since"] for row in rows},
        )

    def _fill(self, name: str, schema: pa.Schema, rows: list[dict[str, object]]) -> None:
        self.con.register(name, pa.Table.from_pylist(rows, schema=schema))


def _node(number: int) -> dict[str, object]:
    return {"key": key(number).bytes, "type": type_of(number)}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with connect(tmp_path_factory.mktemp("duckdb")) as con:
        yield Lake(con)


def components(world: World) -> set[frozenset[int]]:
    """Join by union-find, with hubs left out: the slow and obvious way."""
    others: dict[int, set[int]] = {}
    for a, b in world.links:
        for end, other in ((a, b), (b, a)):
            if is_strong(other) or not is_strong(end):
                others.setdefault(end, set()).add(other)
    hubs = {end for end, known in others.items() if len(known) > MAX_SHARED}
    parent = {n: n for n in world.nodes}

    def root(n: int) -> int:
        while parent[n] != n:
            n = parent[n]
        return n

    for a, b in world.links:
        if a not in hubs and b not in hubs:
            parent[root(a)] = root(b)
    groups: dict[int, set[int]] = {}
    for n in world.nodes:
        groups.setdefault(root(n), set()).add(n)
    return {frozenset(group) for group in groups.values()}


def world(*links: Link, known: Iterable[int] = ()) -> World:
    return World(frozenset(known), frozenset(links))


NUMBERS = st.integers(0, 14)
LINKS = st.tuples(NUMBERS, NUMBERS).filter(lambda link: link[0] != link[1])
WORLDS = st.builds(World, st.frozensets(NUMBERS, max_size=8), st.frozensets(LINKS, max_size=14))
STEPS = st.lists(st.tuples(WORLDS, st.booleans()), min_size=2, max_size=5)


@settings(max_examples=60, deadline=None)
@given(found=WORLDS)
def test_components_are_those_of_a_union_find(lake: Lake, found: World) -> None:
    assert lake.people(found, People()).groups() == components(found)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_ids_stay_with_whom_they_were_given_to(lake: Lake, steps: list[tuple[World, bool]]) -> None:
    """Worlds follow each other, now and then at the same instant: data grows, merges, expires."""
    before, at = People(), NOW
    for found, later in steps:
        at += timedelta(days=later)
        after = lake.people(found, before, at)
        assert after.groups() == components(found), "an id names one person, a person has one id"
        check_ids(before, after, at)
        before = after


def check_ids(before: People, after: People, at: datetime) -> None:
    whole = before.groups()
    for group in after.groups():
        earlier = {before.person[n] for n in group if n in before.person}
        swallowed = [old for old in whole if old <= group]
        if {before.of(old) for old in swallowed} == earlier and earlier:
            oldest = min(earlier, key=lambda person: (before.since[person], person))
            assert after.of(group) == oldest, "who is whole keeps the id; of several, the oldest"
        if not earlier:
            assert after.of(group) not in set(before.person.values()) - {key(n) for n in group}
            assert after.since[after.of(group)] == at
        if after.of(group) in earlier:
            assert after.since[after.of(group)] == before.since[after.of(group)]
    for old in whole:
        heirs = {after.person[n] for n in old if n in after.person}
        parts = [group for group in after.groups() if group & old]
        if parts and not any(group - old for group in parts):
            assert before.of(old) in heirs, "of those who part, one keeps the id"


def test_chains_join_from_end_to_end(lake: Lake) -> None:
    found = world(*[(n, n + 1) for n in range(400)])
    assert lake.people(found, People()).groups() == {frozenset(range(401))}


def test_the_older_id_stays_when_people_turn_out_to_be_one(lake: Lake) -> None:
    first = lake.people(world(known=[1]), People(), NOW)
    second = lake.people(world(known=[0, 1]), first, NOW + timedelta(days=1))
    joined = lake.people(world((0, 1)), second, NOW + timedelta(days=2))
    assert joined.of([0, 1]) == first.person[1]
    assert joined.since == {first.person[1]: NOW}


def test_who_part_again_are_two_and_the_id_stays_with_its_name(lake: Lake) -> None:
    joined = lake.people(world((0, 3), (3, 1)), People())
    parted = lake.people(world(known=[0, 1]), joined, NOW + timedelta(days=1))
    named = joined.of([0, 1, 3])
    assert parted.person[0] != parted.person[1]
    assert parted.person[0 if named == key(0) else 1] == named


def test_a_name_that_another_bears_is_not_given_again(lake: Lake) -> None:
    """At one instant: who was named after 0 goes on without 0, which comes back alone, twice."""
    first = lake.people(world((0, 1), (1, 2)), People())
    name = first.of([0, 1, 2])
    named = next(n for n in (0, 1, 2) if key(n) == name)
    rest = [n for n in (0, 1, 2) if n != named]
    without = lake.people(world(known=rest[:1]), first)
    assert without.person[rest[0]] == name
    back = lake.people(world((named, 5), (5, 6), known=rest[:1]), without)
    other = back.of([named, 5, 6])
    assert other != name
    split = lake.people(world((5, 6), known=[named, rest[0]]), back)
    assert len({split.person[n] for n in (named, 5, rest[0])}) == 3


def test_what_many_share_is_no_evidence(lake: Lake) -> None:
    shared = 3  # a cookie of a public machine
    few, many = [(n * 5, shared) for n in range(3)], [(n * 5, shared) for n in range(4)]
    assert lake.people(world(*few), People()).groups() == {frozenset({0, 5, 10, 3})}
    alone = {frozenset({n}) for n in (0, 5, 10, 15, 3)}
    assert lake.people(world(*many), People()).groups() == alone
    # Devices that share a person are no crowd.
    devices = world(*[(0, n) for n in (3, 4, 8, 9, 13)])
    assert lake.people(devices, People()).groups() == {frozenset({0, 3, 4, 8, 9, 13})}
