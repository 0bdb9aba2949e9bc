"""The Trade Desk's first-party Data API: one id an item, each with its own lifetime, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audiences.platforms import _the_trade_desk_crm as crm
from audiences.platforms import answers as say
from audiences.platforms._the_trade_desk_answers import ANSWERS, outcome
from audiences.platforms.base import (
    Access,
    Batch,
    Key,
    Limits,
    Op,
    Platform,
    Request,
    Setting,
)
from audiences.platforms.bodies import rows_at

MAX_TTL_DAYS = 90  # ours; the platform would keep an id for 180
KEYS = (
    Key(wire="TDID", types=("cookie", "partner:the_trade_desk", "partner:tdid")),
    Key(wire="DAID", types=("idfa", "gaid", "maid")),
    Key(wire="UID2", types=("uid2",)),
    Key(wire="EUID", types=("euid",)),
)
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
    variant=crm.uploaded,
    request=_request,
    outcome=outcome,
    divide=rows_at("Items"),
    authorise=_authorise,
    account="advertiser id",
    credentials="Data API token; with `uploads: crm` a token of the platform's API",
    lifetime="of each row: at most 90 days (ours), and removal is a lifetime of 0",
    answers=ANSWERS,
    settings=(_PROVIDER, _MAPPING, crm.UPLOADS, crm.REGION),
    notes=(
        "A row that expires sooner is sent with the minutes that it has left.",
        (
            "A raw UID2 or EUID changes: a mapped one is asked for again, and the new one takes "
            "its place. Who has opted out is dropped with all that they have (`uid2_optout`)."
        ),
        (
            "Addresses and numbers go as UID2s or EUIDs once the destination names who maps them "
            "(`uid2:`); raw ones may come in as sightings, too."
        ),
        (
            "`uploads: crm` sends a file of hashed e-mail addresses, which the platform maps "
            "itself: in mode replace alone, from 1,500 addresses on, and never none. Phone "
            "numbers do not go: no source says what they are called there."
        ),
        "A lifetime of 0 takes an id out of a segment; a legal erasure has an endpoint of its own.",
    ),
    unverified=(
        (
            "`uploads: crm`: what becomes of a file is said nowhere, so its rows count as accepted "
            "when it is there whole; the largest file is ours, 2 million rows."
        ),
        "The largest request: 1,600 items, as its own tools do.",
        "Letter case of mobile ids: sent as they are.",
        "Region: US West; set `base_url` to the region's host, and to one only.",
    ),
)
