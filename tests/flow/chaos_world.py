"""A shop of some 250 customers who come, go and change over a few rounds, known exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest
from random import Random
from typing import Any
from uuid import UUID

from tests.flow.sync_world import World, sha

CUSTOMERS = 250
COME = 14  # in a round, of so many customers
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One customer; of each kind of contact all are theirs, and the last stands in the record."""

    number: int
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    devices: tuple[str, ...]
    tier: str = "gold"
    ads: str = ""  # consent_ads and consent_personalization
    stop: str = ""

    @property
    def id(self) -> str:
        return f"C{self.number:05d}"

    @property
    def wanted(self) -> bool:
        """Whether the rule and the consent policy let this customer be sent."""
        return self.tier == "gold" and self.ads != "no" and not self.stop

    def keys(self, platform: str) -> set[str]:
        """The member keys that a stand-in shows when all is right."""
        if platform == "the_trade_desk":
            return set(self.devices)
        plus = "+" if platform == "google" else ""
        emails = sorted(map(sha, self.emails))
        phones = sorted(sha(plus + phone) for phone in self.phones)
        if platform == "google":
            return {",".join([*emails, *phones])}
        # Meta takes one key of a kind in a row, and a device only in a row with something durable.
        durable = zip_longest([self.id], emails, phones, fillvalue="")
        rows = zip_longest(durable, sorted(self.devices), fillvalue="")
        return {",".join(filter(None, [*keys, device])) for keys, device in rows if keys}


def keys(people: Iterable[Person], platform: str) -> set[str]:
    """All member keys that a platform should show."""
    return {key for one in people if one.wanted for key in one.keys(platform)}


@cache
def people(variant: int, number: int, size: int = CUSTOMERS) -> dict[int, Person]:
    """The customers of a world as of a round; round 0 is the first, and has so many."""
    draw = Random(f"world {variant} {number}")
    if number == 0:
        return {n: _person(n, draw) for n in range(1, size + 1)}
    before = people(variant, number - 1, size)
    first = max(before) + 1
    come = {n: _person(n, draw) for n in range(first, first + max(2, COME * size // CUSTOMERS))}
    changed = {n: _changed(one, draw) for n, one in before.items() if draw.random() < 0.22}
    return before | changed | come


def _person(number: int, draw: Random) -> Person:
    return Person(
        number=number,
        emails=(f"person{number}@example.com",),
        phones=(f"8490{number:07d}",),
        devices=tuple(_device(number, n) for n in range(draw.choice([0, 1, 1, 2]))),
        tier=draw.choices(["gold", "iron"], [9, 1])[0],
        ads=draw.choice(["", "yes"]),
        stop=draw.choices(["", "true"], [30, 1])[0],
    )


def _device(number: int, n: int) -> str:
    return str(UUID(int=(1 << 100) + (n << 40) + number))


def _changed(one: Person, draw: Random) -> Person:
    match draw.choice(["tier", "tier", "email", "phone", "device", "consent", "stop"]):
        case "tier":
            return replace(one, tier="iron" if one.tier == "gold" else "gold")
        case "email":
            fresh = f"person{one.number}.{len(one.emails)}@example.com"
            return replace(one, emails=(*one.emails, fresh))
        case "phone":
            return replace(one, phones=(*one.phones, f"849{len(one.phones)}{one.number:07d}"))
        case "device":
            return replace(one, devices=(*one.devices, _device(one.number, len(one.devices))))
        case "consent":
            return replace(one, ads="yes" if one.ads == "no" else "no")
        case _:
            return replace(one, stop="" if one.stop else "true")


def ingest(world: World, variant: int, number: int, size: int = CUSTOMERS) -> None:
    """Take in what is new in a round, as two files."""
    before = people(variant, number - 1, size) if number else {}
    fresh = [one for n, one in people(variant, number, size).items() if before.get(n) != one]
    at = world.now.isoformat()
    world.ingest("profiles", [_record(one) | {"updated_at": at} for one in fresh])
    world.sightings([row for one in fresh for row in _sightings(one, before.get(one.number))])


def _record(one: Person) -> dict[str, str]:
    return {
        "external_id": one.id,
        "email": one.emails[-1],
        "phone": f"+{one.phones[-1]}",
        "country": "VN",
        "line_user_id": f"U{one.number:032x}",
        "tier": one.tier,
        "consent_ads": one.ads,
        "consent_personalization": one.ads,
        "do_not_contact": one.stop,
    }


def _sightings(one: Person, before: Person | None) -> Rows:
    known = before.devices if before else ()
    link = {"link_type": "external_id", "link_value": one.id}
    return [
        {"id_type": "gaid", "id": device, **link} for device in one.devices if device not in known
    ]
