"""Birth dates and their parts, gender, and what a customer is worth."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from audiences.identifiers.reasons import Canonical, refused
from audiences.identifiers.text import ascii_digits, is_sentinel, seen

_FIRST_YEAR, _LAST_YEAR = 1900, 2099
_ISO = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|(\d\d)(\d\d))"
    r"(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?)?"
)
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")  # with dots, only the day comes first
_EITHER = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})")
_NUMBER = re.compile(r"\+?[0-9]+(?:\.[0-9]+)?")
_LONGEST_NUMBER = 24
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = {name: n for n, name in enumerate(_MONTHS, 1)} | {
    **{name[:3]: n for n, name in enumerate(_MONTHS, 1)},
    "sept": 9,
}
_GENDERS = {
    **dict.fromkeys(("f", "female", "woman", "nữ", "女", "女性", "หญิง", "أنثى"), "f"),
    **dict.fromkeys(("m", "male", "man", "nam", "男", "男性", "ชาย", "ذكر"), "m"),
}


def _given(value: str) -> tuple[str, str]:
    """Return a value as it is read, or nothing with the reason why there is none."""
    text = ascii_digits(seen(value))
    if not text:
        return "", "empty"
    return ("", "placeholder") if is_sentinel(text) else (text, "")


def canonical_date(value: str) -> Canonical:
    """Return a birth date as YYYY-MM-DD; a date that can be read in two ways is refused."""
    text, reason = _given(value)
    if reason:
        return refused(reason)
    if found := _ISO.fullmatch(text):
        return _date(found[1], found[3] or found[5], found[4] or found[6])
    if found := _DAY_FIRST.fullmatch(text):
        return _date(found[3], found[2], found[1])
    found = _EITHER.fullmatch(text)
    return _either(found) if found else refused("bad_date")


def _either(found: re.Match[str]) -> Canonical:
    first, second = int(found[1]), int(found[3])
    if first <= 12 and second <= 12 and first != second:
        return refused("ambiguous_date")
    month, day = (second, first) if first > 12 else (first, second)
    return _date(found[4], str(month), str(day))


def _date(year: str, month: str, day: str) -> Canonical:
    try:
        born = date(int(year), int(month), int(day))
    except ValueError:
        return refused("bad_date")
    in_range = _FIRST_YEAR <= born.year <= _LAST_YEAR
    return Canonical(born.isoformat()) if in_range else refused("bad_date")


def canonical_year(value: str) -> Canonical:
    """Return a year of birth in four digits."""
    text, reason = _given(value)
    if reason:
        return refused(reason)
    fits = len(text) == 4 and _is_number(text) and _FIRST_YEAR <= int(text) <= _LAST_YEAR
    return Canonical(text) if fits else refused("bad_year")


def canonical_month(value: str) -> Canonical:
    """Return a month as 01 to 12, from its number or its English name."""
    text, reason = _given(value)
    if reason:
        return refused(reason)
    number = int(text) if _is_number(text) and len(text) < 3 else _MONTH.get(text.lower(), 0)
    return Canonical(f"{number:02}") if 1 <= number <= 12 else refused("bad_month")


def canonical_day(value: str) -> Canonical:
    """Return a day of the month as 01 to 31."""
    text, reason = _given(value)
    if reason:
        return refused(reason)
    number = int(text) if _is_number(text) and len(text) < 3 else 0
    return Canonical(f"{number:02}") if 1 <= number <= 31 else refused("bad_day")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def canonical_gender(value: str) -> Canonical:
    """Return f or m; whoever is neither is not forced into one of them."""
    text, reason = _given(value)
    if reason:
        return refused(reason)
    found = _GENDERS.get(text.lower())
    return Canonical(found) if found else refused("unknown_gender")


def canonical_worth(value: str) -> Canonical:
    """Return a customer's worth as a plain decimal, 0 or more."""
    text, reason = _given(value)
    if reason:
        return refused(reason)
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return refused("bad_value")
    return Canonical(f"{Decimal(text).normalize():f}")
