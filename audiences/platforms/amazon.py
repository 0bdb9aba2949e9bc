"""Amazon's advertiser audiences: records of digests, taken as a job and judged when it ends."""

from __future__ import annotations

import hashlib
from itertools import zip_longest
from typing import Any
from urllib.parse import quote

from audiences.platforms import _amazon_account as account
from audiences.platforms import _amazon_answers as judge
from audiences.platforms import answers as say
from audiences.platforms.alongside import ATTRIBUTES, keys, variant
from audiences.platforms.base import Batch, Key, Limits, Op, Platform, Request, Row, Target
from audiences.platforms.bodies import bare, bare_rows_at

KEYS = (
    Key(wire="email", types=("email", "email_sha256")),
    Key(wire="phone", types=("phone",)),
)
ALONG = (
    *keys(firstname="first_name", lastname="last_name"),
    *keys(address="street", city="city", state="state", postal="zip"),
)
_ACTIONS = {Op.ADD: "CREATE", Op.REMOVE: "DELETE"}


def _request(batch: Batch) -> Request:
    target = batch.target
    country = account.COUNTRY.of(target).upper()
    body: dict[str, Any] = {
        "audienceId": target.audience_id,
        "records": [_record(row, batch.op, country) for row in batch.rows],
    }
    if "connectionId" in (there := account.resource(target)):
        body["targetResource"] = {**there, "targetTypes": ["DSP"]}
    return account.call(target, "POST", "/records", bare(say.compact(body), "audienceId"))


def _record(row: Row, op: Op, country: str) -> dict[str, Any]:
    record: dict[str, Any] = {"externalUserId": _name(row)}
    if country:
        record["countryCode"] = country
    record |= {"action": _ACTIONS[op], "hashedPII": _pii(row)}
    consent = _consent(row, country)
    return record | {"userConsent": consent} if op is Op.ADD and consent else record


def _name(row: Row) -> str:
    """Name a record by its digests: who has the same is the same, and no number of ours goes."""
    text = "|".join(f"{wire}={value}" for wire, value in row.keys)
    return hashlib.sha256(text.encode()).hexdigest()


def _pii(row: Row) -> list[dict[str, str]]:
    """Pair the addresses with the numbers, in their order; what is left stands alone.

    Each of them comes with the name and the place, which are the same person's.
    """
    by_wire = [[{w: v} for w, v in row.keys if w == key.wire] for key in KEYS]
    along = dict(row.attributes)
    return [(mail or {}) | (phone or {}) | along for mail, phone in zip_longest(*by_wire)]


def _consent(row: Row, country: str) -> dict[str, Any]:
    """Say what the person agreed to; nothing is said of cookies, as none was read."""
    said = (row.consent.ad_user_data, row.consent.ad_personalization)
    consent: dict[str, Any] = {"geo": {"countryCode": country}} if country else {}
    if False in said:
        return consent | {"consent": {"amzn": {"amznUserData": "DENIED"}}}
    if row.consent.ad_user_data:
        return consent | {"consent": {"amzn": {"amznUserData": "GRANTED"}}}
    return consent


def _status(target: Target, handle: str) -> Request:
    return account.call(target, "GET", f"/records/{quote(handle, safe='')}")


AMAZON = Platform(
    slug="amazon",
    title="Amazon Advertiser Audiences",
    base_url=account.HOSTS["na"],
    hosts=account.HOSTS,
    version="v1",
    docs="https://advertising.amazon.com/API/docs/en-us/amc-advertiser-audience",
    keys=KEYS,
    attributes=ALONG,
    of=frozenset({"people"}),
    limits=Limits(
        rows=6_000,
        bytes=10 * 1024 * 1024,
        keys_per_row=100,
        one_per_wire=False,
        concurrency=4,
        per_second=5.0,
    ),
    row_ttl=False,
    max_ttl_days=None,
    forgets=account.LIFETIME,
    upserts=True,  # by the record's name
    minimum=2_000,
    request=_request,
    outcome=judge.outcome,
    names=judge.names,
    divide=bare_rows_at("audienceId", "records"),
    status=_status,
    status_outcome=judge.status_outcome,
    told=judge.told,
    authorise=account.authorise,
    refresh=account.refresh,
    refreshed=account.refreshed,
    create=account.create,
    created=lambda answer: say.made(answer.body, "audienceId"),
    size=account.size,
    sized=account.sized,
    account="DSP advertiser id (a number), or the id of a connection, which leads to AMC as well",
    credentials="access token, or JSON with `client_id`, `client_secret`, `refresh_token`",
    lifetime="as `ttl_days` says, from the last add",
    consent="`amznUserData` of each record, denied where either consent is; left out where unknown",
    answers=judge.ANSWERS,
    variant=variant,
    settings=(account.REGION, account.COUNTRY, account.LIFETIME, account.CLIENT, ATTRIBUTES),
    notes=account.NOTES,
    unverified=account.UNVERIFIED,
)
