"""Phone numbers to E.164 by libphonenumber's rules; common shapes take a faster way there."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException

from audiences.identifiers import phone_plan
from audiences.identifiers.hashes import looks_hashed
from audiences.identifiers.reasons import Canonical, refused
from audiences.identifiers.text import CONTROL, first_fault, is_sentinel, trim

_COMMON = re.compile(r"(\(?\+)?[0-9(][0-9 ().-]*")
_PUNCTUATION = str.maketrans("", "", "+ ().-")
_DECIMAL = re.compile(r"[0-9]+\.0+|[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}")
_LONGEST = 250  # the library's own limit
# The library's punctuation and plus beyond ASCII.
_WIDE = dict.fromkeys(
    (
        *(0xA0, 0xAD, 0x200B, 0x2060, 0x3000, 0x2053, 0x223C, 0x2212, 0x30FC),
        *(0xFF08, 0xFF09, 0xFF0D, 0xFF0E, 0xFF0F, 0xFF3B, 0xFF3D, 0xFF5E, *range(0x2010, 0x2016)),
    ),
    " ",
) | {0xFF0B: "+"}
_SIMPLE_EXTENSION = re.compile(r" ?(?:ext\.?|x) ?[0-9]{1,6}$")
# What the library takes for punctuation, but for its x.
_GAP = (
    r"[ \xa0\xad\u200b\u2060\u3000().\[\]/~\u2053\u223c\uff5e\uff08\uff09\uff3b\uff3d"
    r"\u2010-\u2015\u2212\u30fc\uff0d-\uff0f-]*"
)
# The exit code that the ITU recommends to all countries.
_EXIT = re.compile(rf"{_GAP}0{_GAP}0{_GAP}(?=[1-9])")
# The same behind a plus: no country code begins with 0. One zero alone may be a trunk prefix.
_PLUS_AND_EXIT = re.compile(rf"{_GAP}[+\uff0b]+{_GAP}0{_GAP}0{_GAP}(?=[1-9])")
_FAULTS = {
    NumberParseException.INVALID_COUNTRY_CODE: "unknown_country_code",
    NumberParseException.NOT_A_NUMBER: "not_a_number",
}


def e164(value: str, country: str | None = None) -> Canonical:
    """Return a valid number as plus and digits, or why it is none; a country is never guessed."""
    text = trim(value)
    if not text:
        return refused("empty")
    if not text.isdigit() and _DECIMAL.fullmatch(text):
        return refused("spreadsheet_number")
    region = region_of(country) if country else None
    simple = text if _COMMON.fullmatch(text) else _simplified(text)
    found = _fast(simple, region) if simple else None
    exit_code = _EXIT.match(simple) if found and found.value is None else None
    if exit_code and found:
        second = _fast("+" + simple[exit_code.end() :], None)
        found = second if second is None or second.value is not None or region is None else found
    return found or _slow(text, region)


def _simplified(text: str) -> str:
    """Return a number of another common shape in ASCII without its extension, or nothing."""
    if len(text) > _LONGEST:
        return ""
    plain = text if text.isascii() else _ascii_digits(text.translate(_WIDE))
    plain = _SIMPLE_EXTENSION.sub("", plain)
    return plain if _COMMON.fullmatch(plain) and not _DECIMAL.fullmatch(plain) else ""


@lru_cache(maxsize=1024)
def region_of(country: str) -> str | None:
    """Return the region that a country names in two letters of any case, or None for none."""
    region = country.strip().upper()
    return region if region in phone_plan.REGIONS else None


def _fast(text: str, region: str | None) -> Canonical | None:
    """Judge a number of a common shape, or return None where the library must."""
    digits = text if text.isdigit() else text.translate(_PUNCTUATION)
    if not 6 < len(digits) < 18:
        return None
    if "+" in text:
        return _international(digits)
    if region is None:
        exits = digits.startswith("00")
        return _international(digits[2:]) if exits else refused("no_country")
    plan = phone_plan.plan(region)
    found = plan.exit.match(digits) if plan.exit else None
    if found and digits[found.end() : found.end() + 1] != "0":
        return _international(digits[found.end() :])
    return _national(digits, plan)


def _international(digits: str) -> Canonical | None:
    calling = phone_plan.calling_code(digits) if len(digits) > 3 else None
    if calling is None:
        return None
    return _checked(calling, phone_plan.plans(calling)[0], digits[len(str(calling)) :])


def _national(digits: str, plan: phone_plan.Plan) -> Canonical | None:
    code = str(plan.calling)
    if not digits.startswith(code):
        return _checked(plan.calling, plan, digits)
    rest = plan.without_trunk(digits[len(code) :])
    if rest is None:
        return None
    too_long = len(digits) > max(plan.lengths) and len(digits) not in plan.local_lengths
    fits = plan.general.fullmatch
    if too_long or (not fits(digits) and fits(rest)):
        return _checked(plan.calling, phone_plan.plans(plan.calling)[0], rest)
    return _checked(plan.calling, plan, digits)


def _checked(calling: int, plan: phone_plan.Plan, digits: str) -> Canonical | None:
    number = plan.national(digits)
    if number is None:
        return None
    if phone_plan.is_valid(calling, number):
        return Canonical(f"+{calling}{number}")
    possible = phone_plan.is_possible(calling, number)
    return refused("invalid_number" if possible else "impossible_number")


_SLOW_CHECKS = (
    ("placeholder", is_sentinel),
    ("already_hashed", looks_hashed),
    ("too_long", lambda text: len(text) > _LONGEST),
    ("control_characters", CONTROL.search),
)


def _slow(text: str, region: str | None) -> Canonical:
    reason = first_fault(text, _SLOW_CHECKS)
    if reason:
        return refused(reason)
    text = _ascii_digits(text)
    if twice := _PLUS_AND_EXIT.match(text):
        return _judged("+" + text[twice.end() :], None)
    first = _judged(text, region)
    exit_code = _EXIT.match(text)
    if first.value is not None or exit_code is None:
        return first
    abroad = "+" + text[exit_code.end() :]
    quick = _fast(abroad, None) if _COMMON.fullmatch(abroad) else None
    second = quick or _judged(abroad, None)
    return second if second.value is not None or region is None else first


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def _judged(text: str, region: str | None) -> Canonical:
    """Ask the library alone."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE and not _has_plus(text):
            return refused("no_country")
        return refused(_FAULTS.get(error.error_type, "impossible_number"))
    if phonenumbers.is_valid_number(number):
        return Canonical(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    possible = phonenumbers.is_possible_number(number)
    return refused("invalid_number" if possible else "impossible_number")


def _has_plus(text: str) -> bool:
    return "+" in text or "\uff0b" in text
