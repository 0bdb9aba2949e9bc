"""Braze: a custom attribute of a user, true or false, stands for being in an audience."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from audiences.platforms import answers as say
from audiences.platforms import oauth
from audiences.platforms.base import (
    Action,
    Answer,
    Batch,
    Key,
    Limits,
    Op,
    Outcome,
    Platform,
    Request,
    Setting,
    Target,
)
from audiences.platforms.bodies import called, rows_at
from audiences.platforms.contacts import chosen_by, identify_by

KEYS = (
    Key(wire="external_id", types=("external_id",)),
    Key(wire="email", types=("email",)),
    Key(wire="phone", types=("phone",)),
)
IDENTIFY = identify_by(*KEYS)
ENDPOINT = Setting(
    name="endpoint",
    says="which of the two endpoints; `bulk` is open to few workspaces, and takes 1,000 users",
    default="track",
    choices=("track", "bulk"),
)
EXISTING = Setting(
    name="update_existing_only",
    says="whether people that Braze does not know are left out; else it makes them, and bills them",
    default="true",
    choices=("true", "false"),
)
_PATHS = {"track": "/users/track", "bulk": "/users/track/bulk"}
_LIMITS = {"track": (75, 4_000_000), "bulk": (1_000, 2_000_000)}  # users, bytes
# The documented types: anything else that stands there could quote an id.
_TYPES = frozenset({"EXTERNAL_USER_ID_TOO_LARGE", "BLACKLISTED_EXTERNAL_USER_ID"})


def _attribute(target: Target) -> str:
    """Return the attribute's name: what `audience_ids` says, else the audience's."""
    return re.sub(r"\W", "_", called(target), flags=re.ASCII)[:255]


def _request(batch: Batch) -> Request:
    inside, name = batch.op is not Op.REMOVE, _attribute(batch.target)
    # A removal never makes a user.
    known = not inside or EXISTING.of(batch.target).lower() == "true"
    more: dict[str, Any] = {"_update_existing_only": True} if known else {}
    users = [dict(row.keys) | more | {name: inside} for row in batch.rows]
    return Request(
        method="POST",
        path=_PATHS[ENDPOINT.of(batch.target).lower()],
        body=say.compact({"attributes": users}),
    )


def _outcome(answer: Answer, rows: int) -> Outcome:
    if answer.status not in (200, 201, 400):
        return say.by_status(answer)
    body = say.read_object(answer.body)
    errors = say.objects((body or {}).get("errors"))
    named = {e["index"]: _code(e) for e in errors if _is_place(e.get("index"), rows)}
    if answer.status == 400:
        whole = rows and len(named) == rows
        return say.judged(Action.DONE if whole else Action.SPLIT, "http_400", rejected=named)
    if body is None or body.get("message") != "success":
        return say.by_status(Answer(status=0), "unreadable")
    if not errors:
        return Outcome(action=Action.DONE)
    lost = min(rows - len(named), sum(not _is_place(e.get("index"), rows) for e in errors))
    return say.judged(Action.DONE, _code(errors[0]), lost=lost, rejected=named)


def _is_place(value: object, rows: int) -> bool:
    return type(value) is int and 0 <= value < rows


def _code(error: Mapping[str, Any]) -> str:
    kind = error.get("type")
    return kind if isinstance(kind, str) and kind in _TYPES else "not_taken"


def _variant(platform: Platform, options: Mapping[str, str]) -> Platform:
    rows, size = _LIMITS[options.get(ENDPOINT.name, ENDPOINT.default).lower()]
    own = replace(platform.limits, rows=rows, bytes=size)
    return chosen_by(IDENTIFY)(replace(platform, limits=own), options)


BRAZE = Platform(
    slug="braze",
    title="Braze",
    base_url="https://rest.iad-01.braze.com",
    version="2026-08",  # of the documents: the URLs carry none
    docs="https://www.braze.com/docs/api/endpoints/user_data/post_user_track",
    keys=KEYS,
    of=frozenset({"people"}),
    limits=Limits(
        rows=75,
        bytes=4_000_000,
        keys_per_row=1,
        one_per_wire=False,
        concurrency=10,
        per_second=50.0,
    ),
    row_ttl=False,
    max_ttl_days=None,
    variant=_variant,
    request=_request,
    outcome=_outcome,
    divide=rows_at("attributes"),
    pace=lambda a, at: say.rest_wait(a, at, "x-ratelimit-remaining", "x-ratelimit-reset"),
    authorise=oauth.bearer,
    account="any name of the workspace: the key says which one it is",
    credentials="REST API key with `users.track` (or `users.track.bulk`)",
    answers={
        Action.DONE: "201 with `success`, which may name users in `errors`; 400 that names all",
        Action.RETRY: "429, 5xx; 2xx without `success`",
        Action.REAUTH: "401",
        Action.SPLIT: "413; 400 that does not name all",
        Action.REFUSED: "a single user in such a 400; other 4xx",
        Action.STOP: "403, 404",
    },
    settings=(IDENTIFY, ENDPOINT, EXISTING),
    notes=(
        "`base_url` is the instance's, such as `https://rest.fra-01.braze.eu`.",
        (
            "The attribute has the audience's name, with `_` for what is no letter or digit; "
            "`audience_ids: {vips: in_vips}` names another."
        ),
        "Someone who leaves has the attribute at false. Only changes are sent: each is billed.",
        "Who is left out by `update_existing_only` counts as accepted: Braze does not tell.",
        "After 429 it waits until `X-RateLimit-Reset`.",
    ),
    unverified=("Bytes of one request to `/users/track`: 4 MB, as others have it.",),
)
