"""LinkedIn DMP segments: elements that say what to do, each answered with a status of its own."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from audiences.platforms import _linkedin_answers as judge
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
    Key(wire="SHA256_EMAIL", types=("email", "email_sha256")),
    Key(wire="GOOGLE_AID", types=("gaid",)),
)
VERSION = Setting(
    name="api_version",
    says="the version of the API, a month as YYYYMM; each lives for about a year",
    default="202608",
)
SOURCE = Setting(
    name="source_platform",
    says="the name under which segments are made; a segment is found under it alone",
    default="AUDIENCE_BRIDGE",
    verified=False,
)
OAUTH = oauth.OAuth(
    title="LinkedIn",
    token_url="https://www.linkedin.com/oauth/v2/accessToken",  # noqa: S106 - address
)


def _headers(target: Target, method: str = "") -> Mapping[str, str]:
    said = {"linkedin-version": VERSION.of(target), "x-restli-protocol-version": "2.0.0"}
    return said | ({"x-restli-method": method} if method else {})


def _request(batch: Batch) -> Request:
    action = "REMOVE" if batch.op is Op.REMOVE else "ADD"
    elements = [
        {"action": action, "userIds": [{"idType": w, "idValue": value} for w, value in row.keys]}
        for row in batch.rows
    ]
    return Request(
        method="POST",
        path=f"/dmpSegments/{quote(batch.target.audience_id, safe='{}')}/users",
        body=say.compact({"elements": elements}),
        headers=_headers(batch.target, "BATCH_CREATE"),
    )


def _urn(target: Target) -> str:
    return f"urn:li:sponsoredAccount:{target.account.rpartition(':')[2]}"


def _list(target: Target, count: int, **more: str) -> Request:
    query = {"q": "account", "account": _urn(target), **more, "start": 0, "count": count}
    path = f"/dmpSegments?{urlencode(query)}"
    return Request(method="GET", path=path, headers=_headers(target))


def _find(target: Target) -> Request:
    source = {"sourceSegmentId": target.audience, "sourcePlatform": SOURCE.of(target)}
    return _list(target, judge.PAGE, **source)


def _create(target: Target, audience: Audience) -> Request:
    body = {
        "name": audience.name,
        "sourcePlatform": SOURCE.of(target),
        "sourceSegmentId": audience.name,
        "account": _urn(target),
        "type": "USER",
        "destinations": [{"destination": "LINKEDIN"}],
    }
    return Request(
        method="POST", path="/dmpSegments", body=say.compact(body), headers=_headers(target)
    )


def _size(target: Target) -> Request:
    path = f"/dmpSegments/{quote(target.audience_id)}"
    return Request(method="GET", path=path, headers=_headers(target))


LINKEDIN = Platform(
    slug="linkedin",
    title="LinkedIn Matched Audiences",
    base_url="https://api.linkedin.com/rest",
    version=VERSION.default,
    docs="https://learn.microsoft.com/en-us/linkedin/marketing/matched-audiences/create-and-manage-segment-users",
    keys=KEYS,
    of=frozenset({"people", "devices"}),
    limits=Limits(
        rows=5_000, keys_per_row=len(KEYS), one_per_wire=True, concurrency=4, per_second=10.0
    ),
    row_ttl=False,
    max_ttl_days=None,
    minimum=judge.SMALLEST,
    request=_request,
    outcome=judge.outcome,
    divide=rows_at("elements"),
    authorise=oauth.bearer,
    refresh=OAUTH.refresh,
    refreshed=OAUTH.refreshed,
    probe=lambda target: _list(target, 1),
    told=judge.told,
    find=_find,
    found=judge.found,
    create=_create,
    created=judge.created,
    young_seconds=(5.0, 120.0),
    size=_size,
    sized=judge.sized,
    account="ad account id, with or without `urn:li:sponsoredAccount:`",
    credentials="access token, or JSON with `client_id`, `client_secret`, `refresh_token`",
    lifetime="until removed; an idle segment is archived, and expires later",
    consent="none exists for segments",
    answers=judge.ANSWERS,
    settings=(VERSION, SOURCE),
    notes=judge.NOTES,
    unverified=judge.UNVERIFIED,
)
