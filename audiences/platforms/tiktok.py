"""TikTok streaming segments: one list of identifiers a person, judged by a code in the body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from audiences.platforms import _tiktok_answers as judge
from audiences.platforms import answers as say
from audiences.platforms import oauth
from audiences.platforms.base import (
    Access,
    Answer,
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
from audiences.platforms.codes import rowless

VERSION = "v1.3"
KEYS = (
    Key(wire="EMAIL_SHA256", types=("email", "email_sha256")),
    Key(wire="PHONE_SHA256", types=("phone", "phone_sha256")),
    Key(wire="IDFA_SHA256", types=("idfa",)),
    Key(wire="AAID_SHA256", types=("gaid",)),  # what files call GAID
)
LIFETIME = Setting(
    name="retention_in_days",
    says="how long a member stays after the last add; 9999 is for ever",
    default="9999",
    verified=False,
)
_PAGE = 100
_FROM_FILE = ("_SHA256", "_MD5", "MULTIPLE_TYPES")  # how kinds of files end


def _request(batch: Batch) -> Request:
    people = [dict(row.keys) for row in batch.rows]
    schema = [key.wire for key in KEYS if any(key.wire in person for person in people)]
    audiences = [batch.target.audience_id]
    data = [
        [{"id": one[wire], "audience_ids": audiences} if wire in one else {} for wire in schema]
        for one in people
    ]
    body = {
        "advertiser_ids": [batch.target.account],
        "action": "delete" if batch.op is Op.REMOVE else "add",
        "id_schema": schema,
        "batch_data": data,
    }
    return Request(method="POST", path="/segment/mapping/", body=say.compact(body))


def _list(target: Target, page: int, size: int) -> Request:
    query = {"advertiser_id": target.account, "page": page, "page_size": size}
    return Request(method="GET", path=f"/dmp/custom_audience/list/?{urlencode(query)}")


def _found(asked: Request, answer: Answer, name: str) -> str | Request | None:
    audiences, total = judge.listed(answer)
    for audience in audiences:
        # An audience that was made from a file takes no streams, and names may repeat.
        if audience.get("name") == name and not _is_from_file(audience):
            return str(audience["audience_id"])
    path, _, query = asked.path.partition("?")
    said = dict(parse_qsl(query))
    page = int(said.get("page", "1"))
    if not audiences or page * _PAGE >= total:
        return None
    return replace(asked, path=f"{path}?{urlencode(said | {'page': page + 1})}")


def _is_from_file(audience: Mapping[str, Any]) -> bool:
    return str(audience.get("calculate_type") or "").endswith(_FROM_FILE)


def _create(target: Target, audience: Audience) -> Request:
    body = {
        "advertiser_id": target.account,
        "action": "create",
        "custom_audience_name": audience.name,
    }
    return Request(method="POST", path="/segment/audience/", body=say.compact(body))


def _size(target: Target) -> Request:
    ids = json.dumps([target.audience_id])
    query = urlencode({"advertiser_id": target.account, "custom_audience_ids": ids})
    return Request(method="GET", path=f"/dmp/custom_audience/get/?{query}")


def _authorise(_request: Request, access: Access) -> Mapping[str, str]:
    found = oauth.token(access)
    return {"access-token": found} if found else {}


TIKTOK = Platform(
    slug="tiktok",
    title="TikTok Custom Audiences",
    base_url=f"https://business-api.tiktok.com/open_api/{VERSION}",
    version=VERSION,
    docs="https://business-api.tiktok.com/portal/docs",
    keys=KEYS,
    of=frozenset({"people", "devices"}),
    limits=Limits(
        rows=1_000,
        keys_per_row=len(KEYS),
        one_per_wire=True,
        concurrency=4,
        per_second=10.0,
        per_day=864_000,
    ),
    row_ttl=False,
    max_ttl_days=None,
    forgets=LIFETIME,
    minimum=1_000,
    request=_request,
    outcome=judge.outcome,
    divide=rows_at("batch_data"),
    authorise=_authorise,
    probe=lambda target: _list(target, 1, 1),
    told=lambda answer: rowless(judge.outcome(answer, 0)),
    find=lambda target: _list(target, 1, _PAGE),
    found=_found,
    create=_create,
    created=judge.created,
    size=_size,
    sized=judge.sized,
    account="advertiser id",
    credentials="access token, which lives until it is revoked",
    lifetime="until removed; none is documented for streaming segments",
    consent="none exists for customer lists",
    answers=judge.ANSWERS,
    settings=(LIFETIME,),
    notes=judge.NOTES,
    unverified=judge.UNVERIFIED,
)
