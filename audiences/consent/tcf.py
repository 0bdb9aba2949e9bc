"""IAB TCF v2: reads of a TC string whether its visitor agreed to advertising by one vendor.

Fields, widths and meanings: IAB Tech Lab, "Transparency and Consent String with Global Vendor &
CMP List Formats" v2 (GDPR-Transparency-and-Consent-Framework on GitHub), "TC String Format".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from audiences.consent.bits import Bits, bits_of

_VERSION = 2
_LANGUAGE_AND_LISTS = 36 + 36 + 12 + 12 + 6 + 12 + 12 + 6 + 1 + 1 + 12  # created … special features
_PURPOSES = 24
_DISCLOSED = 1  # the type of the segment of disclosed vendors, of every string since TCF 2.3
_REQUIRE_CONSENT = 1  # the one restriction under which consent is still what counts

# What Google's own mapping of purposes to consent signals asks for, without measurement (7):
# https://developers.google.com/tag-platform/security/guides/implement-TCF-strings
PURPOSES = {"ad_user_data": (1,), "ad_personalization": (3, 4)}
# Ids on IAB's Global Vendor List; all but Google's as Prebid.js 11.36 (2026-11) declares them. A
# platform that is not on the list can be refused by a TC string, and never be granted anything.
VENDORS = {"amazon": 793, "criteo": 91, "google": 755, "the_trade_desk": 21, "yahoo": 25}


@dataclass(frozen=True, slots=True)
class _Said:
    """What a TC string says of one vendor."""

    purposes: frozenset[int]
    first_undisclosed: bool  # purpose 1 was not asked for at all (PurposeOneTreatment)
    vendor: bool | None  # None: there is no such vendor on the list, or it was not disclosed
    barred: frozenset[int] = field(default_factory=frozenset)  # by the publisher, for this vendor


def answers(text: str, vendor: int | None) -> dict[str, bool | None]:
    """Return for each kind of consent yes, no, or None where the string does not say.

    What is no TC string of version 2, or is cut off, says nothing.
    """
    try:
        said = _read(text.strip(), vendor)
    except ValueError:
        return dict.fromkeys(PURPOSES)
    return {flag: _answer(said, purposes) for flag, purposes in PURPOSES.items()}


def _answer(said: _Said, purposes: tuple[int, ...]) -> bool | None:
    missing = set(purposes) - said.purposes
    if missing == {1} and said.first_undisclosed:
        return None
    if missing or said.barred & set(purposes):
        return False
    return said.vendor


def _read(text: str, vendor: int | None) -> _Said:
    segments = text.split(".")
    core = _bits(segments[0])
    if core.take(6) != _VERSION:
        raise ValueError("not a TC string of version 2")
    core.take(_LANGUAGE_AND_LISTS)
    purposes = _numbers(core.take(_PURPOSES), _PURPOSES)
    core.take(_PURPOSES)  # legitimate interests: never a ground for what is asked here
    first_undisclosed = bool(core.take(1))
    core.take(12)  # the publisher's country
    agreed = _lists(core, vendor)
    _lists(core, vendor)  # legitimate interests of vendors
    barred = _restricted(core, vendor)
    if vendor is None or (not agreed and _undisclosed(segments[1:], vendor)):
        return _Said(purposes, first_undisclosed, None, barred)
    return _Said(purposes, first_undisclosed, agreed, barred)


def _bits(segment: str) -> Bits:
    """Read a segment, which is made of whole bytes."""
    if len(segment) % 4 == 1:
        raise ValueError("not web-safe base64")
    bits = bits_of(segment)
    spare = bits.left % 8
    return Bits(bits.value >> spare, bits.left - spare)


def _numbers(bits: int, width: int) -> frozenset[int]:
    """Return the numbers of the bits that are set; the first bit is number 1."""
    return frozenset(n for n in range(1, width + 1) if bits >> (width - n) & 1)


def _lists(bits: Bits, vendor: int | None) -> bool:
    """Read a section of vendors, as a bit each or as ranges; return whether it has this one."""
    highest = bits.take(16)
    if bits.take(1):
        return _in_ranges(bits, vendor)
    each = bits.take(highest)
    return vendor is not None and 1 <= vendor <= highest and bool(each >> (highest - vendor) & 1)


def _in_ranges(bits: Bits, vendor: int | None) -> bool:
    found = False
    for _ in range(bits.take(12)):
        ranged, first = bits.take(1), bits.take(16)
        last = bits.take(16) if ranged else first
        found = found or (vendor is not None and first <= vendor <= last)
    return found


def _restricted(bits: Bits, vendor: int | None) -> frozenset[int]:
    """Read what the publisher restricts; return the purposes that this vendor may not have."""
    barred = set()
    for _ in range(bits.take(12)):
        purpose, kind = bits.take(6), bits.take(2)
        if _in_ranges(bits, vendor) and kind != _REQUIRE_CONSENT:
            barred.add(purpose)
    return frozenset(barred)


def _undisclosed(segments: list[str], vendor: int) -> bool:
    """Say whether the string lists the vendors that the visitor was shown, without this one."""
    for segment in segments:
        bits = _bits(segment)
        if bits.take(3) == _DISCLOSED:
            return not _lists(bits, vendor)
    return False
