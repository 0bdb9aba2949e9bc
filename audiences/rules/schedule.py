"""Checks the schedule of a sync: EventBridge Scheduler's cron and rate, and IANA time zones."""

from __future__ import annotations

import re
import zoneinfo

from audiences.rules import reader
from audiences.rules.reader import Place

_SCHEDULE = re.compile(r"(cron|rate)\((.*)\)")
_RATE = re.compile(r"([1-9]\d{0,5}) (minute|hour|day)(s?)")
_FIELDS = (  # minutes, hours, day of month, month, day of week, year
    r"[\d*,/-]+",
    r"[\d*,/-]+",
    r"[\d*,/?LW-]+",
    r"[\dA-Z*,/-]+",
    r"[\dA-Z*,/?L#-]+",
    r"[\d*,/-]+",
)


def read_schedule(place: Place) -> str | None:
    """Read a cron or rate expression; None means that nothing starts the sync by itself."""
    if place.value is None:
        return None
    text = reader.read_text(place, "schedule")
    shape = _SCHEDULE.fullmatch(text)
    if text and not shape:
        place.fault("schedule is neither cron(…) nor rate(…)", "such as 'cron(0 6 * * ? *)'")
    elif shape and shape[1] == "rate":
        _check_rate(place, shape[2])
    elif shape:
        _check_cron(place, shape[2].split())
    return text


def _check_rate(place: Place, inner: str) -> None:
    rate = _RATE.fullmatch(inner)
    if not rate or (rate[1] == "1") == bool(rate[3]):
        place.fault("this rate cannot be read", "such as 'rate(1 day)' or 'rate(6 hours)'")


def _check_cron(place: Place, fields: list[str]) -> None:
    if len(fields) != len(_FIELDS):
        fix = "minutes, hours, day of month, month, day of week, year"
        place.fault(f"cron takes six fields, not {len(fields)}", fix)
    elif not all(re.fullmatch(p, f) for p, f in zip(_FIELDS, fields, strict=True)):
        place.fault("this cron cannot be read", "such as 'cron(0 6 * * ? *)'")
    elif (fields[2] == "?") == (fields[4] == "?"):
        place.fault("cron needs '?' in exactly one of its two day fields", "'cron(0 6 * * ? *)'")


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
