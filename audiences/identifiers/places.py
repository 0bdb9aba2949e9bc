"""Postal codes and states: one spelling, and what platforms make of it in each country."""

from __future__ import annotations

import re

from audiences.identifiers import regions
from audiences.identifiers.hashes import looks_hashed
from audiences.identifiers.names import folded, lower, lower_joined
from audiences.identifiers.reasons import Canonical, refused
from audiences.identifiers.streets import abbreviated
from audiences.identifiers.text import (
    CONTROL,
    ascii_digits,
    first_fault,
    has_letters,
    is_sentinel,
    seen,
)

_LONGEST_ZIP = 32


def _has_at(text: str) -> bool:
    return "@" in text


_ZIP_CHECKS = (
    ("empty", lambda text: not text),
    ("already_hashed", looks_hashed),
    ("too_long", lambda text: len(text) > _LONGEST_ZIP),
    ("placeholder", is_sentinel),
    ("control_characters", CONTROL.search),
    ("looks_like_email", _has_at),
    ("no_letters", lambda text: not has_letters(text)),
)


def canonical_zip(value: str) -> Canonical:
    """Return a postal code trimmed, its digits in ASCII; case and inner signs are kept."""
    text = ascii_digits(seen(value))
    reason = first_fault(text, _ZIP_CHECKS)
    return refused(reason) if reason else Canonical(text)


def _found(text: str, reason: str = "nothing_left") -> Canonical:
    return Canonical(text) if text else refused(reason)


# --- Meta -----------------------------------------------------------------------------------

_NOT_A_Z = re.compile(r"[^a-z]")
_GB_ZIP = re.compile(r"([a-z]{1,2}\d[a-z\d]?)-?(\d)[a-z]{2}")


def a_z(name: str, _country: str) -> Canonical:
    """Return a place in a-z alone; letters of other scripts and accented ones are dropped."""
    return _found(_NOT_A_Z.sub("", lower(name)))


def letters(name: str, _country: str) -> Canonical:
    """Return a place in lower case, letters of any script alone."""
    return _found("".join(c for c in lower_joined(name) if not c.isdecimal()))


def _ansi(name: str, country: str) -> str:
    """Return the ANSI code of a state of the United States, or nothing."""
    if country not in {"", "US"}:
        return ""
    whole = regions.letters(name)
    # A name with other letters in it is no American one: "Québec" is not "Qubec".
    return regions.ansi().get(whole, "").lower() if name.isascii() else ""


def ansi_a_z(name: str, country: str) -> Canonical:
    """Return a state's ANSI code in the United States, elsewhere its name in a-z."""
    code = _ansi(name, country)
    return Canonical(code) if code else a_z(name, country)


def ansi_letters(name: str, country: str) -> Canonical:
    """Return a state's ANSI code in the United States, elsewhere the letters of its name."""
    code = _ansi(name, country)
    return Canonical(code) if code else letters(name, country)


def zip_whole(code: str, country: str) -> Canonical:
    """Return a postal code in lower case without spaces; five digits in the United States."""
    text = "".join(lower(code).split())
    if country == "US":
        digits = re.sub(r"\D", "", text)
        return Canonical(digits[:5]) if len(digits) in {5, 9} else refused("bad_zip")
    # Some write the British code's space as a hyphen; what follows it is no extension.
    return Canonical(text.replace("-", "") if _GB_ZIP.fullmatch(text) else text)


def zip_short(code: str, country: str) -> Canonical:
    """Return a postal code as `zip_whole` does, without what follows a hyphen."""
    text = zip_whole(code, country)
    if text.value is None:
        return text
    short = text.value.partition("-")[0]
    return Canonical(short) if has_letters(short) else refused("nothing_left")


def zip_sector(code: str, country: str) -> Canonical:
    """Return a postal code as `zip_short` does; in the United Kingdom area, district and sector."""
    short = zip_short(code, country)
    found = _GB_ZIP.fullmatch(short.value or "") if country == "GB" else None
    return Canonical(found[1] + found[2]) if found else short


# --- Amazon ---------------------------------------------------------------------------------

_AMAZON_ZIP = {
    "CA": (6, re.compile(r"(?:[A-Za-z]\d){3}")),
    "GB": (7, re.compile(r"(?:[A-Za-z]{1,2}\d{2,3}|[A-Za-z]{1,2}\d[A-Za-z]\d)[A-Za-z]{2}")),
    "IN": (6, re.compile(r"\d{6}")),
    "JP": (7, re.compile(r"\d{7}")),
}
_FIVE = re.compile(r"\d{5}")
_FIVE_DIGITS = frozenset({"", "US", "DE", "FR", "IT", "ES", "MX", "SA", "TR", "EG"})


def a_z_0_9(name: str, _country: str) -> Canonical:
    """Return a place in a-z and 0-9; all other letters are dropped."""
    return _with_letters(re.sub(r"[^a-z0-9]", "", lower(name)))


def folded_name(name: str, _country: str) -> Canonical:
    """Return a name in a-z and 0-9, German and Danish letters spelled out."""
    return _with_letters(folded(name))


def _with_letters(text: str) -> Canonical:
    # Of "李2" only the 2 would be left, which is nobody's name.
    return Canonical(text) if any(map(str.isalpha, text)) else refused("nothing_left")


def two_letters(name: str, country: str) -> Canonical:
    """Return a state's code in lower case, or the first two letters of a name without one."""
    text = regions.letters(name)
    if not text:
        return refused("nothing_left")
    if len(text) > 2 and not country:
        return refused("no_country")
    return Canonical(regions.codes(country).get(text, text[:2]).lower())


def zip_by_country(code: str, country: str) -> Canonical:
    """Return a postal code of the country's length, its letters' case kept; or why it is none."""
    if country in _AMAZON_ZIP:
        length, shape = _AMAZON_ZIP[country]
        kept = re.sub(r"[^0-9A-Za-z]" if country in {"CA", "GB"} else r"[^0-9]", "", code)
    elif country in _FIVE_DIGITS:
        length, shape = 5, _FIVE
        kept = re.sub(r"[^0-9]", "", code)
    else:
        return _found(re.sub(r"[^0-9A-Za-z]", "", code))
    text = kept[:length]
    return Canonical(text) if shape.fullmatch(text) else refused("bad_zip")


def street_line(street: str, country: str) -> Canonical:
    """Return a street line with the country's abbreviations, joined; needs the country."""
    return _found(abbreviated(street, country)) if country else refused("no_country")
