"""Checks the schedule of a sync: EventBridge Scheduler's expressions and window, and time zones."""

from __future__ import annotations

import re
import zoneinfo

from audiences.rules import reader
from audiences.rules.cron import read_at, read_cron
from audiences.rules.reader import Place

_LONGEST_WINDOW = 1440  # minutes, as EventBridge Scheduler has it
_SCHEDULE = re.compile(r"(cron|rate|at)\((.*)\)")
_RATE = re.compile(r"([1-9]\d{0,5}) (minute|hour|day)(s?)")


def read_schedule(place: Place) -> str | None:
    """Read a cron, rate or at expression; None means that nothing starts the sync by itself."""
    if place.value is None:
        return None
    text = reader.read_text(place, "schedule")
    shape = _SCHEDULE.fullmatch(text)
    if text and not shape:
        fix = "such as 'cron(0 6 * * ? *)'"
        place.fault("schedule is neither cron(…) nor rate(…) nor at(…)", fix)
    elif shape and shape[1] == "rate":
        _check_rate(place, shape[2])
    elif shape and shape[1] == "at":
        _check_at(place, shape[2])
    elif shape:
        _check_cron(place, shape[2])
    return text


def _check_rate(place: Place, inner: str) -> None:
    rate = _RATE.fullmatch(inner)
    if not rate or (rate[1] == "1") == bool(rate[3]):
        place.fault("this rate cannot be read", "such as 'rate(1 day)' or 'rate(6 hours)'")


def _check_cron(place: Place, inner: str) -> None:
    try:
        read_cron(inner)
    except ValueError as error:
        fix = "'cron(0 6 * * ? *)': minutes, hours, day of month, month, day of week, year"
        place.fault(str(error), fix)


def _check_at(place: Place, inner: str) -> None:
    try:
        read_at(inner, zoneinfo.ZoneInfo("UTC"))
    except ValueError:
        place.fault("this instant cannot be read", "such as 'at(2026-11-21T06:00:00)'")


def read_timezone(place: Place) -> str:
    """Read the name of a time zone; UTC where there is none."""
    if place.value is None:
        return "UTC"
    name = reader.read_text(place, "timezone")
    try:
        zoneinfo.ZoneInfo(name or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        zones = sorted(zoneinfo.available_timezones())
        hint = reader.meant(name, zones)
        fix = hint if hint.startswith("did") else "such as 'Asia/Ho_Chi_Minh'"
        place.fault(f"there is no time zone {reader.quoted(name)}", fix)
    return name or "UTC"


def read_window(entry: Place) -> int:
    """Read how many minutes later a scheduled sync may begin; 0 where nothing is said."""
    if "window_minutes" not in entry:
        return 0
    place = entry.at("window_minutes")
    if "schedule" not in entry:
        place.fault("'window_minutes' is there without a schedule", "add one, or take it out")
    return reader.read_whole(place, "'window_minutes'", 1, _LONGEST_WINDOW)
