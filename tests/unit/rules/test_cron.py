"""Cron: when EventBridge's expressions are due, with its numbers of days and its summer time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiences.rules.cron import next_due, read_cron

START = datetime(2026, 1, 1, tzinfo=UTC)
BERLIN = "Europe/Berlin"  # clocks go forward on 2026-03-29 at 2:00, back on 2026-10-25 at 3:00


def dues(expression: str, after: str, count: int, zone: str = "UTC") -> list[str]:
    at = datetime.fromisoformat(after).replace(tzinfo=UTC)
    out = []
    for _ in range(count):
        due = next_due(expression, zone, at, START)
        if due is None:
            break
        at = due
        out.append(f"{due:%m-%d %H:%M}")
    return out


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 6 * * ? *)", ["01-01 06:00", "01-02 06:00"]),
        ("cron(0/20 8-9 ? * MON-FRI *)", ["01-01 08:00", "01-01 08:20", "01-01 08:40"]),
        ("cron(0 6 ? * 1 *)", ["01-04 06:00", "01-11 06:00"]),  # 1 is Sunday
        ("cron(0 6 ? * FRI-MON *)", ["01-02 06:00", "01-03 06:00", "01-04 06:00", "01-05 06:00"]),
        ("cron(0 6 L * ? *)", ["01-31 06:00", "02-28 06:00"]),
        ("cron(0 6 1W 8 ? 2026)", ["08-03 06:00"]),  # the first is a Saturday: not back to July
        ("cron(0 6 31W 5 ? 2026)", ["05-29 06:00"]),  # a Sunday: not on to June
        ("cron(0 6 LW 1 ? 2026)", ["01-30 06:00"]),
        ("cron(0 6 15W 2 ? 2026)", ["02-16 06:00"]),
        ("cron(0 6 ? * 6L *)", ["01-30 06:00", "02-27 06:00"]),  # the last Friday
        ("cron(0 6 ? * L *)", ["01-03 06:00", "01-10 06:00"]),  # Saturday
        ("cron(0 6 ? * TUE#2 *)", ["01-13 06:00", "02-10 06:00"]),
        ("cron(0 0 29 2 ? 2026-2028)", ["02-29 00:00"]),
        ("cron(5,35 23 1,15 FEB ? 2026)", ["02-01 23:05", "02-01 23:35", "02-15 23:05"]),
        ("cron(0 0 1 1 ? 2025)", []),
        ("at(2026-01-02T03:04:00)", ["01-02 03:04"]),
        ("rate(6 hours)", ["01-01 06:00", "01-01 12:00"]),
        ("rate(1 day)", ["01-02 00:00", "01-03 00:00"]),
    ],
)
def test_expressions_are_due_as_eventbridge_reads_them(
    expression: str, expected: list[str]
) -> None:
    assert dues(expression, "2026-01-01T00:00", len(expected) or 1) == expected


def test_a_wall_time_that_does_not_exist_is_skipped() -> None:
    found = dues("cron(30 2 * * ? *)", "2026-03-28T00:00", 2, BERLIN)
    assert found == ["03-28 01:30", "03-30 00:30"]


def test_a_wall_time_that_comes_twice_counts_once() -> None:
    found = dues("cron(30 2 * * ? *)", "2026-10-24T12:00", 2, BERLIN)
    assert found == ["10-25 00:30", "10-26 01:30"]


def test_a_rate_goes_by_real_time_across_the_change() -> None:
    found = dues("rate(12 hours)", "2026-03-28T23:00", 3, BERLIN)
    assert found == ["03-29 00:00", "03-29 12:00", "03-30 00:00"]


def test_a_zone_east_of_greenwich_is_due_the_day_before() -> None:
    assert dues("cron(0 6 * * ? *)", "2026-01-01T00:00", 1, "Asia/Ho_Chi_Minh") == ["01-01 23:00"]


@pytest.mark.parametrize(
    "inner",
    ["60 6 * * ? *", "0 24 * * ? *", "0 6 32 * ? *", "0 6 * 13 ? *", "0 6 ? * 8 *", "0 6 ? * 0 *",
     "0 6 ? * 2#6 *", "0 6 * * ? 1969", "5-1 6 * * ? *", "0/0 6 * * ? *", "a 6 * * ? *",
     "0 6 * * * *", "0 6 ? * ? *", "0 6 * * ?"],
)  # fmt: skip
def test_what_is_out_of_range_cannot_be_read(inner: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_cron(inner)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001
    st.integers(0, 59),
    st.integers(0, 23),
    st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe"]),
)
def test_a_daily_time_is_due_within_two_days_and_after_the_instant(
    naive: datetime, minute: int, hour: int, zone: str
) -> None:
    after = naive.replace(tzinfo=UTC)
    due = next_due(f"cron({minute} {hour} * * ? *)", zone, after, START)
    assert due is not None
    assert after < due <= after + timedelta(hours=49, minutes=30)
