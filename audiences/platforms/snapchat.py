"""Snapchat customer list segments: one kind of identifier a call, and no word of single rows."""

from __future__ import annotations

from urllib.parse import quote

from audiences.platforms import _snapchat_answers as judge
from audiences.platforms import answers as say
from audiences.platforms import oauth
from audiences.platforms.base import (
    Audience,
    Batch,
    Course,
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

KEYS = (
    Key(wire="EMAIL_SHA256", types=("email", "email_sha256")),
    Key(wire="PHONE_SHA256", types=("phone",)),
    Key(wire="MOBILE_AD_ID_SHA256", types=("idfa", "gaid", "maid")),
)
LIFETIME = Setting(
    name="retention_in_days",
    says="how long a member stays after the last add; 9999 is for ever",
    default="9999",
)
OAUTH = oauth.OAuth(
    title="Snapchat",
    token_url="https://accounts.snapchat.com/login/oauth2/access_token",  # noqa: S106 - address
)


def _request(batch: Batch) -> Request:
    data = [[value] for row in batch.rows for _, value in row.keys]
    schema = [batch.rows[0].keys[0][0]]
    return Request(
        method="DELETE" if batch.op is Op.REMOVE else "POST",
        path=f"/segments/{quote(batch.target.audience_id, safe='{}')}/users",
        body=say.compact({"users": [{"schema": schema, "data": data}]}),
    )


def _opening(course: Course) -> list[Request]:
    if course.mode != "replace":
        return []
    path = f"/segments/{quote(course.target.audience_id, safe='{}')}/all_users"
    return [Request(method="DELETE", path=path)]


def _edge(target: Target) -> str:
    return f"/adaccounts/{quote(target.account)}/segments"


def _create(target: Target, audience: Audience) -> Request:
    segment = {
        "name": audience.name,
        "description": audience.description or audience.title,
        "source_type": "FIRST_PARTY",
        "retention_in_days": int(LIFETIME.of(target)),
        "ad_account_id": target.account,
    }
    return Request(method="POST", path=_edge(target), body=say.compact({"segments": [segment]}))


SNAPCHAT = Platform(
    slug="snapchat",
    title="Snapchat Audiences",
    base_url="https://adsapi.snapchat.com/v1",
    version="v1",
    docs="https://developers.snap.com/api/marketing-api/Ads-API/audiences",
    keys=KEYS,
    of=frozenset({"people"}),
    limits=Limits(
        rows=100_000,
        keys_per_row=1,
        one_per_wire=False,
        one_wire=True,
        concurrency=4,
        per_second=10.0,
    ),
    row_ttl=False,
    max_ttl_days=None,
    ops=frozenset(Op),
    forgets=LIFETIME,
    minimum=1_000,
    request=_request,
    outcome=judge.outcome,
    divide=rows_at("users", 0, "data"),
    opening=_opening,
    authorise=oauth.bearer,
    refresh=OAUTH.refresh,
    refreshed=OAUTH.refreshed,
    probe=lambda target: Request(method="GET", path=f"{_edge(target)}?limit=50"),
    told=lambda answer: rowless(judge.outcome(answer, 0)),
    find=lambda target: Request(method="GET", path=f"{_edge(target)}?limit=1000"),
    found=judge.found,
    create=_create,
    created=judge.created,
    size=lambda target: Request(method="GET", path=f"/segments/{quote(target.audience_id)}"),
    sized=judge.sized,
    account="ad account id",
    credentials="access token, or JSON with `client_id`, `client_secret`, `refresh_token`",
    lifetime="as `retention_in_days` says, from the last add",
    answers=judge.ANSWERS,
    settings=(LIFETIME,),
    notes=("A replacement empties the segment first: it is short of people until it is through.",),
    unverified=("Bytes of one request.",),
)
