"""Why a value can't be used, and the one sentence that tells its owner how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Canonical:
    """A value's one spelling, or None with the reason why it has none."""

    value: str | None
    reason: str = ""


FIXES: dict[str, str] = {
    "already_hashed": "Declare the column as email_sha256 or phone_sha256, or send the raw value.",
    "bad_domain": "Correct what stands after the @; it must be a domain such as example.com.",
    "bad_ip": "Give one IPv4 or IPv6 address without port or mask.",
    "bad_local_part": "Correct what stands before the @; quotes and brackets aren't taken.",
    "bad_uuid": "Give the device id in the form 8-4-4-4-12 of hexadecimal digits, with hyphens.",
    "control_characters": "Remove control characters; the file may be in another encoding.",
    "empty": "Leave the column out, or fill it; there is nothing to match in an empty value.",
    "empty_hash": "This is the hash of an empty value; hash only rows that have one.",
    "empty_local_part": "Nothing is left before the @ after the dots and tag that Gmail ignores.",
    "impossible_number": "Check the number's length; it has too many or too few digits.",
    "invalid_number": "Check number and country; no such number exists in that country's plan.",
    "looks_like_email": "Don't put e-mail addresses in a device id; use the email column.",
    "looks_like_phone": "Don't put phone numbers in a device id; use the phone column.",
    "no_at_sign": "Check the column; an e-mail address has an @.",
    "no_country": "Add a country column (two letters), or write + and the country code.",
    "no_tracking_id": "The device withholds its id (all zeros); leave it out.",
    "not_a_hash": "Give SHA-256 as 64 hexadecimal digits, or as base64 of its 32 bytes.",
    "not_a_number": "Check the column; this doesn't read as a phone number.",
    "placeholder": "Leave the column empty where the value is unknown.",
    "private_ip": "Collect the visitor's public address; this one is used inside many networks.",
    "sentinel_hash": "This is the hash of a word such as null or unknown; hash only real values.",
    "space_inside": "Remove the spaces inside the value.",
    "spreadsheet_number": "Export the column as text; a spreadsheet made the number a decimal.",
    "too_long": "Check the column; the value is longer than any real one.",
    "two_at_signs": "Give one address in each cell.",
    "unknown_country_code": "Check the digits after the +; no country has that calling code.",
    "unknown_type": "Use an identifier type of the catalog.",
}


@cache
def refused(reason: str) -> Canonical:
    """Return the outcome of a value that can't be used."""
    return Canonical(None, reason)


def fix_for(reason: str) -> str:
    """Say in one sentence how to mend what a reason names; empty for a reason not known."""
    return FIXES.get(reason, "")
