"""What each word means at its edges, on a handful of rows that a person can check."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from audiences.rules.holdout import threshold

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
NAMES = "abcdefgh"
WHO = {name: UUID(int=i) for i, name in enumerate(NAMES, 1)}


def order(who: str, at: datetime = AS_OF, **rest) -> dict:
    return {"person": WHO[who], "name": "order", "at": at, **rest}


def values(who: str, *amounts: str | None) -> list[dict]:
    return [order(who, value=None if a is None else Decimal(a)) for a in amounts]


def picked(lake, audience, rule, **relations) -> str:
    people = [{"person": person, "type": "email"} for person in WHO.values()]
    lake.fill({"people_now": people, **relations})
    found = lake.members(audience(rule))
    return "".join(name for name in NAMES if WHO[name] in found)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({}, "abcdef"),  # g is in the future, h has none
        ({"within_days": 30}, "abc"),
        ({"before_days": 30}, "def"),
        ({"within_days": 60, "before_days": 30}, "de"),
        ({"since": "2026-10-02"}, "abcd"),
        ({"since": "2026-10-02T00:00:00.000001Z"}, "abc"),
        ({"until": "2026-10-01"}, "ef"),
        ({"until": "2026-10-02"}, "cdef"),
        ({"until": "2026-10-02T02:00:00+02:00"}, "def"),
    ],
)
def test_windows_have_exact_edges(lake, audience, window, expected):
    """Later than N days ago excludes the very moment; dates run from their start to their end."""
    edge = AS_OF - 30 * DAY  # 2026-10-02
    moments = (AS_OF, edge + DAY, edge + TICK, edge, edge - TICK, AS_OF - 60 * DAY, AS_OF + TICK)
    events = [order(who, at) for who, at in zip(NAMES, moments, strict=False)]
    rule = {"event": {"name": "order", **window}}
    if window == {"within_days": 60, "before_days": 30}:
        assert events[5]["at"] == AS_OF - 60 * DAY, "f sits on the edge, outside"
    assert picked(lake, audience, rule, events_now=events) == expected


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ({"at_least": 0}, "abcdefgh"),
        ({"at_least": 2}, "bc"),
        ({"at_most": 2}, "abdefgh"),
        ({"exactly": 0}, "defgh"),
        ({"exactly": 2}, "b"),
        ({"at_least": 1, "at_most": 2}, "ab"),
        ({"at_least": 0, "at_most": 1}, "adefgh"),
    ],
)
def test_none_counts_as_zero(lake, audience, tests, expected):
    """People without any event have it zero times."""
    events = [*values("a", "1"), *values("b", "1", "1"), *values("c", "1", "1", "1")]
    rule = {"event": {"name": "order", "times": tests}}
    assert picked(lake, audience, rule, events_now=events) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"sum": "value", "at_least": 5}, "ab"),
        ({"sum": "value", "more_than": 5}, "b"),
        ({"sum": "value", "at_most": 5}, "acfgh"),
        ({"sum": "value", "at_most": 5, "times": {"at_least": 1}}, "ac"),
        ({"sum": "value", "less_than": 0}, "c"),
        ({"sum": "value", "at_least": -9, "times": {"at_most": 1}}, "bcfgh"),
        ({"sum": "value", "at_least": 0, "at_most": 5}, "afgh"),
        ({"average": "value", "at_most": 2.5}, "ac"),
        ({"average": "value", "at_least": 2.5}, "ab"),
        ({"minimum": "value", "at_most": 1}, "ac"),
        ({"minimum": "value", "less_than": 1}, "c"),
        ({"maximum": "value", "at_least": 4}, "ab"),
        ({"maximum": "value", "at_most": 4}, "ac"),
    ],
)
def test_figures_over_known_unknown_and_none(lake, audience, rule, expected):
    """The sum of none is zero; of events without a value nothing is known, so nothing holds."""
    events = [
        *values("a", "1", "4", None),
        *values("b", "7"),
        *values("c", "-3"),
        *values("d", None),
        *values("e", None, None),
    ]
    rule = {"event": {"name": "order", **rule}}
    assert picked(lake, audience, rule, events_now=events) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"all": [{"not": {"member_of": "x"}}, {"not": {"member_of": "y"}}]}, "defgh"),
        ({"all": [{"member_of": "x"}, {"not": {"member_of": "y"}}]}, "a"),
        ({"all": [{"member_of": "x"}, {"member_of": "y"}]}, "b"),
        ({"any": [{"member_of": "x"}, {"not": {"member_of": "y"}}]}, "abdefgh"),
        ({"any": [{"not": {"member_of": "x"}}, {"not": {"member_of": "y"}}]}, "acdefgh"),
        ({"not": {"any": [{"member_of": "x"}, {"member_of": "y"}]}}, "defgh"),
        ({"not": {"not": {"member_of": "x"}}}, "ab"),
        ({"member_of": "do-not-contact"}, "cd"),
    ],
)
def test_branches_combine_as_sets(lake, audience, rule, expected):
    """Branches are set operations on everybody in reach; do-not-contact is what records say."""
    named = [("x", "a"), ("x", "b"), ("y", "b"), ("y", "c"), ("do-not-contact", "d")]
    members = [{"audience": audience_, "member": WHO[who]} for audience_, who in named]
    flags = [{"person": WHO["c"], "do_not_contact": flag} for flag in (False, True, None)]
    relations = {"members_now": members, "profiles_now": flags}
    assert picked(lake, audience, rule, **relations) == expected


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ({"is": "VN"}, "ab"),
        ({"is_not": "VN"}, "c"),
        ({"in": ["th", "vn"]}, "abc"),
        ({"not_in": ["SG"]}, "abc"),
        ({"exists": True}, "abc"),
        ({"exists": False}, "defgh"),
    ],
)
def test_records_of_one_person_count_together(lake, audience, test, expected):
    """Any record may say it; `is_not` needs a known field that no record contradicts."""
    said = [("a", "VN"), ("b", "vn"), ("b", "TH"), ("c", "TH"), ("c", None), ("d", None), ("e", "")]
    profiles = [{"person": WHO[who], "country": country} for who, country in said]
    rule = {"profile": {"field": "country", **test}}
    assert picked(lake, audience, rule, profiles_now=profiles) == expected


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"trait": "run"}, "ab"),
        ({"trait": ["swim", "run"]}, "abc"),
        ({"trait": "run", "times": {"at_least": 2}}, "b"),
        ({"trait": "run", "times": {"exactly": 0}}, "cdefgh"),
        ({"trait": "run", "country": "th"}, "b"),
        ({"party": [2, 3]}, "c"),
        ({"id_type": "gaid"}, "c"),
        ({"trait": "run", "within_days": 1}, "b"),
    ],
)
def test_sightings_count_together_while_they_live(lake, audience, seen, expected):
    """All conditions speak of one sighting; what has expired was never seen."""

    def sighting(who, trait, ago=0, lives=1, country="VN", **rest):
        times = {"seen_at": AS_OF - ago * DAY, "expires_at": AS_OF + lives * DAY}
        traits = {"traits": ["x", trait], "device": WHO[who], "country": country}
        return {"person": WHO[who], "id_type": "cookie", "party": 1, **traits, **times, **rest}

    sightings = [
        sighting("a", "run", ago=1),
        sighting("b", "run"),
        sighting("b", "run", country="TH"),
        sighting("c", "swim", id_type="gaid", party=2),
        sighting("d", "run", lives=0),
        sighting("e", "run", ago=-1),
    ]
    assert picked(lake, audience, {"seen": seen}, sightings_now=sightings) == expected


def test_the_share_held_out_is_exact():
    """A percent is that share of all hashes, to the last of them."""
    shares = {0: "00000000", 0.01: "00068db8", 50: "80000000", 99.99: "fff97247", 100: "g"}
    assert {percent: threshold(percent) for percent in shares} == shares
