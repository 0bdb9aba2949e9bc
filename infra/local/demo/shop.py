"""Generates the demo shop: two drops of customers, orders and sightings, a week apart, for a seed.

The files look like those a company hands in: several scripts, values written badly in every usual
way, one person twice, rows that nobody can read. The same seed gives the same files anywhere, and
memory stays flat however many people there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from random import Random

import pyarrow as pa

from infra.local.demo.broken import broken_events, broken_profiles, broken_sightings
from infra.local.demo.customers import Crowd, Customer, Season
from infra.local.demo.draw import Draw
from infra.local.demo.drop import FILES, DropWriter, open_drop
from infra.local.demo.orders import orders, shoppers
from infra.local.demo.visits import Device, devices, visits

_CHUNK = 20_000  # people made at once
_NEWCOMERS = 0.03  # share of people who first appear in the second drop
_TWICE = 0.03  # share of people with a second record
_RESENT = 0.004  # share of events that their system sends twice
_RETURN = 0.08  # share of those who left that come back in the second week
WEEK = 7  # days between the drops


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """One delivery of files, and the instant at which it would be read."""

    profiles: Path
    events: Path
    sightings: Path
    as_of: datetime
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """Both drops; `planted` counts each kind of oddity that was written into them."""

    first: Drop
    second: Drop
    planted: Mapping[str, int]


def generate(
    folder: Path,
    people: int,
    seed: int,
    first_day: date,
    days: int = 120,
    *,
    events_per_person: float = 5.0,
    sightings_per_person: float = 8.0,
) -> Generated:
    """Write `week1/` and `week2/` below a folder; the second holds only what is new or changed."""
    season = Season(datetime.combine(first_day, time(), UTC), days)
    shop = _Shop(
        seed=seed,
        season=season,
        week=Season(season.end, WEEK),
        events=events_per_person,
        sightings=sightings_per_person,
        planted=Counter(),
    )
    return shop.open(folder, people)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shop:
    seed: int
    season: Season
    week: Season
    events: float
    sightings: float
    planted: Counter[str]

    def open(self, folder: Path, people: int) -> Generated:
        """Write both drops, chunk by chunk."""
        with open_drop(folder / "week1") as first, open_drop(folder / "week2") as second:
            for numbers in _chunks(1, people):
                self.regulars(numbers, first, second)
            for numbers in _chunks(people + 1, people + round(people * _NEWCOMERS)):
                self.newcomers(numbers, second)
            self.broken(first)
        return Generated(
            first=_drop(folder / "week1", self.season.end, first.rows),
            second=_drop(folder / "week2", self.week.end, second.rows),
            planted=self.planted,
        )

    def regulars(self, numbers: range, first: DropWriter, second: DropWriter) -> None:
        """Write a chunk of customers, and what they did, changed and stopped a week later."""
        crowd = Crowd(self._rng(numbers), self.season, self.planted)
        people = crowd.make(numbers)
        seen = list(devices(crowd.rng, people, self.season))
        again = [crowd.again(one) for one in people if crowd.chance(_TWICE)]
        first.profiles([one.row for one in people] + again)
        self._traffic(crowd.rng, people, seen, self.season, first)
        changed = [crowd.later(one, self.week.end) for one in people]
        second.profiles([row for row in changed if row])
        back = [self._back(crowd, one) for one in people]
        self._traffic(crowd.rng, back, seen, self.week, second)
        self.planted["second record"] += len(again)

    def newcomers(self, numbers: range, second: DropWriter) -> None:
        """Write a chunk of customers who were not there in the first drop."""
        crowd = Crowd(self._rng(numbers), self.week, self.planted)
        people = crowd.make(numbers)
        second.profiles([one.row for one in people])
        seen = list(devices(crowd.rng, people, self.week))
        self._traffic(crowd.rng, people, seen, self.week, second)
        self.planted["newcomer"] += len(people)

    def broken(self, drop: DropWriter) -> None:
        """Write the rows that nobody can use."""
        profiles, events = broken_profiles(), broken_events(self.season.end)
        faults, sightings = broken_sightings(self.season.end)
        drop.broken(list(profiles.values()), list(events.values()))
        drop.sightings(sightings)
        self.planted.update(f"broken profile: {what}" for what in profiles)
        self.planted.update(f"broken event: {what}" for what in events)
        self.planted.update(f"broken sighting: {what}" for what in faults)

    def _rng(self, numbers: range) -> Random:
        return Random(f"{self.seed}:{numbers.start}")  # noqa: S311  (a demo, not a secret)

    def _back(self, crowd: Crowd, one: Customer) -> Customer:
        """Let some of those who left come back in the second week."""
        gone = one.active.end < int(self.week.first.timestamp())
        if gone and crowd.chance(_RETURN):
            return replace(one, active=self.week.window(0, WEEK))
        return one

    def _traffic(
        self,
        rng: Random,
        people: Sequence[Customer],
        seen: Sequence[Device],
        season: Season,
        drop: DropWriter,
    ) -> None:
        """Write the events and sightings of a season, as many as its days are worth."""
        share = len(people) * season.days / self.season.days
        window = season.window(0, season.days)
        cookies: dict[int, list[str]] = {}
        for one in seen:
            if one.kind == "cookie":
                cookies.setdefault(one.owner, []).append(one.id)
        who = shoppers(people, cookies, window)
        if events := orders(Draw(rng, round(share * self.events)), who, _numbering(drop)):
            resent = events.slice(0, round(events.num_rows * _RESENT))
            self.planted["event sent twice"] += resent.num_rows
            drop.events(pa.concat_tables([events, resent]))
        if sightings := visits(Draw(rng, round(share * self.sightings)), seen, window):
            drop.sightings(sightings)


def _numbering(drop: DropWriter) -> tuple[str, int]:
    return drop.name, drop.rows["events"]


def _chunks(first: int, last: int) -> Iterator[range]:
    for start in range(first, last + 1, _CHUNK):
        yield range(start, min(start + _CHUNK, last + 1))


def _drop(folder: Path, as_of: datetime, rows: Mapping[str, int]) -> Drop:
    paths = {table: folder / name for table, name in FILES.items()}
    return Drop(as_of=as_of, rows=dict(rows), **paths)
