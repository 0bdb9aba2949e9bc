"""LINE audience groups: user ids go in and never out, so a group is made anew where one must."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from audiences.platforms import _line_answers as judge
from audiences.platforms import _line_groups as groups
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
    Target,
)
from audiences.platforms.bodies import bare, bare_rows_at, unique

GROUPS = "/v2/bot/audienceGroup"
KEYS = (Key(wire="id", types=("line_user_id",)),)
# Stateless tokens: of others there may be 30, and a new one ends the oldest.
OAUTH = oauth.OAuth(
    title="LINE",
    token_url="https://api.line.me/oauth2/v3/token",  # noqa: S106 - address
    grant="client_credentials",
)


def _request(batch: Batch) -> Request:
    body: dict[str, Any] = {
        "audienceGroupId": batch.target.audience_id,
        "uploadDescription": f"{unique(batch.target, batch.at, 40)}-{batch.number}",
        "audiences": [{"id": value} for row in batch.rows for _, value in row.keys],
    }
    whole = bare(say.compact(body), "audienceGroupId")
    return Request(method="PUT", path=f"{GROUPS}/upload", body=whole)


def _group(group: str) -> str:
    return f"{GROUPS}/{quote(group, safe='{}')}"


def _closing(course: Course) -> Sequence[Request]:
    """Take the old group away when LINE has the new one ready, and not before."""
    if not course.replaces:
        return []
    return [
        Request(method="GET", path=_group(course.target.audience_id)),
        Request(method="DELETE", path=_group(course.replaces)),
    ]


def _find(target: Target) -> Request:
    query = {"page": 1, "size": 40, "includesExternalPublicGroups": "false"}
    query |= {"createRoute": "MESSAGING_API", "description": groups.called(target.audience)}
    return Request(method="GET", path=f"{GROUPS}/list?{urlencode(query)}")


def _create(_target: Target, audience: Audience) -> Request:
    body = {"description": groups.called(audience.name), "isIfaAudience": False, "audiences": []}
    return Request(method="POST", path=f"{GROUPS}/upload", body=say.compact(body))


def _ask(target: Target, _handle: str = "") -> Request:
    return Request(method="GET", path=_group(target.audience_id))


LINE = Platform(
    slug="line",
    title="LINE Audience Groups",
    base_url="https://api.line.me",
    version="v2",
    docs="https://developers.line.biz/en/reference/messaging-api/#manage-audience-group",
    keys=KEYS,
    of=frozenset({"people"}),
    limits=Limits(
        rows=10_000,
        bytes=2_000_000,
        keys_per_row=1,
        one_per_wire=False,
        concurrency=2,
        per_second=1.0,
    ),
    row_ttl=False,
    max_ttl_days=None,
    ops=frozenset({Op.ADD}),
    forgets_days=180,
    minimum=50,
    request=_request,
    outcome=judge.outcome,
    divide=bare_rows_at("audienceGroupId", "audiences"),
    closing=_closing,
    status=_ask,
    status_outcome=judge.status_outcome,
    told=judge.told,
    gone=frozenset({judge.NOT_FOUND}),
    authorise=oauth.bearer,
    refresh=OAUTH.refresh,
    refreshed=OAUTH.refreshed,
    probe=lambda _target: Request(method="GET", path=f"{GROUPS}/list?page=1&size=1"),
    find=_find,
    found=groups.found,
    create=_create,
    created=lambda answer: say.made(answer.body, "audienceGroupId"),
    size=_ask,
    sized=groups.sized,
    account="the channel's id, for people: the token says which channel it is",
    credentials="channel access token, or JSON with `client_id`, `client_secret` of the channel",
    lifetime="of the whole group: 180 days from when it was made",
    answers=judge.ANSWERS,
    notes=judge.NOTES,
    unverified=judge.UNVERIFIED,
)
