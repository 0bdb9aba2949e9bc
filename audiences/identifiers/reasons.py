"""Why a value can't be used, and the one sentence that tells its owner how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Canonical:
    """A value's one spelling, or None with the reason why it has none."""

    value: str | None
    reason: str = ""
    flags: tuple[str, ...] = ()  # what its owner may want to know of a usable value


FIXES: dict[str, str] = {
    "already_hashed": "Declare the column as email_sha256 or phone_sha256, or send the raw value.",
    "ambiguous_date": "Write the date as YYYY-MM-DD; day and month can't be told apart here.",
    "bad_date": "Write the date as YYYY-MM-DD, with a year from 1900 on.",
    "bad_day": "Give the day of the month as a number from 1 to 31.",
    "bad_domain": "Correct what stands after the @; it must be a domain such as example.com.",
    "bad_external_id": "Give an id of letters, digits, - and _ alone, of at most 128 characters.",
    "bad_ip": "Give one IPv4 or IPv6 address without port or mask.",
    "bad_line_user_id": "Give the LINE user id: U and 32 lower-case hexadecimal digits.",
    "bad_local_part": "Correct what stands before the @; quotes and brackets aren't taken.",
    "bad_month": "Give the month as a number from 1 to 12, or its English name.",
    "bad_uid": "Give the raw UID2 or EUID as it came: 44 characters of base64.",
    "bad_uuid": "Give the device id in the form 8-4-4-4-12 of hexadecimal digits, with hyphens.",
    "bad_value": "Give the customer's worth as a plain number, such as 12.50.",
    "bad_year": "Give the year of birth in four digits, from 1900 on.",
    "bad_zip": "Check the postal code; its country has none of this shape.",
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
    "no_letters": "Check the column; there is no letter or digit in it.",
    "no_tracking_id": "The device withholds its id (all zeros); leave it out.",
    "not_a_hash": "Give SHA-256 as 64 hexadecimal digits, or as base64 of its 32 bytes.",
    "not_a_number": "Check the column; this doesn't read as a phone number.",
    "nothing_left": "Nothing is left of this value in the letters that the platform takes.",
    "placeholder": "Leave the column empty where the value is unknown.",
    "private_ip": "Collect the visitor's public address; this one is used inside many networks.",
    "sentinel_hash": "This is the hash of a word such as null or unknown; hash only real values.",
    "space_inside": "Remove the spaces inside the value.",
    "spreadsheet_number": "Export the column as text; a spreadsheet made the number a decimal.",
    "too_long": "Check the column; the value is longer than any real one.",
    "two_at_signs": "Give one address in each cell.",
    "unknown_country": "Give the country as two letters (ISO 3166), such as VN.",
    "unknown_country_code": "Check the digits after the +; no country has that calling code.",
    "unknown_gender": "Leave it out; the platforms know f and m alone.",
    "unknown_type": "Use an identifier type of the catalog.",
}


@cache
def refused(reason: str) -> Canonical:
    """Return the outcome of a value that can't be used."""
    return Canonical(None, reason)


def fix_for(reason: str) -> str:
    """Say in one sentence how to mend what a reason names; empty for a reason not known."""
    return FIXES.get(reason, "")
