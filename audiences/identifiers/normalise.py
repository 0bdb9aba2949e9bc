"""One spelling for every identifier: `canonical` returns it, or the reason why there is none."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from audiences.identifiers.births import (
    canonical_date,
    canonical_day,
    canonical_gender,
    canonical_month,
    canonical_worth,
    canonical_year,
)
from audiences.identifiers.catalog import ATTRIBUTES, base_type
from audiences.identifiers.countries import canonical_country
from audiences.identifiers.hashes import canonical_hash, looks_hashed
from audiences.identifiers.mail import canonical_email
from audiences.identifiers.names import canonical_line, canonical_name
from audiences.identifiers.places import canonical_zip
from audiences.identifiers.reasons import Canonical, fix_for, refused
from audiences.identifiers.text import (
    CONTROL,
    SENTINELS,
    compose,
    first_fault,
    has_space,
    is_sentinel,
    trim,
)

__all__ = ["LONGEST", "SENTINELS", "Canonical", "canonical", "fix_for"]

LONGEST = 256  # characters of an external or device id
_LONGEST_CLICK = 512
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ZEROS = re.compile(r"0[0-]*")
_UID = re.compile(r"[A-Za-z0-9+/]{43}[A-Za-z0-9+/=]")  # 32 or 33 bytes
_LINE_USER_ID = re.compile(r"U[0-9a-f]{32}")
_PHONE_SHAPE = re.compile(r"[+][0-9][0-9().-]{6,}")
_EMAIL_SHAPE = re.compile(r"[^@]+@[^@]+\.[^@.]{2,}")


def canonical(type: str, value: str, country: str | None = None) -> Canonical:  # noqa: A002
    """Return a value's one spelling; `country` (two letters) is read for national phone numbers."""
    name = base_type(type)
    if name == "phone":
        from audiences.identifiers import phone  # noqa: PLC0415 - loads libphonenumber

        return phone.e164(value, country)
    rule = _RULES.get(name)
    return rule(value) if rule else refused("unknown_type")


_EXTERNAL_CHECKS = (
    ("empty", lambda text: not text),
    ("too_long", lambda text: len(text) > LONGEST),
    ("control_characters", CONTROL.search),
    ("placeholder", is_sentinel),
)
_OPAQUE_CHECKS = (
    ("empty", lambda text: not text),
    ("too_long", lambda text: len(text) > LONGEST),
)
_CLICK_CHECKS = (
    ("empty", lambda text: not text),
    ("too_long", lambda text: len(text) > _LONGEST_CLICK),
)
_SIGN_CHECKS = (
    ("space_inside", has_space),
    ("control_characters", lambda text: not text.isprintable()),
    ("looks_like_email", _EMAIL_SHAPE.fullmatch),
    ("looks_like_phone", _PHONE_SHAPE.fullmatch),
    ("no_tracking_id", lambda text: len(text) >= 8 and _ZEROS.fullmatch(text)),
    ("placeholder", is_sentinel),
)


def _external(value: str) -> Canonical:
    text = trim(compose(value))
    reason = first_fault(text, _EXTERNAL_CHECKS)
    return refused(reason) if reason else Canonical(text)


def _opaque(value: str) -> Canonical:
    text = trim(value)
    reason = first_fault(text, _OPAQUE_CHECKS) or first_fault(text, _SIGN_CHECKS)
    return refused(reason) if reason else Canonical(text)


def _click(value: str) -> Canonical:
    text = trim(value)
    reason = first_fault(text, _CLICK_CHECKS) or first_fault(text, _SIGN_CHECKS)
    return refused(reason) if reason else Canonical(text)


def _mobile(value: str) -> Canonical:
    text = trim(value).lower()
    if not text:
        return refused("empty")
    if not _UUID.fullmatch(text):
        return refused("already_hashed" if looks_hashed(trim(value)) else "bad_uuid")
    return refused("no_tracking_id") if _ZEROS.fullmatch(text) else Canonical(text)


def _uid(value: str) -> Canonical:
    text = trim(value)
    if not text:
        return refused("empty")
    return Canonical(text) if _UID.fullmatch(text) else refused("bad_uid")


def _line_user(value: str) -> Canonical:
    text = trim(value)
    if not text:
        return refused("empty")
    return Canonical(text) if _LINE_USER_ID.fullmatch(text) else refused("bad_line_user_id")


def _ip(value: str) -> Canonical:
    text = trim(value)
    if not text:
        return refused("empty")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return refused("bad_ip")
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return refused("private_ip")
        address = address.ipv4_mapped or address
    return refused("private_ip") if _is_shared(address) else Canonical(address.compressed)


def _is_shared(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_multicast or any(
        address in network for network in _SHARED if network.version == address.version
    )


_SHARED = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.168.0.0/16", "::/128", "::1/128", "fc00::/7", "fe80::/10"),
    )
)
_RULES: dict[str, Callable[[str], Canonical]] = {
    "email": canonical_email,
    "email_sha256": canonical_hash,
    "phone_sha256": canonical_hash,
    "external_id": _external,
    **dict.fromkeys(("maid", "idfa", "gaid"), _mobile),
    **dict.fromkeys(("cookie", "ctv", "partner"), _opaque),
    "ip": _ip,
    **dict.fromkeys(("uid2", "euid"), _uid),
    "line_user_id": _line_user,
    **dict.fromkeys(("first_name", "first_initial", "last_name", "city"), canonical_name),
    **dict.fromkeys(("street", "state"), canonical_line),
    "zip": canonical_zip,
    "country": canonical_country,
    "birth_date": canonical_date,
    "birth_year": canonical_year,
    "birth_month": canonical_month,
    "birth_day": canonical_day,
    "gender": canonical_gender,
    "value": canonical_worth,
    **{name: _click for name, one in ATTRIBUTES.items() if one.kind == "click"},
}
