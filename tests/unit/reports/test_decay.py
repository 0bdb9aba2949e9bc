"""Decay says who is still reached on each day to come, if nobody is seen again."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.reports.contrast import contrast
from audiences.reports.decay import Series, decay

TYPES = ("email", "external_id", "cookie", "idfa", "gaid", "maid", "ctv", "ip", "partner:x")
DURABLE = ("email", "external_id")
lives = st.integers(min_value=-20, max_value=8 * 24).map(lambda hours: hours / 24)
identifiers = st.lists(st.tuples(st.sampled_from(TYPES), lives), max_size=4)


@pytest.fixture
def four(lake):
    """Durable with a cookie; a cookie of 2 days; a phone of 3 days and a cookie of 1; nothing."""
    lake.person(1, ("email", None), ("cookie", 3.5))
    lake.person(2, ("cookie", 2))
    lake.person(3, ("idfa", 3), ("cookie", 1))
    lake.audience("vips", [1, 2, 3, 4])
    return lake


def test_each_day_counts_who_is_still_reached(four, as_of):
    """A life of 2 days reaches on days 0 and 1; one of 3.5 days on day 3 too."""
    (vips,) = decay(four.con, ["vips"], as_of, days=5).audiences
    assert vips.series == {
        Series.DURABLE: (1, 1, 1, 1, 1, 1),
        Series.DEVICE: (3, 3, 2, 1, 0, 0),
        Series.COOKIE: (3, 2, 1, 1, 0, 0),
        Series.MOBILE: (1, 1, 1, 0, 0, 0),
        Series.CLOCK_ONLY: (2, 2, 1, 0, 0, 0),
        Series.REACHABLE: (3, 3, 2, 1, 1, 1),
    }


def test_half_is_gone_on_the_first_day_with_at_most_half_left(four, as_of):
    """Three devices become one on day 3, which is 24 November; the durable half never goes."""
    (vips,) = decay(four.con, ["vips"], as_of, days=5).audiences
    assert vips.half_gone(Series.DEVICE) == 3
    assert vips.half_gone_on(Series.DEVICE) == date(2026, 11, 24)
    assert vips.half_gone(Series.CLOCK_ONLY) == 2
    assert vips.half_gone(Series.DURABLE) is None


def test_losses_are_stated_only_for_days_in_sight(four, as_of):
    """A loss by day 30 is not known from a decay of 10 days, and unknown is not zero."""
    (vips,) = decay(four.con, ["vips"], as_of, days=10).audiences
    assert vips.lost_percent(Series.DEVICE, 2) == 33.3
    assert vips.lost_percent(Series.DEVICE, 7) == 100.0
    assert vips.lost_percent(Series.DURABLE, 7) == 0.0
    assert vips.lost_percent(Series.DEVICE, 30) is None


def test_an_empty_audience_has_no_half_and_no_loss(four, as_of):
    """There is nothing to lose, which is not a loss of nought per cent."""
    (nobody,) = decay(four.con, ["nobody"], as_of).audiences
    assert set(nobody.series[Series.REACHABLE]) == {0}
    assert nobody.half_gone(Series.DEVICE) is None
    assert nobody.lost_percent(Series.DEVICE, 30) is None


def test_json_holds_the_documented_keys(four, as_of):
    """The keys are a contract; docs/reports.md lists them."""
    found = decay(four.con, ["vips"], as_of).as_json()
    assert (found["report"], found["days"]) == ("decay", 90)
    (vips,) = found["audiences"]
    assert list(vips) == ["audience", "series", "half_gone", "lost_percent"]
    assert all(len(counts) == 91 for counts in vips["series"].values())
    assert vips["half_gone"]["device"] == {"day": 3, "date": "2026-11-24"}
    assert vips["half_gone"]["durable"] is None
    assert vips["lost_percent"]["device"] == {"7": 100.0, "30": 100.0, "60": 100.0, "90": 100.0}


def _alive(people, day, types=TYPES):
    """Count by brute force the people that a type reaches on a day."""
    return sum(
        any(kind in types and (kind in DURABLE or life > day) for kind, life in person)
        for person in people
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(identifiers, max_size=6))
def test_decay_never_grows_and_starts_where_contrast_stands(new_lake, as_of, people):
    """Every series falls or stays, day 0 is the contrast, and each day is what counting gives."""
    lake = new_lake()
    for number, found in enumerate(people, 1):
        lake.person(number, *((k, None if k in DURABLE else life) for k, life in found))
    lake.audience("a", range(1, len(people) + 1))
    (now,) = contrast(lake.con, ["a"], as_of).audiences
    (curve,) = decay(lake.con, ["a"], as_of, days=9).audiences
    for counts in curve.series.values():
        assert list(counts) == sorted(counts, reverse=True)
    today = {series: counts[0] for series, counts in curve.series.items()}
    cookies = {t.type: t.members for t in now.by_type}.get("cookie", 0)
    assert today[Series.DURABLE] == now.durable
    assert today[Series.DEVICE] == now.on_a_clock
    assert today[Series.CLOCK_ONLY] == now.only_on_a_clock
    assert today[Series.COOKIE] == cookies
    assert today[Series.REACHABLE] == now.members - now.unreachable
    devices = tuple(set(TYPES) - set(DURABLE))
    for day in range(10):
        assert curve.series[Series.REACHABLE][day] == _alive(people, day)
        assert curve.series[Series.DEVICE][day] == _alive(people, day, devices)
        assert curve.series[Series.COOKIE][day] == _alive(people, day, ("cookie",))
        assert curve.series[Series.MOBILE][day] == _alive(people, day, ("idfa", "gaid", "maid"))
    lake.con.close()
