"""The identifier types: how long each lives, whether it may leave, what its key is made of.

Beside them stand attributes: what describes a person or a click and may help a platform to match,
but never links two records. They have no key and no life of their own.
"""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One type that describes and never links; it lives as long as the record it stands in."""

    name: str
    kind: str  # name | place | birth | gender | click | worth
    leaves: str  # hashed | raw: in clear where a platform takes it so
    forms: tuple[str, ...]  # names of identifiers.forms


def _strong(name: str, leaves: str, *forms: str, strong: bool = True) -> IdType:
    return IdType(
        name=name,
        strong=strong,
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


def _device(name: str, days: int, *forms: str, identity: str = "", leaves: str = "raw") -> IdType:
    return IdType(
        name=name,
        strong=False,
        device=True,
        lifetime_days=days,
        identity=identity or name,
        leaves=leaves,
        forms=forms or ("plain",),
    )


_EMAIL_FORMS = ("plain", "gmail", "gmail_com", "no_tag", "no_dots_no_tag", "ascii", "ascii_word",
                "word")  # fmt: skip
_TYPES = (
    _strong("external_id", "raw", "plain", "token"),
    _strong("email", "hashed", *_EMAIL_FORMS),
    _strong("phone", "hashed", "e164", "digits"),
    _strong("line_user_id", "raw", "plain", strong=False),
    _hashed("email_sha256", "email", "plain"),
    _hashed("phone_sha256", "phone", "e164"),
    _device("cookie", LONGEST_DAYS),
    _device("idfa", LONGEST_DAYS, "plain", "upper", identity="maid"),
    _device("gaid", LONGEST_DAYS, "plain", "upper", identity="maid"),
    _device("maid", LONGEST_DAYS, "plain", "upper", identity="maid"),
    _device("ctv", LONGEST_DAYS),
    _device("ip", 1, leaves="never"),  # shared by households and offices: it names no device
    _device("uid2", LONGEST_DAYS),
    _device("euid", LONGEST_DAYS),
    _device("partner", 30),
)


def _attributes(kind: str, leaves: str, **forms: tuple[str, ...]) -> tuple[Attribute, ...]:
    return tuple(
        Attribute(name=name, kind=kind, leaves=leaves, forms=found) for name, found in forms.items()
    )


_PLAIN = ("plain",)
_NAME_FORMS = ("plain", "lower_letters", "lower_joined", "a_z_0_9")
# A click id travels in links that people share, so it links nobody.
_CLICKS = (
    *("dclid", "epik", "fbc", "fbclid", "fbp", "gbraid", "gclid", "li_fat_id", "msclkid"),
    *("rdt_cid", "sccid", "ttclid", "twclid", "wbraid"),
)
_ATTRIBUTES = (
    *_attributes(
        "name",
        "hashed",
        first_name=(*_NAME_FORMS, "lower", "untitled"),
        first_initial=("plain", "initial"),
        last_name=(*_NAME_FORMS, "lower", "unsuffixed"),
    ),
    *_attributes(
        "place",
        "hashed",
        street=("plain", "street_line"),
        city=("plain", "a_z", "letters", "a_z_0_9"),
        state=("plain", "ansi_a_z", "ansi_letters", "two_letters"),
    ),
    *_attributes(
        "place",
        "raw",
        zip=("plain", "zip_short", "zip_sector", "zip_whole", "zip_by_country"),
        country=("plain", "lower"),
    ),
    *_attributes(
        "birth",
        "hashed",
        birth_date=_PLAIN,
        birth_year=_PLAIN,
        birth_month=_PLAIN,
        birth_day=_PLAIN,
    ),
    *_attributes("gender", "hashed", gender=_PLAIN),
    *_attributes("click", "raw", **dict.fromkeys(_CLICKS, _PLAIN)),
    *_attributes("worth", "raw", value=_PLAIN),
)
ATTRIBUTES: dict[str, Attribute] = {one.name: one for one in _ATTRIBUTES}
CATALOG: dict[str, IdType] = {kind.name: kind for kind in _TYPES}
STRONG = ("external_id", "email", "phone")  # strongest first


def base_type(name: str) -> str:
    """Return the catalog's name of a type: `partner` for `partner:<name>`, else the name itself."""
    return "partner" if _PARTNER.fullmatch(name) else name


def id_type(name: str) -> IdType | None:
    """Return an identifier type by name, or None; `partner:<name>` is one of each name.

    An attribute is none: it links nobody.
    """
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
