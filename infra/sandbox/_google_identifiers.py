"""Google's identifiers of a member: digests, and addresses of which all four parts are required."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.sandbox._google_refusals import check_fields, refused, refused_rows
from infra.sandbox.call import HASHES, is_text, misfits

IDENTIFIERS = 10
# In the order of a member's key.
KINDS = ("emailAddress", "phoneNumber", "address")
NAMES = ("givenName", "familyName")  # hashed; region and code are in clear
PARTS = (*NAMES, "regionCode", "postalCode")
Pair = tuple[str, Any]


def identifiers(member: Any, verb: str) -> list[Pair]:
    """Return the identifiers of one member; anything but user data is of another kind of list."""
    consent = ("consent",) if verb == "ingest" else ()
    if not isinstance(member, dict):
        raise refused(400, "INVALID_ARGUMENT", "INVALID_AUDIENCE_MEMBER", "audience_members")
    kinds = ("compositeData", "userData", "destinationReferences")
    check_fields(member, (*kinds, *consent), "audience_members.")
    composite = member.get("compositeData")
    data = composite.get("userData") if isinstance(composite, dict) else member.get("userData")
    found = data.get("userIdentifiers") if isinstance(data, dict) else None
    if not isinstance(found, list) or not found:
        raise refused(400, "INVALID_ARGUMENT", "REQUIRED_FIELD_MISSING", "audience_members")
    if len(found) > IDENTIFIERS:
        raise refused(400, "INVALID_ARGUMENT", "TOO_MANY_USER_IDENTIFIERS", "audience_members")
    pairs = [pair for one in found if isinstance(one, dict) for pair in one.items()]
    if len(pairs) != len(found) or any(name not in KINDS for name, _ in pairs):
        raise refused(400, "INVALID_ARGUMENT", "INVALID_AUDIENCE_MEMBER", "audience_members")
    for value in (value for name, value in pairs if name == "address"):
        if not isinstance(value, dict):
            raise refused(400, "INVALID_ARGUMENT", "INVALID_AUDIENCE_MEMBER", "audience_members")
        check_fields(value, PARTS, "audience_members.address.")
    return pairs


def check_values(found: Sequence[Sequence[Pair]]) -> None:
    """Refuse the call when one value is not as it must be, naming the rows as Google does."""
    digests = [value for pairs in found for name, value in pairs if name != "address"]
    addresses = any(name == "address" for pairs in found for name, _ in pairs)
    if not addresses and not misfits(HASHES, digests) and all(digests):
        return
    bad: dict[str, str] = {}
    for row, pairs in enumerate(found):
        for at, pair in enumerate(pairs):
            place = f"audience_members[{row}].composite_data.user_data.user_identifiers[{at}]"
            bad |= {f"{place}{part}": why for part, why in _faults(pair)}
    if bad:
        raise refused_rows(bad)


def _faults(pair: Pair) -> Iterator[tuple[str, str]]:
    name, value = pair
    if name != "address":
        if why := _digest_fault(value):
            yield "", why
        return
    for part in PARTS:
        if why := _part_fault(part, value):
            yield ".address." + re.sub("([A-Z])", r"_\1", part).lower(), why


def _part_fault(part: str, address: Mapping[str, Any]) -> str:
    value = address.get(part)
    if value in (None, ""):
        return "REQUIRED_FIELD_MISSING"
    if part in NAMES:
        return _digest_fault(value)
    if part == "regionCode":
        region = isinstance(value, str) and re.fullmatch("[A-Z]{2}", value)
        return "" if region else "INVALID_COUNTRY_CODE"
    # It goes in clear: a digest is no postal code.
    return "" if is_text(value, 40) and value.strip() == value else "INVALID_POSTAL_CODE"


def _digest_fault(value: Any) -> str:
    if value and not misfits(HASHES, [value]):
        return ""
    hexes = re.fullmatch(r"[0-9a-fA-F]*", str(value))
    return "INVALID_SHA256_FORMAT" if hexes else "INVALID_HEX_ENCODING"


def member_key(pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Return a member's identifiers in the order of its key; the parts of an address are one."""
    ordered = sorted(pairs, key=lambda pair: KINDS.index(pair[0]))
    return tuple(
        ",".join(value[part] for part in PARTS) if name == "address" else value
        for name, value in ordered
    )
