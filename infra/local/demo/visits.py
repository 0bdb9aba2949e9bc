"""What the shop's site, app and partners saw: cookies and devices, a few of them at login."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

import pyarrow as pa
import pyarrow.compute as pc

from infra.local.demo.countries import EEA, SHARES
from infra.local.demo.customers import Customer, Season, Window
from infra.local.demo.draw import Column, Draw, only, weighted
from infra.local.demo.tcf import tcf_string

_KINDS = weighted(  # id type, browser, source, party
    [
        (("cookie", "Chrome", "site", 1), 34),
        (("cookie", "Safari", "site", 1), 22),
        (("gaid", "", "app", 1), 14),
        (("idfa", "", "app", 1), 12),
        (("partner:the_trade_desk", "Chrome", "media-partner", 3), 9),
        (("ctv", "", "tv-partner", 2), 5),
        (("ip", "Chrome", "site", 1), 4),
    ]
)
_COUNTRIES = weighted(list(SHARES.items()))
_INTERESTS = ("running-shoes", "trail", "apparel", "nutrition", "kids", "football")
_ALSO = ("sale", "newsletter", "store-locator", "reviews", "gift")
_SPANS = (1, 2, 5, 10, 20, 45, 90)  # days between a device's first and last sighting
_WEIGHTS = (1, 1, 2, 3, 5, 8)
_LOGS_IN = frozenset({"cookie", "gaid", "idfa"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One cookie or device, and whose it is."""

    kind: str
    id: str
    browser: str
    source: str
    party: int
    country: str
    interest: str
    consent: str
    owner: int  # place among the customers of the chunk; -1: nobody we know
    login: tuple[str, str] | None  # link type and value that are seen with it at login
    active: Window
    weight: int


def devices(rng: Random, people: Sequence[Customer], season: Season) -> Iterator[Device]:
    """Yield the devices of these customers, and half as many again of strangers."""
    for place, one in enumerate(people):
        for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3))):
            yield _device(rng, season, place, one)
    for _ in range(len(people) // 2):
        yield _device(rng, season, -1, None)


def _device(rng: Random, season: Season, place: int, owner: Customer | None) -> Device:
    kind, browser, source, party = rng.choice(_KINDS)
    country = owner.country.code if owner else rng.choice(_COUNTRIES)
    knows = owner is not None and (kind in _LOGS_IN or (kind != "ip" and rng.random() < 0.3))
    still = rng.random() < 0.35
    last = season.days if still else 1 + int(rng.random() * season.days)
    return Device(
        kind=kind,
        id=_device_id(rng, kind),
        browser=browser,
        source=source,
        party=party,
        country=country,
        interest=rng.choice(_INTERESTS),
        consent=_consent(rng, country, season.first),
        owner=place,
        login=owner.login if owner and knows else None,
        active=season.window(max(0, last - rng.choice(_SPANS)), last + 7 * still),
        weight=rng.choice(_WEIGHTS),
    )


def _device_id(rng: Random, kind: str) -> str:
    raw = rng.randbytes(16).hex()
    if kind == "cookie":
        return raw
    if kind == "ip":
        return f"14.{160 + int(raw[0], 16)}.{int(raw[1:3], 16)}.{int(raw[3:5], 16)}"
    uuid = f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"
    return uuid.upper() if kind == "idfa" else uuid


def _consent(rng: Random, country: str, at: datetime) -> str:
    """Return what a banner stored: TCF in the EEA, the US privacy string there, else nothing."""
    agreed = rng.random() < (0.6 if country in EEA else 0.9)
    if country in EEA:
        return tcf_string(at, agreed=agreed)
    return ("1YNN" if agreed else "1YYN") if country == "US" else ""


def visits(draw: Draw, seen: Sequence[Device], week: Window) -> pa.Table | None:
    """Draw sightings of the devices active in a window; None when there is no such device."""
    live = [one for one in seen if one.active.start < week.end and week.start < one.active.end]
    if not live or not draw.rows:
        return None
    places = [place for place, one in enumerate(live) for _ in range(one.weight)]
    device = draw.pick(pa.array(places, pa.uint32()))
    starts = pa.array([max(one.active.start, week.start) for one in live], pa.uint64())
    ends = pa.array([min(one.active.end, week.end) for one in live], pa.uint64())
    at = draw.instants(starts.take(device), ends.take(device))
    login = draw.chance(350)
    known = {name: values.take(device) for name, values in _columns(live).items()}
    return pa.table(
        {
            **{name: known[name] for name in ("id_type", "id")},
            "seen_at": at.cast(pa.timestamp("us", tz="UTC")),
            **{name: known[name] for name in ("source", "party")},
            "traits": _traits(draw, known["interest"]),
            **{name: known[name] for name in ("country", "browser", "consent_string")},
            "link_type": only(login, known["link_type"]),
            "link_value": only(login, known["link_value"]),
        }
    )


def _columns(live: Sequence[Device]) -> dict[str, Column]:
    logins = [one.login or (None, None) for one in live]
    return {
        "id_type": pa.array([one.kind for one in live]),
        "id": pa.array([one.id for one in live]),
        "source": pa.array([one.source for one in live]),
        "party": pa.array([one.party for one in live], pa.int8()),
        "country": pa.array([one.country for one in live]),
        "browser": pa.array([one.browser or None for one in live], pa.string()),
        "consent_string": pa.array([one.consent or None for one in live], pa.string()),
        "interest": pa.array([one.interest for one in live]),
        "link_type": pa.array([kind for kind, _ in logins], pa.string()),
        "link_value": pa.array([value for _, value in logins], pa.string()),
    }


def _traits(draw: Draw, interest: Column) -> Column:
    """Join what the device is about with something else; one sighting in eight says nothing."""
    both = pc.binary_join_element_wise(interest, draw.pick(_ALSO), "|")
    some = pc.if_else(draw.chance(450), both, interest)
    return only(draw.chance(875), some)
