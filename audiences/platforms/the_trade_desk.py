"""The Trade Desk's first-party Data API: one id an item, each with its own lifetime, by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from audiences.platforms import answers as say
from audiences.platforms.base import (
    Access,
    Action,
    Answer,
    Batch,
    Key,
    Limits,
    Op,
    Outcome,
    Platform,
    Request,
    Setting,
)
from audiences.platforms.bodies import rows_at

MAX_TTL_DAYS = 90  # ours; the platform would keep an id for 180
KEYS = (
    Key(wire="TDID", types=("cookie", "partner:the_trade_desk", "partner:tdid")),
    Key(wire="DAID", types=("idfa", "gaid", "maid")),
)
# The documented codes: anything else that stands there could quote an id.
_LINE_CODES = {
    "MissingUserId",
    "UserNotMapped",
    "InvalidTtlInMinutes",
    "InvalidTimestampUtc",
    "DataNameTooLong",
    "InvalidBidFactor",
    "InvalidBaseBidCPM",
    "BaseBidCPMMetadataTooLong",
    "InvalidDataOwnerId",
    "InvalidParameterFormat",
    "TargetingDataCreationLimitExceeded",
    "TargetingDataCountLimitExceeded",
    "TenantRestrictionsExternalData",
    "TargetingDataDisabled",
    "ItemDeserializationError",
}
_PROVIDER = Setting(name="data_provider_id", says="the data provider that acts for the advertiser")
_MAPPING = Setting(
    name="cookie_mapping_partner_id",
    says="who mapped the cookies, when they are your own; one destination holds one kind of cookie",
)


def _request(batch: Batch) -> Request:
    mapping = _MAPPING.of(batch.target)
    items = []
    for row in batch.rows:
        item: dict[str, Any] = dict(row.keys)
        if mapping and "TDID" in item:
            item["CookieMappingPartnerId"] = mapping
        ttl = 0 if batch.op is Op.REMOVE else row.ttl_minutes
        data: dict[str, Any] = {"Name": batch.target.audience}
        if ttl is not None:
            data["TtlInMinutes"] = min(ttl, MAX_TTL_DAYS * 24 * 60)
        items.append(item | {"Data": [data]})
    body: dict[str, Any] = {"AdvertiserId": batch.target.account}
    if provider := _PROVIDER.of(batch.target):
        body["DataProviderId"] = provider
    return Request(
        method="POST", path="/data/advertiser", body=say.compact(body | {"Items": items})
    )


def _outcome(answer: Answer, rows: int) -> Outcome:
    body = say.read_object(answer.body)
    done = answer.status in (200, 204, 240)
    if not done and answer.status != 400:
        return say.by_status(answer, "MaxRequestSizeExceeded" if answer.status == 413 else "")
    if done and body is None and answer.body.strip():
        return say.by_status(answer, "unreadable")
    lines = say.objects((body or {}).get("FailedLines"))
    if not lines:
        return Outcome(action=Action.DONE) if done else say.by_status(answer)
    return _partial(lines, rows)


def _partial(lines: list[dict[str, Any]], rows: int) -> Outcome:
    named = {place: _code(line) for line in lines if (place := _place(line, rows)) is not None}
    # A line without a usable place speaks for every row that no other line names.
    rest = next((_code(line) for line in lines if _place(line, rows) is None), None)
    rejected = named if rest is None else {i: named.get(i, rest) for i in range(rows)}
    return say.judged(Action.DONE, _code(lines[0]), rejected=rejected)


def _place(line: Mapping[str, Any], rows: int) -> int | None:
    """Return a line's row; ItemNumber is a string and counts from 1."""
    number = str(line.get("ItemNumber", ""))
    place = int(number) - 1 if re.fullmatch(r"[0-9]{1,6}", number) else -1
    return place if 0 <= place < rows else None


def _code(line: Mapping[str, Any]) -> str:
    code = line.get("ErrorCode")
    return code if isinstance(code, str) and code in _LINE_CODES else "Unknown"


def _authorise(_request: Request, access: Access) -> Mapping[str, str]:
    return {"ttd-auth": access.credentials.strip()}


THE_TRADE_DESK = Platform(
    slug="the_trade_desk",
    title="The Trade Desk Data API",
    base_url="https://usw-data.adsrvr.org",
    version="2026-09",  # of the vendor's published OpenAPI document: the URLs carry none
    docs="https://github.com/thetradedesk/ttd-data-python",
    keys=KEYS,
    of=frozenset({"people", "devices"}),
    limits=Limits(rows=1_600, keys_per_row=1, one_per_wire=True, concurrency=4, per_second=10.0),
    row_ttl=True,
    max_ttl_days=MAX_TTL_DAYS,
    request=_request,
    outcome=_outcome,
    divide=rows_at("Items"),
    authorise=_authorise,
    account="advertiser id",
    credentials="Data API token",
    lifetime="of each row: at most 90 days (ours), and removal is a lifetime of 0",
    answers={
        Action.DONE: "200, 204, 240; 200 or 400 with `FailedLines`",
        Action.RETRY: "429, 5xx",
        Action.REAUTH: "401",
        Action.SPLIT: "413",
        Action.REFUSED: "400 without lines",
        Action.STOP: "403, 404",
    },
    settings=(_PROVIDER, _MAPPING),
    notes=(
        "A row that expires sooner is sent with the minutes that it has left.",
        "A lifetime of 0 takes an id out of a segment; a legal erasure has an endpoint of its own.",
    ),
    unverified=(
        "The largest request: 1,600 items, as its own tools do.",
        "Letter case of mobile ids: sent as they are.",
        "Region: US West; set `base_url` to the region's host, and to one only.",
    ),
)
