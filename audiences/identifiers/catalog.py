"""The identifier types: how long each lives, whether it may leave, what its key is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.errors import DataError

LONGEST_DAYS = 90  # no device data lives longer, whatever a setting says
_PARTNER = re.compile(r"partner:[a-z0-9_-]+")
_SAFARI_COOKIE_DAYS = 7  # Safari drops script-set cookies after a week
_FOREIGN_COOKIE_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class IdType:
    """One identifier type."""

    name: str
    strong: bool  # durable, identifies a person
    device: bool
    lifetime_days: int | None  # None: as long as the record it stands in
    identity: str  # the type name under which its key is made
    leaves: str  # hashed | raw | never
    forms: tuple[str, ...]  # names of identifiers.forms


def _strong(name: str, leaves: str, *forms: str) -> IdType:
    return IdType(
        name=name,
        strong=True,
        device=False,
        lifetime_days=None,
        identity=name,
        leaves=leaves,
        forms=forms,
    )


def _hashed(name: str, identity: str, form: str) -> IdType:
    return IdType(
        name=name,
        strong=False,
        device=False,
        lifetime_days=LONGEST_DAYS,
        identity=identity,
        leaves="hashed",
        forms=(form,),
    )


def _device(name: str, days: int, *, identity: str = "", leaves: str = "raw") -> IdType:
    return IdType(
        name=name,
        strong=False,
        device=True,
        lifetime_days=days,
        identity=identity or name,
        leaves=leaves,
        forms=("plain",),
    )


_TYPES = (
    _strong("external_id", "raw", "plain"),
    _strong("email", "hashed", "plain", "gmail", "gmail_com"),
    _strong("phone", "hashed", "e164", "digits"),
    _hashed("email_sha256", "email", "plain"),
    _hashed("phone_sha256", "phone", "e164"),
    _device("cookie", LONGEST_DAYS),
    _device("idfa", LONGEST_DAYS, identity="maid"),
    _device("gaid", LONGEST_DAYS, identity="maid"),
    _device("maid", LONGEST_DAYS, identity="maid"),
    _device("ctv", LONGEST_DAYS),
    _device("ip", 1, leaves="never"),  # shared by households and offices: it names no device
    _device("partner", 30),
)
CATALOG: dict[str, IdType] = {kind.name: kind for kind in _TYPES}
STRONG = ("external_id", "email", "phone")  # strongest first


def base_type(name: str) -> str:
    """Return the catalog's name of a type: `partner` for `partner:<name>`, else the name itself."""
    return "partner" if _PARTNER.fullmatch(name) else name


def id_type(name: str) -> IdType | None:
    """Return a type by name, or None when there is none; `partner:<name>` is one of each name."""
    if _PARTNER.fullmatch(name):
        return _device(name, 30)
    return CATALOG.get(name) if name != "partner" else None


def lifetime_days(type_name: str, party: int, browser: str) -> int:
    """Return how many days a sighting of this type lives; never above 90.

    Raises:
        DataError: when there is no such type.

    """
    kind = id_type(type_name)
    if kind is None:
        raise DataError("a sighting's identifier type is not in the catalog")
    if kind.name == "cookie":
        return _cookie_days(party, browser.lower())
    return min(kind.lifetime_days or LONGEST_DAYS, LONGEST_DAYS)


def _cookie_days(party: int, browser: str) -> int:
    if party != 1:
        return _FOREIGN_COOKIE_DAYS
    # Chrome and Android name Safari in their own user agents
    disguised = any(name in browser for name in ("chrome", "chromium", "android"))
    return _SAFARI_COOKIE_DAYS if "safari" in browser and not disguised else LONGEST_DAYS
