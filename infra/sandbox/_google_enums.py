"""Enums that Google's own clients write as numbers, as JSON of protocol buffers allows."""

from __future__ import annotations

from typing import Any

from infra.sandbox.call import Call, parse

CONSENT = ("CONSENT_STATUS_UNSPECIFIED", "CONSENT_GRANTED", "CONSENT_DENIED")
ENUMS = {
    "adUserData": CONSENT,
    "adPersonalization": CONSENT,
    "encoding": ("ENCODING_UNSPECIFIED", "HEX", "BASE64"),
    "customerMatchTermsOfServiceStatus": ("UNSPECIFIED", "ACCEPTED", "REJECTED"),
    "accountType": (
        "ACCOUNT_TYPE_UNSPECIFIED",
        "GOOGLE_ADS",
        "DISPLAY_VIDEO_PARTNER",
        "DISPLAY_VIDEO_ADVERTISER",
        "DATA_PARTNER",
    ),
    "uploadKeyTypes": ("UNSPECIFIED", "CONTACT_ID", "MOBILE_ID", "USER_ID", "PAIR_ID"),
    "membershipStatus": ("UNSPECIFIED", "OPEN", "CLOSED"),
}


def read(call: Call) -> dict[str, Any] | None:
    """Return the JSON object of a call with its enums by name, None when there is none."""
    body = parse(call.body)
    # Only who says so writes numbers; a walk through each body would slow all the others.
    if body is not None and "enum-encoding=int" in call.query.get("$alt", ""):
        _name(body)
    return body


def _name(value: Any) -> None:
    """Turn the numbers of known enums into names, in place."""
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, list):
            _name(part)
        if not isinstance(part, dict):
            continue
        for key, held in part.items():
            if names := ENUMS.get(key):
                many = isinstance(held, list)
                found = [_word(names, one) for one in (held if many else [held])]
                part[key] = found if many else found[0]
            else:
                _name(held)


def _word(names: tuple[str, ...], value: Any) -> Any:
    return names[value] if type(value) is int and 0 <= value < len(names) else value
