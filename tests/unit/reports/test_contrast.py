"""Contrast counts members by what reaches them; every number here was counted by hand."""

from __future__ import annotations

from uuid import UUID

import pytest

from audiences.reports.contrast import TypeReach, contrast


@pytest.fixture
def five(lake):
    """One person of each sort: durable, both, clock only (two devices), dead cookie, nothing."""
    lake.person(1, ("email", None), ("phone", None))
    lake.person(2, ("email", None), ("cookie", 10), ("cookie", 40))
    lake.person(3, ("cookie", 20), ("gaid", 80))
    lake.person(4, ("cookie", -1))
    lake.audience("vips", [1, 2, 3, 4, 5])
    return lake


def test_members_fall_into_four_groups_that_add_up(five, as_of):
    """Only durable, both, only on a clock and unreachable are the whole audience."""
    (vips,) = contrast(five.con, ["vips"], as_of).audiences
    assert (vips.members, vips.durable, vips.on_a_clock, vips.both) == (5, 2, 2, 1)
    assert (vips.only_durable, vips.only_on_a_clock, vips.unreachable) == (1, 1, 2)
    assert vips.known == 2


def test_types_count_members_once_by_their_longest_lived_id(five, as_of):
    """A person with two cookies is one member, with the days of the later one."""
    (vips,) = contrast(five.con, ["vips"], as_of).audiences
    assert vips.by_type == (
        TypeReach(type="email", members=2, days_left_median=None, days_left_max=None),
        TypeReach(type="phone", members=1, days_left_median=None, days_left_max=None),
        TypeReach(type="cookie", members=2, days_left_median=30.0, days_left_max=40.0),
        TypeReach(type="gaid", members=1, days_left_median=80.0, days_left_max=80.0),
    )


def test_a_hashed_email_is_durable_like_the_email_itself(lake, as_of):
    """What has no expiry has no clock, whatever its type."""
    lake.person(1, ("email_sha256", None))
    lake.audience("a", [1])
    (found,) = contrast(lake.con, ["a"], as_of).audiences
    assert (found.durable, found.on_a_clock) == (1, 0)


def test_an_id_that_ends_at_the_instant_reaches_nobody(lake, as_of):
    """The last instant of a life is outside it."""
    lake.person(1, ("cookie", 0))
    lake.audience("a", [1])
    (found,) = contrast(lake.con, ["a"], as_of).audiences
    assert (found.on_a_clock, found.unreachable, found.by_type) == (0, 1, ())


def test_a_device_is_on_a_clock_even_when_its_owner_is_known(lake, as_of):
    """A platform is given the device alone; that its person has an e-mail shows in `known`."""
    _, cookie = lake.person(1, ("email", None), ("cookie", 12))
    (lonely,) = lake.person(2, ("ctv", 30))
    lake.devices("seen", [(cookie, 12), (lonely, 30)])
    (seen,) = contrast(lake.con, ["seen"], as_of).audiences
    assert (seen.of, seen.members, seen.durable, seen.on_a_clock) == ("devices", 2, 0, 2)
    assert seen.known == 1
    assert {t.type: t.days_left_max for t in seen.by_type} == {"cookie": 12.0, "ctv": 30.0}


def test_a_device_nobody_resolved_lives_as_long_as_its_membership(lake, as_of):
    """Missing from people, it counts as a device; without any expiry it counts as unreachable."""
    lake.devices("seen", [(UUID(int=7), 5), (UUID(int=8), None), (UUID(int=9), -3)])
    (seen,) = contrast(lake.con, ["seen"], as_of).audiences
    assert (seen.members, seen.durable, seen.on_a_clock, seen.unreachable) == (3, 0, 1, 2)
    assert [t.type for t in seen.by_type] == ["device"]


def test_audiences_come_in_the_order_asked_and_an_empty_one_is_all_zero(five, as_of):
    """An audience without members is a row of zeros, not a missing row."""
    five.audience("b", [1])
    found = contrast(five.con, ["b", "nobody", "vips"], as_of)
    assert [(a.audience, a.members) for a in found.audiences] == [
        ("b", 1),
        ("nobody", 0),
        ("vips", 5),
    ]


def test_json_holds_the_documented_keys(five, as_of):
    """The keys are a contract; docs/reports.md lists them."""
    found = contrast(five.con, ["vips"], as_of).as_json()
    assert (found["report"], found["as_of"]) == ("contrast", "2026-11-21T00:00:00Z")
    (vips,) = found["audiences"]
    assert list(vips) == [
        "audience",
        "of",
        "members",
        "durable",
        "on_a_clock",
        "both",
        "only_durable",
        "only_on_a_clock",
        "unreachable",
        "known",
        "by_type",
    ]
    assert vips["by_type"][2] == {
        "type": "cookie",
        "members": 2,
        "days_left_median": 30.0,
        "days_left_max": 40.0,
    }
