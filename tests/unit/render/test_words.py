"""Findings are sentences that a person would say, and never claim more than is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from audiences.reports.contrast import Contrast
from audiences.reports.decay import Series
from infra.local.render import words


def plain(text: str) -> str:
    """Write the narrow space of per cents as an ordinary one."""
    return text.replace(words.GAP, " ")


def test_the_finding_about_people_names_what_lasts_and_when_the_rest_is_gone(contrast, decay):
    """Half of 4,210 is gone on day 23, which is 14 December."""
    assert plain(words.finding(contrast.audiences[0], decay.audiences[0])) == (
        "62 % of lapsed-vips is durable; of the 4,210 reachable only by cookie or device, "
        "half is gone by 14 December."
    )


def test_the_finding_about_devices_says_all_is_on_a_clock(contrast, decay):
    """A date in another year is written with its year."""
    assert plain(words.finding(contrast.audiences[1], decay.audiences[1])) == (
        "All of running-shoes-seen is on a clock: of its 4,720 cookies and devices, half is gone "
        "by 20 January 2027; 31 % belong to a customer with a durable profile."
    )


def test_an_empty_audience_has_no_members(contrast, decay):
    """There is no share of nothing."""
    assert words.finding(contrast.audiences[2], decay.audiences[2]) == "nobody has no members."


def test_a_half_beyond_the_horizon_is_not_given_a_date(contrast, decay):
    """What is not in sight is said to be still there."""
    still = dict.fromkeys(Series, (10, 9, 8))
    told = words.finding(contrast.audiences[0], replace(decay.audiences[0], series=still))
    assert "more than half is still there after 2 days" in told


def test_where_all_is_durable_the_finding_says_what_devices_alone_would_reach(contrast, decay):
    """Half of the device reach is gone on day 23 too."""
    now = replace(contrast.audiences[0], durable=12_480, both=8_120)
    assert plain(words.finding(now, decay.audiences[0])) == (
        "100 % of lapsed-vips is durable; cookies and devices alone reach 65 % of it, "
        "and of those half is gone by 14 December."
    )


def test_an_audience_without_live_devices_says_so(contrast, decay):
    """There is no half of nothing."""
    now = replace(contrast.audiences[0], on_a_clock=0, both=0)
    told = words.finding(now, decay.audiences[0])
    assert told.endswith("no cookie or device of its members is alive.")


def test_the_headline_is_about_the_people_with_most_to_lose(contrast, decay):
    """Device audiences lose everything always, so people come first where there are any."""
    assert words.headline(contrast, decay).startswith("62")
    devices = Contrast(contrast.as_of, contrast.audiences[1:2])
    assert words.headline(devices, decay).startswith("All of running-shoes-seen")
    nothing = Contrast(contrast.as_of, ())
    assert words.headline(nothing, decay) == "There is no audience to report on."


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 10, "0 %"),
        (1, 1000, "< 1 %"),
        (999, 1000, "> 99 %"),
        (10, 10, "100 %"),
        (0, 0, "–"),
        (5, 8, "62 %"),
    ],
)
def test_a_share_is_never_nought_for_some_nor_a_hundred_for_not_all(part, whole, said):
    """Rounding must not turn a few into none, or most into all."""
    assert plain(words.percent(part, whole)) == said


def test_scales_are_written_in_one_unit():
    """One scale never mixes 5,000 with 10k."""
    assert [words.compact(n, 12_000) for n in (0, 3_000, 12_000)] == ["0", "3k", "12k"]
    assert [words.compact(n, 9_000) for n in (0, 3_000, 9_000)] == ["0", "3,000", "9,000"]
    assert words.compact(1_500_000, 3_000_000) == "1.5M"


def test_dates_are_written_as_people_say_them():
    """The year only where it is another one."""
    assert words.on_day(date(2026, 12, 4), date(2026, 11, 21)) == "4 December"
    assert words.on_day(date(2027, 1, 4), date(2026, 11, 21)) == "4 January 2027"
    assert words.on_day(date(2027, 1, 4), date(2026, 11, 21), short=True) == "4 Jan"
