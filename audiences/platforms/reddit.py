"""Reddit customer lists: rows under the columns of the request, taken without a word."""

from __future__ import annotations

from urllib.parse import quote

from audiences.platforms import _reddit_answers as judge
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
from audiences.platforms.codes import rowless

KEYS = (
    Key(wire="EMAIL_SHA256", types=("email", "email_sha256")),
    Key(wire="MAID_SHA256", types=("idfa", "gaid", "maid")),
)
AGENT = Setting(
    name="user_agent",
    says="the client's name, as Reddit asks for it: platform:app:version (by /u/name)",
    default="audience-bridge",
)
OAUTH = oauth.OAuth(
    title="Reddit",
    token_url="https://www.reddit.com/api/v1/access_token",  # noqa: S106 - address
    basic=True,
)


def _asking(target: Target, method: str, path: str, body: object = None) -> Request:
    # What names itself like a library is turned away.
    return Request(
        method=method,
        path=path,
        body=b"" if body is None else say.compact(body),
        headers={"user-agent": AGENT.of(target)},
    )


def _request(batch: Batch) -> Request:
    people = [dict(row.keys) for row in batch.rows]
    columns = [key.wire for key in KEYS if any(key.wire in person for person in people)]
    data = {
        "action_type": "REMOVE" if batch.op is Op.REMOVE else "ADD",
        "column_order": columns,
        "user_data": [[person.get(column, "") for column in columns] for person in people],
    }
    path = f"/custom_audiences/{quote(batch.target.audience_id, safe='{}')}/users"
    return _asking(batch.target, "PATCH", path, {"data": data})


def _edge(target: Target) -> str:
    return f"/ad_accounts/{quote(target.account)}/custom_audiences"


def _list(target: Target, size: int) -> Request:
    return _asking(target, "GET", f"{_edge(target)}?page_size={size}")


def _create(target: Target, audience: Audience) -> Request:
    body = {"data": {"name": audience.name, "type": "CUSTOMER_LIST"}}
    return _asking(target, "POST", _edge(target), body)


def _size(target: Target) -> Request:
    return _asking(target, "GET", f"/custom_audiences/{quote(target.audience_id)}")


REDDIT = Platform(
    slug="reddit",
    title="Reddit Customer Lists",
    base_url=f"https://ads-api.reddit.com{judge.AT}",
    version="v3",
    docs="https://ads-api.reddit.com/docs/v3/",
    keys=KEYS,
    of=frozenset({"people", "devices"}),
    limits=Limits(
        rows=2_500, keys_per_row=len(KEYS), one_per_wire=True, concurrency=2, per_second=1.0
    ),
    row_ttl=False,
    max_ttl_days=None,
    minimum=1_000,
    request=_request,
    outcome=judge.outcome,
    divide=rows_at("data", "user_data"),
    pace=judge.pace,
    authorise=oauth.bearer,
    refresh=OAUTH.refresh,
    refreshed=OAUTH.refreshed,
    probe=lambda target: _list(target, 1),
    told=lambda answer: rowless(judge.outcome(answer, 0)),
    find=lambda target: _list(target, 100),
    found=judge.found,
    create=_create,
    created=judge.created,
    size=_size,
    sized=judge.sized,
    account="ad account id, such as `a2_abc` or `t2_abc`",
    credentials="access token, or JSON with `client_id`, `client_secret`, `refresh_token`",
    lifetime="until removed; none is documented",
    consent="none exists for customer lists",
    answers=judge.ANSWERS,
    settings=(AGENT,),
    notes=judge.NOTES,
    unverified=judge.UNVERIFIED,
)
