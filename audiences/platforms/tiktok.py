"""TikTok audiences: streaming segments, or files; answers are judged by a code in the body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from audiences.platforms import _tiktok_answers as judge
from audiences.platforms import _tiktok_files as files
from audiences.platforms import answers as say
from audiences.platforms import oauth
from audiences.platforms.base import (
    Access,
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
    variant=files.filed,
    request=_request,
    outcome=judge.outcome,
    divide=rows_at("batch_data"),
    authorise=_authorise,
    probe=lambda target: _list(target, 1, 1),
    told=lambda answer: rowless(judge.outcome(answer, 0)),
    find=lambda target: _list(target, 1, _PAGE),
    found=judge.found_where(lambda audience: not files.is_from_file(audience)),
    create=_create,
    created=judge.created,
    size=_size,
    sized=judge.sized,
    account="advertiser id",
    credentials="access token, which lives until it is revoked",
    lifetime="until removed; none is documented for streaming segments",
    consent="none exists for customer lists",
    answers=judge.ANSWERS,
    settings=(LIFETIME, files.FLOW),
    notes=judge.NOTES,
    unverified=judge.UNVERIFIED,
)
