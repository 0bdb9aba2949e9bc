"""The stand-in of The Trade Desk: the Data API, segments by name; CRM data stands apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from infra.sandbox._the_trade_desk_crm import PLACE, crm
from infra.sandbox.call import Call, RefusedError, Reply, StandIn, parse, spoilt, unknown_fields
from infra.sandbox.state import Audience, State

ITEMS = 1_600
BYTES = 2_500_000
MAX_TTL = 259_200
DEFAULT_TTL = 129_600
FIELDS = ("AdvertiserId", "DataProviderId", "DataLoadTraceId", "Items", "DataOrigins")
UNIVERSAL = (
    "UID2",
    "UID2Token",
    "EUID",
    "EUIDToken",
    "RampID",
    "CoreID",
    "ID5",
    "NetID",
    "FirstID",
)
IDS = ("TDID", "DAID", *UNIVERSAL, "UtiqID", "MerkuryID", "IqviaPPID", "RealID")
DATA = ("Name", "TtlInMinutes", "TimestampUtc", "BaseBidCPM", "BaseBidCPMMetadata", "BidFactor")
# A cookie of the advertiser may have any form, but no digest of a person and no contact.
COOKIE = re.compile(r"(?![0-9a-fA-F]{64}$)[A-Za-z0-9._~:=/-]{1,128}")
DEVICE = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
RAW_UID = re.compile(r"[A-Za-z0-9+/]{43}[A-Za-z0-9+/=]")
CONTACT = re.compile(r"\+?[0-9][0-9 ()-]{8,16}")

Line = dict[str, str]


def handle(call: Call, state: State) -> Reply:
    """Answer as the Data API does: 200 with nothing, or with the lines that failed."""
    if call.path.removeprefix("/v3").startswith("/crmdata/"):
        return crm(call, state)
    if not state.knows(call.headers.get("ttd-auth", "")):
        raise _refused(401, "Unauthorized")
    if call.path != "/data/advertiser":
        raise _refused(404, "Not Found")
    if call.method != "POST":
        raise _refused(405, "Method Not Allowed")
    if call.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise _refused(415, "Unsupported Media Type")
    body = _body(call)
    failed: list[Line] = []
    for number, item in enumerate(body["Items"], 1):
        spoil = call.spoil and number <= spoilt(len(body["Items"]))
        failed += _take(state, body["AdvertiserId"], number, item, spoil)
    every = len({line["ItemNumber"] for line in failed}) == len(body["Items"])
    return Reply(status=400 if every else 200, body={"FailedLines": failed} if failed else {})


def _refused(status: int, words: str) -> RefusedError:
    return RefusedError(Reply(status=status, body=words))  # plain text, as the vendor's SDK expects


def _body(call: Call) -> dict[str, Any]:
    body = parse(call.body)
    if body is None or re.search(rb":\s*null", call.body):
        raise _refused(400, "The request is not a JSON object, or holds a null")
    if unknown := unknown_fields(body, FIELDS):
        raise _refused(400, f"Could not find member on object: {', '.join(unknown)}")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(body.get("AdvertiserId", ""))):
        raise _refused(400, "AdvertiserId is required")
    if not isinstance(body.get("Items"), list) or not body["Items"]:
        raise _refused(400, "Items is required")
    if len(call.body) > BYTES or len(body["Items"]) > ITEMS:
        too_large = {"ErrorCode": "MaxRequestSizeExceeded", "Message": "The request is too large"}
        raise RefusedError(Reply(status=413, body=too_large))
    return body


def _take(state: State, account: str, number: int, item: Any, spoil: bool) -> list[Line]:
    """Apply one item, or return the lines that say why not."""
    if not isinstance(item, dict):
        return [_line("ItemDeserializationError", number)]
    ids = [(name, value) for name, value in item.items() if name in IDS]
    data = item.get("Data")
    if unknown_fields(item, (*IDS, "CookieMappingPartnerId", "Data")) or not isinstance(data, list):
        return [_line("ItemDeserializationError", number)]
    if len(ids) != 1:
        return [_line("InvalidParameterFormat" if ids else "MissingUserId", number)]
    name, value = ids[0]
    if not isinstance(value, str) or not _well_formed(name, value):
        return [_line("InvalidParameterFormat", number, **{name: str(value)})]
    if spoil:
        return [_line("UserNotMapped", number, **{name: value})]
    return [line for entry in data for line in _entry(state, account, number, value, entry)]


def _well_formed(name: str, value: str) -> bool:
    if name == "DAID":
        return DEVICE.fullmatch(value) is not None
    if name in ("UID2", "EUID"):
        return RAW_UID.fullmatch(value) is not None
    return COOKIE.fullmatch(value) is not None and CONTACT.fullmatch(value) is None


def _entry(state: State, account: str, number: int, value: str, entry: Any) -> list[Line]:
    if not isinstance(entry, dict) or unknown_fields(entry, DATA):
        return [_line("ItemDeserializationError", number)]
    name, ttl = entry.get("Name"), entry.get("TtlInMinutes", DEFAULT_TTL)
    if not isinstance(name, str) or not 1 <= len(name) <= 256:
        return [_line("DataNameTooLong" if name else "InvalidParameterFormat", number)]
    if type(ttl) is not int or not 0 <= ttl <= MAX_TTL:
        return [_line("InvalidTtlInMinutes", number, DataName=name)]
    segment = _segment(state, account, name)
    if ttl == 0:
        segment.members.pop(value, None)
        segment.expires.pop(value, None)
    else:
        segment.members[value] = None
        segment.expires[value] = state.clock.now() + timedelta(minutes=ttl)
    return []


def _segment(state: State, account: str, name: str) -> Audience:
    """Return the advertiser's segment; its id is its name, unless another advertiser has that."""
    segments = state.platforms["the_trade_desk"]
    taken = segments.get(name)
    at = name if taken is None or taken.account == account else f"{account}/{name}"
    return segments.setdefault(at, Audience(id=at, name=name, account=account))


def _line(code: str, number: int, **more: str) -> Line:
    return {"ErrorCode": code, "Message": code, "ItemNumber": str(number), **more}


def _throttled(wait: float) -> Reply:
    headers: Mapping[str, str] = {"retry-after": str(round(wait))}
    return Reply(status=429, body="Too Many Requests", headers=headers)


THE_TRADE_DESK = StandIn(
    slug="the_trade_desk",
    handle=handle,
    takes_rows=lambda call: call.path == "/data/advertiser",
    takes_token=lambda call: PLACE not in call.path,  # its address is its permission
    throttled=_throttled,
    broken=lambda: Reply(status=500, body="Internal Server Error"),
    expired=lambda: Reply(status=401, body="Unauthorized"),
)
