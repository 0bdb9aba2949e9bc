"""X custom audiences: an operation for each identifier, with its own end, all or none of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from audiences.platforms import _x_answers as judge
from audiences.platforms import answers as say
from audiences.platforms._x_signature import signed
from audiences.platforms.base import (
    Audience,
    Batch,
    Key,
    Limits,
    Op,
    Platform,
    Request,
    Row,
    Target,
)

MAX_TTL_DAYS = 90  # ours; X names no longest time
KEYS = (
    Key(wire="email", types=("email", "email_sha256")),
    Key(wire="device_id", types=("idfa", "gaid", "maid")),
    Key(wire="phone_number", types=("phone",)),
    Key(wire="partner_user_id", types=("partner:x",)),
)


def _edge(target: Target) -> str:
    return f"/accounts/{quote(target.account.strip())}/custom_audiences"


def _audience(target: Target) -> str:
    return f"{_edge(target)}/{quote(target.audience_id, safe='{}')}"


def _request(batch: Batch) -> Request:
    operations = [_operation(batch, row) for row in batch.rows]
    return Request(
        method="POST", path=f"{_audience(batch.target)}/users", body=say.compact(operations)
    )


def _operation(batch: Batch, row: Row) -> dict[str, Any]:
    """Return an operation of its own for a row: then errors name rows, and each has its end."""
    users: dict[str, list[str]] = {}
    for wire, value in row.keys:
        users.setdefault(wire, []).append(value)
    if batch.op is Op.REMOVE:
        return {"operation_type": "Delete", "params": {"users": [users]}}
    end = batch.ends(row)
    timed = {"expires_at": end.strftime("%Y-%m-%dT%H:%M:%SZ")} if end else {}
    return {"operation_type": "Update", "params": {**timed, "users": [users]}}


def _divide(body: bytes, places: Sequence[int]) -> bytes:
    operations = json.loads(body)
    return say.compact([operations[place] for place in places])


def _create(target: Target, audience: Audience) -> Request:
    said = {"name": audience.name, "description": audience.description or audience.title}
    # Parameters of an empty body are signed, those in JSON are not: X reads them here.
    return Request(method="POST", path=f"{_edge(target)}?{urlencode(said, quote_via=quote)}")


X = Platform(
    slug="x",
    title="X Custom Audiences",
    base_url="https://ads-api.x.com/12",
    version="12",
    docs="https://docs.x.com/x-ads-api/audiences",
    keys=KEYS,
    of=frozenset({"people", "devices"}),
    limits=Limits(
        rows=2_500,
        keys_per_row=1,
        one_per_wire=False,
        concurrency=4,
        per_second=20.0,  # 1,500 a minute
        bytes=5_000_000,
    ),
    row_ttl=True,
    max_ttl_days=MAX_TTL_DAYS,
    minimum=100,
    request=_request,
    outcome=judge.outcome,
    divide=_divide,
    pace=judge.pace,
    authorise=signed,
    probe=lambda target: Request(method="GET", path=f"{_edge(target)}?count=1"),
    find=lambda target: Request(method="GET", path=f"{_edge(target)}?count=1000"),
    found=judge.found,
    create=_create,
    created=judge.created,
    size=lambda target: Request(method="GET", path=_audience(target)),
    sized=judge.sized,
    account="ads account id, such as `18ce54d4x5t`",
    credentials=(
        "JSON with `consumer_key`, `consumer_secret`, `access_token`, `access_token_secret`, or "
        "these four in this order with spaces between"
    ),
    lifetime="of each identifier: at most 90 days (ours), as `expires_at` says",
    answers=judge.ANSWERS,
    notes=(
        (
            "Each identifier is an operation of its own with its own end: X takes it out by "
            "itself when that has come, and names it where it is wrong."
        ),
        "X takes all operations of a request or none: the others go out again without the wrong.",
        "The application needs access to the Ads API and to audiences: X grants both on request.",
        "X works changes in every 6 to 8 hours, and asks for one sync in this time.",
        "`partner_user_id` is an id that X has matched with its own; it goes in the clear.",
    ),
    unverified=(
        "The spelling of phone numbers before hashing: E.164 with its plus.",
        "Handles and X's own user ids are not sent.",
        "How long X would keep an identifier without an end.",
    ),
)
