"""Pinterest customer lists: digests in one text with commas, and an audience made of the list."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from audiences.platforms import _pinterest_answers as judge
from audiences.platforms import answers as say
from audiences.platforms import oauth
from audiences.platforms.base import (
    Audience,
    Batch,
    Key,
    Limits,
    Op,
    Platform,
    Request,
    Setting,
    Target,
)
from audiences.platforms.bodies import rows_at

KEYS = (
    Key(wire="EMAIL", types=("email", "email_sha256")),
    Key(wire="IDFA", types=("idfa",)),
    Key(wire="MAID", types=("gaid", "maid")),
)
LIST_TYPE = Setting(
    name="list_type",
    says="the type that a new list is given; it takes records of the others too",
    default="EMAIL",
    choices=("EMAIL", "IDFA", "MAID"),
)
OAUTH = oauth.OAuth(
    title="Pinterest",
    token_url="https://api.pinterest.com/v5/oauth/token",  # noqa: S106 - address
    basic=True,
)
NOBODY = hashlib.sha256(b"nobody@audience.invalid").hexdigest()  # RFC 2606: never an address


def _lists(target: Target) -> str:
    return f"/ad_accounts/{quote(target.account)}/customer_lists"


def _change(target: Target, op: Op, records: str) -> Request:
    word = "REMOVE" if op is Op.REMOVE else "ADD"
    return Request(
        method="PATCH",
        path=f"{_lists(target)}/{quote(target.audience_id, safe='{}')}",
        body=say.compact({"operation_type": word, "records": records}),
    )


def _request(batch: Batch) -> Request:
    records = ",".join(value for row in batch.rows for _, value in row.keys)
    return _change(batch.target, batch.op, records)


def _create(target: Target, audience: Audience) -> Request:
    body = {"name": audience.name, "records": NOBODY, "list_type": LIST_TYPE.of(target)}
    return Request(method="POST", path=_lists(target), body=say.compact(body))


def _equip(target: Target, audience: Audience) -> list[Request]:
    body = {
        "ad_account_id": target.account,
        "name": audience.name,
        "audience_type": "CUSTOMER_LIST",
        "rule": {"customer_list_id": target.audience_id},
    }
    path = f"/ad_accounts/{quote(target.account)}/audiences"
    targeted = Request(method="POST", path=path, body=say.compact(body))
    return [_change(target, Op.REMOVE, NOBODY), targeted]


def _list(target: Target, size: int) -> Request:
    return Request(method="GET", path=f"{_lists(target)}?page_size={size}")


PINTEREST = Platform(
    slug="pinterest",
    title="Pinterest Customer Lists",
    base_url="https://api.pinterest.com/v5",
    version="v5",
    docs="https://developers.pinterest.com/docs/api/v5/customer_lists-update/",
    keys=KEYS,
    of=frozenset({"people", "devices"}),
    limits=Limits(
        rows=10_000,
        keys_per_row=1,
        one_per_wire=False,
        concurrency=4,
        per_second=6.0,
        bytes=1_000_000,
    ),
    row_ttl=False,
    max_ttl_days=None,
    minimum=judge.SMALLEST,
    request=_request,
    outcome=judge.outcome,
    divide=rows_at("records"),
    pace=judge.pace,
    authorise=oauth.bearer,
    refresh=OAUTH.refresh,
    refreshed=OAUTH.refreshed,
    probe=lambda target: _list(target, 1),
    told=judge.told,
    find=lambda target: _list(target, 250),
    found=judge.found,
    create=_create,
    created=lambda answer: say.made(answer.body, "id"),
    equip=_equip,
    size=lambda target: Request(method="GET", path=f"{_lists(target)}/{quote(target.audience_id)}"),
    sized=judge.sized,
    account="ad account id",
    credentials="access token, or JSON with `client_id`, `client_secret`, `refresh_token`",
    lifetime="until removed; none is documented",
    consent="none exists for customer lists",
    answers=judge.ANSWERS,
    settings=(LIST_TYPE,),
    notes=judge.NOTES,
    unverified=judge.UNVERIFIED,
)
