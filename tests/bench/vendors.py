"""What the vendors' own libraries make of values; runs in a venv that has them and not the bridge.

    python tests/bench/vendors.py <cases.jsonl >answers.jsonl

A case is a list: library, type, value, country. An answer is the text before any hashing, or null
where the library refuses; the first line names the versions.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import phonenumbers
from facebook_business.adobjects.serverside.normalize import Normalize
from google.ads.datamanager_util import Formatter
from uid2_client.input_util import is_phone_number_normalized, normalize_email_string

LIBRARIES = ("facebook-business", "google-ads-datamanager-util", "uid2-client", "phonenumbers")
_META = {
    "email": "em",
    "phone": "ph",
    "first_name": "fn",
    "last_name": "ln",
    "city": "ct",
    "zip": "zp",
    "country": "country",
}
_FORMATTER = Formatter()
_GOOGLE: dict[str, Callable[[str], str]] = {
    "email": _FORMATTER.format_email_address,
    "phone": _FORMATTER.format_phone_number,
    "first_name": _FORMATTER.format_given_name,
    "last_name": _FORMATTER.format_family_name,
    "zip": _FORMATTER.format_postal_code,
    "country": _FORMATTER.format_region_code,
}


def _uid2(kind: str, value: str) -> str | None:
    if kind == "email":
        return normalize_email_string(value)
    return value if is_phone_number_normalized(value) else None


def _e164(value: str, country: str | None) -> str | None:
    number = phonenumbers.parse(value, country)
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def answer(library: str, kind: str, value: str, country: str | None) -> Any:
    """Return what one library makes of one value, null where it raises or answers nothing."""
    try:
        match library:
            case "facebook-business":
                return Normalize.normalize_field_skip_hashing(_META[kind], value) or None
            case "google-ads-datamanager-util":
                return _GOOGLE[kind](value)
            case "uid2-client":
                return _uid2(kind, value)
            case _:
                return _e164(value, country)
    except (TypeError, ValueError, LookupError, phonenumbers.NumberParseException):
        return None


def main() -> None:
    """Answer every case on stdin, in order."""
    print(json.dumps({name: version(name) for name in LIBRARIES}))
    for line in sys.stdin:
        print(json.dumps(answer(*json.loads(line))))


if __name__ == "__main__":
    main()
