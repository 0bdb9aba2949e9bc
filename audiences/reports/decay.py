"""Decay: how reach shrinks day by day if nobody is seen again, durable beside cookie and device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import Any

import duckdb

from audiences.reports._reach import DAY_US, chosen_sql, ids_sql, parameters
from shared.clock import day, iso

MARKS = (7, 30, 60, 90)  # the days at which a loss is stated


class Series(StrEnum):
    """What reaches a member on a day to come."""

    DURABLE = "durable"  # an identifier without a clock
    DEVICE = "device"  # any live device id
    COOKIE = "cookie"  # a live first-party cookie
    MOBILE = "mobile"  # a live idfa, gaid or maid
    CLOCK_ONLY = "clock_only"  # a live device id, and nothing durable
    REACHABLE = "reachable"  # anything


@dataclass(frozen=True, slots=True)
class AudienceDecay:
    """One audience: per series, members still reachable on day 0, 1, 2 ..."""

    audience: str
    first_day: date
    series: Mapping[Series, tuple[int, ...]]

    def half_gone(self, series: Series) -> int | None:
        """Return the first day with at most half of day 0 left; None when that is not in sight."""
        left = self.series[series]
        if left[0] == 0:
            return None
        return next((at for at, members in enumerate(left) if 2 * members <= left[0]), None)

    def half_gone_on(self, series: Series) -> date | None:
        """Return the date of `half_gone`."""
        at = self.half_gone(series)
        return None if at is None else self.first_day + timedelta(days=at)

    def lost_percent(self, series: Series, by_day: int) -> float | None:
        """Return the share of day 0 that is gone by a day; None with nothing to lose."""
        left = self.series[series]
        if left[0] == 0 or by_day >= len(left):
            return None
        return round(100 * (left[0] - left[by_day]) / left[0], 1)

    def as_json(self) -> dict[str, Any]:
        """Return the audience with the keys of docs/reports.md."""
        return {
            "audience": self.audience,
            "series": {name.value: list(self.series[name]) for name in Series},
            "half_gone": {name.value: self._half_json(name) for name in Series},
            "lost_percent": {
                name.value: {str(mark): self.lost_percent(name, mark) for mark in MARKS}
                for name in Series
            },
        }

    def _half_json(self, series: Series) -> dict[str, Any] | None:
        on = self.half_gone_on(series)
        return None if on is None else {"day": self.half_gone(series), "date": on.isoformat()}


@dataclass(frozen=True, slots=True)
class Decay:
    """The report: audiences in the order they were asked for, `days` + 1 counts a series."""

    as_of: datetime
    days: int
    audiences: tuple[AudienceDecay, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the report with the keys of docs/reports.md."""
        return {
            "report": "decay",
            "as_of": iso(self.as_of),
            "days": self.days,
            "audiences": [audience.as_json() for audience in self.audiences],
        }


def decay(
    con: duckdb.DuckDBPyConnection, audiences: Sequence[str], as_of: datetime, days: int = 90
) -> Decay:
    """Count, for each day to come, the members still reachable if nobody is seen again.

    Day n is the instant n times 24 hours after `as_of`.
    """
    bound = {**parameters(audiences, as_of), "days": days}
    last: dict[tuple[str, str], list[int]] = {}
    for audience, series, last_day, members in con.execute(decay_sql(), bound).fetchall():
        last.setdefault((audience, series), [0] * (days + 1))[last_day] += members
    none = [0] * (days + 1)
    curves = (
        AudienceDecay(a, day(as_of), {s: _left(last.get((a, s), none)) for s in Series})
        for a in audiences
    )
    return Decay(as_of, days, tuple(curves))


def decay_sql() -> str:
    """Select members by audience, series and the last day on which that series reaches them."""
    return f"""
    WITH chosen AS MATERIALIZED ({chosen_sql()}),
    ids AS ({ids_sql()}),
    last AS (
      SELECT audience, member, type, left_us IS NULL AS durable,
             CASE WHEN NOT durable THEN least((left_us - 1) // {DAY_US}, $days) END AS last_day
      FROM ids),
    reached AS (
      SELECT audience, member,
             CASE WHEN bool_or(durable) THEN $days END AS durable,
             max(last_day) AS device,
             max(last_day) FILTER (type = 'cookie') AS cookie,
             max(last_day) FILTER (type IN ('idfa', 'gaid', 'maid')) AS mobile
      FROM last GROUP BY audience, member),
    curves AS (
      SELECT *, CASE WHEN durable IS NULL THEN device END AS clock_only,
             greatest(durable, device) AS reachable
      FROM reached)
    SELECT audience, series, last_day, count(*)
    FROM (UNPIVOT curves ON durable, device, cookie, mobile, clock_only, reachable
          INTO NAME series VALUE last_day)
    GROUP BY audience, series, last_day"""


def _left(last: Sequence[int]) -> tuple[int, ...]:
    """Turn members by last day into members left on each day."""
    return tuple(accumulate(reversed(last)))[::-1]
