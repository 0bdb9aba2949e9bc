"""Numbering plans compiled from libphonenumber's own metadata, for the common shapes of numbers.

It answers only where its steps are those of `phonenumbers.parse` and `is_valid_number`; for
everything else (transformed prefixes, letters, extensions) it answers None: ask the library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import phonenumbers
from phonenumbers import re_util
from phonenumbers.phonemetadata import PhoneMetadata

# The library compiles its patterns anew on every call unless told to keep them.
re_util.enable_pattern_cache()

REGIONS: frozenset[str] = frozenset(phonenumbers.SUPPORTED_REGIONS)
_CALLING = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
_KINDS = (
    *("mobile", "fixed_line", "toll_free", "shared_cost", "voip", "personal_number"),
    *("uan", "pager", "voicemail", "premium_rate"),
)
_Kind = tuple[re.Pattern[str], frozenset[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One region's numbering plan."""

    calling: int
    exit: re.Pattern[str] | None  # what is dialled before a country code
    trunk: re.Pattern[str] | None  # what is dialled before a national number
    transforms: bool  # whether the trunk rule may rewrite the number
    general: re.Pattern[str]
    lengths: frozenset[int]
    local_lengths: frozenset[int]
    leading: re.Pattern[str] | None  # the digits that tell this region from its code's others
    kinds: tuple[_Kind, ...]

    def without_trunk(self, number: str) -> str | None:
        """Return a number without its trunk prefix; None where the rule rewrites it."""
        found = self.trunk.match(number) if self.trunk else None
        if not found:
            return number
        if self.transforms and found.groups()[-1:] != (None,):
            return None
        rest = number[found.end() :]
        viable = self.general.fullmatch(number) and not self.general.fullmatch(rest)
        return number if viable else rest

    def holds(self, number: str) -> bool:
        """Tell whether a national significant number is valid in this region."""
        length = len(number)
        if length not in self.lengths or not self.general.fullmatch(number):
            return False
        return any(length in lengths and kind.fullmatch(number) for kind, lengths in self.kinds)

    def national(self, number: str) -> str | None:
        """Return the national significant number, or None where the library must judge."""
        found = self.without_trunk(number)
        return found if found == number or (found and len(found) in self.lengths) else None


@cache
def plan(region: str) -> Plan:
    """Return the plan of a supported region."""
    return _compiled(PhoneMetadata.metadata_for_region(region))


@cache
def plans(calling: int) -> tuple[Plan, ...]:
    """Return the plans that share a country calling code, the main one first."""
    find = PhoneMetadata.metadata_for_region_or_calling_code
    return tuple(_compiled(find(calling, region)) for region in _CALLING[calling])


def calling_code(digits: str) -> int | None:
    """Return the country calling code that an international number begins with."""
    heads = (int(digits[:size]) for size in (1, 2, 3))
    return None if digits[0] == "0" else next((head for head in heads if head in _CALLING), None)


def is_valid(calling: int, number: str) -> bool:
    """Tell whether a national significant number is valid under a calling code."""
    sharing = plans(calling)
    if len(sharing) == 1:
        return sharing[0].holds(number)
    for one in sharing:
        if one.leading is None and one.holds(number):
            return True
        if one.leading is not None and one.leading.match(number):
            return one.holds(number)
    return False


def is_possible(calling: int, number: str) -> bool:
    """Tell whether a number of this length may exist under a calling code."""
    main = plans(calling)[0]
    return len(number) in main.lengths or len(number) in main.local_lengths


def _compiled(metadata: Any) -> Plan:
    general = metadata.general_desc
    trunk = metadata.national_prefix_for_parsing
    return Plan(
        calling=metadata.country_code,
        exit=_pattern(metadata.international_prefix),
        trunk=_pattern(trunk),
        transforms=bool(metadata.national_prefix_transform_rule),
        general=re.compile(general.national_number_pattern),
        lengths=frozenset(general.possible_length),
        local_lengths=frozenset(general.possible_length_local_only),
        leading=_pattern(metadata.leading_digits),
        kinds=_kinds(metadata),
    )


def _kinds(metadata: Any) -> tuple[_Kind, ...]:
    by_lengths: dict[frozenset[int], list[str]] = {}
    for name in _KINDS:
        described = getattr(metadata, name)
        if described is not None and described.national_number_pattern:
            lengths = described.possible_length or metadata.general_desc.possible_length
            pattern = f"(?:{described.national_number_pattern})"
            by_lengths.setdefault(frozenset(lengths), []).append(pattern)
    return tuple((re.compile("|".join(ps)), lengths) for lengths, ps in by_lengths.items())


def _pattern(text: str | None) -> re.Pattern[str] | None:
    return re.compile(text) if text else None
