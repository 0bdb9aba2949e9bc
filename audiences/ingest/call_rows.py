"""Makes rows of profiles, events and sightings from tracking calls, as a file would hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from audiences.ingest.calls import Call, happened_at

Row = dict[str, str]
MOST_COLUMNS = 60  # of one row that are not ours: a client makes up names as it likes
LONGEST_COLUMN = 80
BROWSERS = ("edg", "opr", "firefox", "chrome", "safari")  # in the order they disguise
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ADS = ("advertising", "ads", "marketing", "ad_user_data", "consent_ads", "c0004", "targeting")
_PERSONAL = ("personalization", "ad_personalization", "consent_personalization")
_TRAITS = {
    "email": "email",
    "phone": "phone",
    "firstname": "first_name",
    "lastname": "last_name",
    "birthday": "birth_date",
    "gender": "gender",
    "language": "language",
    "address.street": "street",
    "address.city": "city",
    "address.state": "state",
    "address.postalcode": "zip",
    "address.country": "country",
}
# https://segment.com/docs/connections/spec/ecommerce/v2/ and the e-mail specification
EVENTS = {
    "order completed": "order",
    "order refunded": "return",
    "product viewed": "view",
    "products searched": "search",
    "product added": "cart",
    "email opened": "email_open",
    "email link clicked": "email_click",
}
_VALUES = ("revenue", "value", "total")


@dataclass(frozen=True, slots=True)
class Rows:
    """What one call becomes."""

    profiles: list[Row]
    events: list[Row]
    sightings: list[Row]


def rows_of(kind: str, call: Call, received: datetime) -> Rows:
    """Return the rows of a call that has no faults.

    Who refused advertising is not kept as a sighting: that table serves nothing else.
    """
    # Always with microseconds, so that texts sort as times do.
    at = happened_at(call, received).isoformat(timespec="microseconds").replace("+00:00", "Z")
    consent = _consent(call)
    profiles = _profiles(kind, call, consent, at)
    events = _events(kind, call, at)
    refused = consent.get("consent_ads") == "false"
    return Rows(profiles, events, [] if refused else _sightings(kind, call, consent, at))


def _profiles(kind: str, call: Call, consent: Row, at: str) -> list[Row]:
    traits = _object(call, "traits") if kind in ("identify", "group") else {}
    row: Row = {}
    for name, value in _columns(traits, "group." if kind == "group" else ""):
        row[_TRAITS.get(name, name)] = value
    row.pop("external_id", None)  # only userId says that
    if kind == "group":
        row["group.id"] = _text(call.get("groupId"))
    if kind == "alias" and not _is_anonymous(call):
        row["external_id"] = f"{_id(call, 'userId')}|{_id(call, 'previousId')}"
    elif user := _id(call, "userId"):
        row["external_id"] = user
    named = row.keys() & {"external_id", "email", "phone", "email_sha256", "phone_sha256"}
    if not named or (kind not in ("identify", "group", "alias") and not consent):
        return []
    return [_filled(row | consent | {"updated_at": at})]


def _events(kind: str, call: Call, at: str) -> list[Row]:
    if kind not in ("track", "page", "screen"):
        return []
    properties = _object(call, "properties")
    said = _text(call.get("event" if kind == "track" else "name"))
    row = {name: value for name, value in _columns(properties) if not _NOT_THEIRS.fullmatch(name)}
    row |= {"event_id": _text(call.get("messageId")), "at": at}
    row["name"] = EVENTS.get(said.lower(), _snake(said)) if kind == "track" else "visit"
    row["channel"] = row.get("channel") or ("app" if kind == "screen" else "web")
    row["attributes.event" if kind == "track" else "attributes.page"] = said
    for name in ("url", "referrer"):
        row[name] = _bare(row.get(name, ""))
    value = next((v for name in _VALUES if (v := _text(properties.get(name)))), "")
    return [_filled(row | {"value": value} | _who(call))]


# A property of these names would be taken for who it is, or for when.
_NOT_THEIRS = re.compile(
    r"event_id|name|at|external_id|(?:email|phone)(?:_sha256)?|cookie|idfa|gaid|maid|ctv|ip"
    r"|partner:.*"
)


def _sightings(kind: str, call: Call, consent: Row, at: str) -> list[Row]:
    """Return one sighting a call at most: a visit counts once, by the id that lasts longest."""
    user = _id(call, "userId")
    found = _device(kind, call)
    if found is None:
        return []
    id_type, value = found
    # A cookie that we set over HTTP does not end early on Safari, as one set by a script does.
    browser = "" if value == _text(call.get("cookie")) else _browser(call)
    row = {"id_type": id_type, "id": value, "seen_at": at, "party": "1", "browser": browser}
    row |= {"traits": "|".join(_categories(call))}
    row |= {"consent_string": consent.get("consent_string", "")}
    return [_filled(row | ({"link_type": "external_id", "link_value": user} if user else {}))]


def _device(kind: str, call: Call) -> tuple[str, str] | None:
    if maid := _maid(call):
        return maid
    if kind == "alias":
        return ("cookie", _id(call, "previousId")) if _is_anonymous(call) else None
    value = _text(call.get("cookie")) or _id(call, "anonymousId")
    return ("cookie", value) if value else None


def _maid(call: Call) -> tuple[str, str] | None:
    device = _object(_object(call, "context"), "device")
    value = _text(device.get("advertisingId"))
    if not value or device.get("adTrackingEnabled") is False:
        return None
    apple = _text(device.get("type")).lower() in ("ios", "ipados", "tvos")
    return ("idfa" if apple else "gaid"), value


def _who(call: Call) -> Row:
    who = {"external_id": _id(call, "userId")}
    known = _object(_object(call, "context"), "traits")
    who |= {name: _text(known.get(name)) for name in ("email", "phone")}
    cookies = dict.fromkeys(v for v in (_id(call, "anonymousId"), _text(call.get("cookie"))) if v)
    who["cookie"] = "|".join(cookies)
    if maid := _maid(call):
        who[maid[0]] = maid[1]
    return who


def _is_anonymous(call: Call) -> bool:
    previous = _id(call, "previousId")
    return previous == _id(call, "anonymousId") or bool(_UUID.fullmatch(previous))


def _consent(call: Call) -> Row:
    said = _object(_object(call, "context"), "consent")
    answers = {
        str(name).lower(): value
        for name, value in _object(said, "categoryPreferences").items()
        if isinstance(value, bool)
    }
    row = {}
    for column, names in (("consent_ads", _ADS), ("consent_personalization", _PERSONAL)):
        given = [answers[name] for name in names if name in answers]
        if given:
            row[column] = "true" if all(given) else "false"
    strings = (_text(said.get(name)) for name in ("gppString", "tcfString", "consentString"))
    if text := " ".join(dict.fromkeys(filter(None, strings))):
        row["consent_string"] = text
    return row


def _categories(call: Call) -> list[str]:
    properties = _object(call, "properties")
    products = properties.get("products")
    every = [properties, *(products if isinstance(products, list) else [])]
    named = [_slug(item.get("category")) for item in every if isinstance(item, dict)]
    traits = properties.get("traits")
    named += [_slug(trait) for trait in traits] if isinstance(traits, list) else []
    return list(dict.fromkeys(name for name in named if name))


def _browser(call: Call) -> str:
    agent = _text(_object(call, "context").get("userAgent")).lower()
    return next((name for name in BROWSERS if name in agent), "")


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _columns(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the filled columns of an object; a list of objects is none, nor is an odd name."""
    count = 0
    for name, text in _flat(value, prefix):
        if (
            text
            and name
            and name.isprintable()
            and len(name) <= LONGEST_COLUMN
            and count < MOST_COLUMNS
        ):
            count += 1
            yield ("row_" if name == "row" else name), text


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, item in value.items():
        name = f"{prefix}{key}".strip().lower()
        if isinstance(item, dict):
            yield from _flat(item, f"{name}.")
        elif isinstance(item, list):
            yield name, "|".join(_text(part) for part in item if not isinstance(part, dict | list))
        elif name:
            yield name, _text(item)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        return ""
    # Half a surrogate pair is no text, and Arrow would refuse the whole column for it.
    return str(value).encode(errors="ignore").decode().strip()


def _id(call: Call, name: str) -> str:
    # A bar parts the values of one cell, and some log-ins put one into their ids (auth0|123).
    return _text(call.get(name)).replace("|", "%7C")


def _snake(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_") or "event"


def _slug(value: Any) -> str:
    return re.sub(r"[^\w-]+", "-", _text(value).lower()).strip("-")


def _bare(url: str) -> str:
    """Return an address without its query and fragment, where people's data tends to stand."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}" if parts.scheme else parts.path


def _filled(row: Row) -> Row:
    return {name: value for name, value in row.items() if value}
