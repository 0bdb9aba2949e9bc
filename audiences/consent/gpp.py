"""IAB consent strings of every framework: GPP and its sections, US Privacy, and TCF by itself.

Header, sections and their fields: IAB Tech Lab, "Global Privacy Platform" (Global-Privacy-Platform
on GitHub), "Consent String Specification" and "Sections". Where US law lets people opt out, a
string can say no, and never yes: who did not opt out was not asked for consent.
"""

from __future__ import annotations

import re

from audiences.consent import tcf
from audiences.consent.bits import Bits, bits_of

_HEADER_TYPE, _HEADER_VERSION = 3, 1
_TCF_EU, _US_PRIVACY = 2, 6
_LONGEST = 10_000  # characters; real strings have some hundreds
_MOST_SECTIONS = 64
_MOST_STRINGS = 8
_OPTED_OUT = 1
_GPC = 1  # the type of the segment that holds Global Privacy Control
_US_PRIVACY_STRING = re.compile(r"1[YNyn-]([YNyn-])[YNyn-]")
# Of each US section the numbers before and of its opt-outs: sale, sharing, targeted advertising.
# All are of two bits and follow the version, which has six.
_OPT_OUTS = {
    7: (6, 3),  # national
    8: (3, 2),  # California, which asks for sale and sharing
    **dict.fromkeys((9, 10, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23), (3, 2)),
    **dict.fromkeys((11, 18), (4, 2)),  # Utah and Iowa, with a notice of sensitive data
    **dict.fromkeys((24, 25, 26, 27), (5, 2)),  # those that begin with the MSPA's fields
}
_VERSIONS = {7: (1, 2)}


def answers(text: str, vendor: int | None) -> dict[str, bool | None]:
    """Return for each kind of consent yes, no, or None where nothing is said of it.

    `text` holds a string, or several with spaces between. One no of any section is a no. What
    can't be read says nothing; beside it there is no yes either, as it may have been a no.
    """
    sections = [section for string in text.split()[:_MOST_STRINGS] for section in _sections(string)]
    said = [_section(number, section, vendor) for number, section in sections]
    told = [one for one in said if one is not None]
    sure = len(told) == len(said)
    return {flag: _joined([one[flag] for one in told], sure) for flag in tcf.PURPOSES}


def _joined(said: list[bool | None], sure: bool) -> bool | None:
    if False in said:
        return False
    return True if sure and True in said else None


def _sections(text: str) -> list[tuple[int, str]]:
    """Return the sections by their numbers; a string of one framework is a section by itself."""
    if _US_PRIVACY_STRING.fullmatch(text):
        return [(_US_PRIVACY, text)]
    head, *sections = text.split("~")
    if not sections:
        return [(_TCF_EU, text)]
    if len(text) > _LONGEST:
        return []
    try:
        numbers = _header(bits_of(head))
    except ValueError:
        return []
    return list(zip(numbers, sections, strict=True)) if len(numbers) == len(sections) else []


def _header(bits: Bits) -> list[int]:
    if (bits.take(6), bits.take(6)) != (_HEADER_TYPE, _HEADER_VERSION):
        raise ValueError("not a GPP string of version 1")
    numbers: list[int] = []
    last = 0
    for _ in range(bits.take(12)):
        ranged, first = bits.take(1), last + bits.fibonacci()
        last = first + bits.fibonacci() if ranged else first
        if last > first + _MOST_SECTIONS:
            raise ValueError("more sections than there are")
        numbers += range(first, last + 1)
    return numbers


def _section(number: int, text: str, vendor: int | None) -> dict[str, bool | None] | None:
    """Return what a section says, None where it cannot be read."""
    if number == _TCF_EU:
        return tcf.answers(text, vendor)
    try:
        out = _opted_out(number, text)
    except ValueError:
        return None
    return dict.fromkeys(tcf.PURPOSES, False if out else None)


def _opted_out(number: int, text: str) -> bool:
    if number == _US_PRIVACY:
        found = _US_PRIVACY_STRING.fullmatch(text)
        if found is None:
            raise ValueError("not a US Privacy string")
        return found[1] in "Yy"
    if number not in _OPT_OUTS:
        return False
    core, *more = text.split(".")
    before, count = _OPT_OUTS[number]
    bits = bits_of(core)
    if bits.take(6) not in _VERSIONS.get(number, (1,)):
        raise ValueError("a version that is not known")
    bits.take(2 * before)
    said = [bits.take(2) for _ in range(count)]
    return _OPTED_OUT in said or any(_controlled(segment) for segment in more)


def _controlled(segment: str) -> bool:
    """Say whether a segment is of Global Privacy Control, and it is on."""
    bits = bits_of(segment)
    return bits.take(2) == _GPC and bool(bits.take(1))
