"""When a schedule is due: EventBridge Scheduler's cron, rate and at, in a time zone.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html

Summer time is taken as EventBridge takes it: a wall time that does not exist is skipped, one that
comes twice counts once, and a rate goes by real time.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]  # 1 to 7, as EventBridge counts them
_FIELDS = (("minutes", 0, 59), ("hours", 0, 23), ("day of month", 1, 31), ("month", 1, 12))
_LAST_YEAR = 2199
_UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
_PART = re.compile(r"(\*|\d+(?:-\d+)?)(?:/(\d+))?")


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression, read."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: str  # of the month, as written
    months: frozenset[int]
    weekdays: str  # names replaced by numbers
    years: frozenset[int]

    def next_after(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first instant after another, or None when there is none."""
        day = after.astimezone(zone).date()
        while day.year <= max(self.years):
            if day.year not in self.years or day.month not in self.months:
                day = _next_month(day)
                continue
            if self._on(day):
                found = self._times(day, zone, after)
                if found is not None:
                    return found
            day += timedelta(days=1)
        return None

    def _times(self, day: date, zone: ZoneInfo, after: datetime) -> datetime | None:
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                real = wall.astimezone(UTC)
                exists = real.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None)
                if exists and real > after:
                    return real
        return None

    def _on(self, day: date) -> bool:
        if self.days != "?":
            return any(_is_day(part, day) for part in self.days.split(","))
        return any(_is_weekday(part, day) for part in self.weekdays.split(","))


def read_cron(inner: str) -> Cron:
    """Read what stands between the brackets of `cron(…)`.

    Raises:
        ValueError: naming the field that cannot be read.
    """
    parts = inner.split()
    if len(parts) != 6:
        raise ValueError(f"cron takes six fields, not {len(parts)}")
    minutes, hours, days, months, weekdays, years = parts
    if (days == "?") == (weekdays == "?"):
        raise ValueError("cron needs '?' in exactly one of its two day fields")
    numbered = _numbered(weekdays, _DAYS)
    cron = Cron(
        minutes=_numbers(minutes, *_FIELDS[0]),
        hours=_numbers(hours, *_FIELDS[1]),
        days=days,
        months=_numbers(_numbered(months, _MONTHS), *_FIELDS[3]),
        weekdays=numbered,
        years=_numbers(years, "year", 1970, _LAST_YEAR),
    )
    for part in days.split(",") if days != "?" else ():
        if not re.fullmatch(r"L|LW|\d{1,2}W", part):
            _numbers(part, *_FIELDS[2])
    for part in numbered.split(",") if numbered != "?" else ():
        if not re.fullmatch(r"L|[1-7]L|[1-7]#[1-5]", part):
            _weekday_numbers(part)
    return cron


def next_due(expression: str, timezone: str, after: datetime, since: datetime) -> datetime | None:
    """Return when a schedule is due next after an instant; a rate counts from `since`.

    Raises:
        ValueError: when the expression cannot be read.
    """
    kind, _, inner = expression.rstrip(")").partition("(")
    zone = ZoneInfo(timezone)
    if kind == "cron":
        return read_cron(inner).next_after(after, zone)
    if kind == "at":
        at = read_at(inner, zone)
        return at if at > after else None
    number, unit = inner.split()
    seconds = int(number) * _UNITS[unit.rstrip("s")]
    passed = max((after - since) // timedelta(seconds=seconds), 0)
    return since + timedelta(seconds=seconds) * (passed + 1)


def read_at(inner: str, zone: ZoneInfo) -> datetime:
    """Read what stands between the brackets of `at(…)`: `2026-11-21T06:00:00`, in the zone.

    Raises:
        ValueError: when it is no such instant.
    """
    return datetime.strptime(inner, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone).astimezone(UTC)


def _numbered(text: str, names: list[str]) -> str:
    for number, name in enumerate(names, 1):
        text = text.replace(name, str(number))
    return text


def _numbers(text: str, field: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if not match:
            raise ValueError(f"{field}: '{part}' cannot be read")
        first, _, last = match[1].partition("-")
        start = low if first == "*" else int(first)
        end = high if first == "*" or (match[2] and not last) else int(last or first)
        if not (low <= start <= end <= high) or match[2] == "0":
            raise ValueError(f"{field}: '{part}' is not within {low} to {high}")
        found.update(range(start, end + 1, int(match[2] or 1)))
    return frozenset(found)


def _weekday_numbers(part: str) -> frozenset[int]:
    match = re.fullmatch(r"([1-7])-([1-7])", part)
    if match and int(match[1]) > int(match[2]):  # such as FRI-MON
        return frozenset([*range(int(match[1]), 8), *range(1, int(match[2]) + 1)])
    return _numbers(part, "day of week", 1, 7)


def _is_day(part: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if part == "L":
        return day.day == last
    if part.endswith("W"):
        wanted = last if part == "LW" else int(part[:-1])
        return wanted <= last and day.day == _nearest_weekday(day.replace(day=wanted), last)
    return day.day in _numbers(part, *_FIELDS[2])


def _nearest_weekday(day: date, last: int) -> int:
    """Return the working day next to a day, in the same month."""
    if day.isoweekday() == 6:
        return day.day - 1 if day.day > 1 else 3
    if day.isoweekday() == 7:
        return day.day + 1 if day.day < last else day.day - 2
    return day.day


def _is_weekday(part: str, day: date) -> bool:
    number = day.isoweekday() % 7 + 1
    if part == "L":
        return number == 7
    if part.endswith("L"):
        last = calendar.monthrange(day.year, day.month)[1]
        return number == int(part[0]) and day.day > last - 7
    if "#" in part:
        return number == int(part[0]) and (day.day - 1) // 7 + 1 == int(part[2])
    return number in _weekday_numbers(part)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
