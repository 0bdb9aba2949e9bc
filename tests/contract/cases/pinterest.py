"""Pinterest: digests in one text with commas, of any kind, into one list."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import Case, Error, Golden, Pages, digest, sha

DIGEST = sha("x")
LIST = "/ad_accounts/42/customer_lists?page_size=250"
YES = '{"id":"643","name":"vips","status":"PROCESSING","num_batches":2}'


def coded(action: Action, status: int, code: int) -> Error:
    return Error(status=status, body={"code": code, "message": "m"}, action=action)


def golden(word: str, *values: str) -> Golden:
    first, *more = (Row(((wire, v),)) for wire, v in zip(("EMAIL", "MAID"), values, strict=False))
    return Golden(
        method="PATCH",
        row=first,
        more=more,
        path="/ad_accounts/act_42/customer_lists/{audience_id}",
        body='{"operation_type":"' + word + '","records":"' + ",".join(values) + '"}',
    )


CASE = Case(
    account="549755885175",
    values={kind: digest(kind) for kind in ("EMAIL", "IDFA", "MAID")},
    tokens_at="/v5/oauth/token",
    bad_row="whole",
    loses_quietly=True,
    yes=YES,
    errors=[
        Error(status=200, body=YES, action=Action.DONE),
        Error(status=200, body="{}", action=Action.RETRY),
        Error(status=200, body="OK", action=Action.RETRY),
        coded(Action.SPLIT, 400, 1),
        Error(status=400, body="", action=Action.SPLIT),
        coded(Action.REAUTH, 401, 2),
        coded(Action.STOP, 403, 7),
        coded(Action.STOP, 403, 29),
        coded(Action.STOP, 404, 4170),
        Error(status=413, body="", action=Action.SPLIT),
        coded(Action.RETRY, 429, 8),
        *(Error(status=s, body="", action=Action.RETRY) for s in (500, 502, 503)),
    ],
    pages=Pages(
        bodies=[
            {"items": [{"id": "1", "name": "vips-2"}], "bookmark": "a=+/"},
            {"items": [{"id": "2", "name": "vip"}], "bookmark": "b"},
            {"items": [{"id": "77", "name": "vips"}], "bookmark": None},
        ],
        asked=[LIST, f"{LIST}&bookmark=a%3D%2B%2F", f"{LIST}&bookmark=b"],
    ),
    golden={
        Op.ADD: golden("ADD", DIGEST, sha("y")),
        Op.REMOVE: golden("REMOVE", DIGEST),
    },
)
