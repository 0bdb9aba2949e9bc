"""Reddit: rows under named columns, and a 204 for all of them."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import Case, Error, Golden, Pages, digest, sha

DIGEST = sha("x")
LIST = "/ad_accounts/42/custom_audiences?page_size=100"
NEXT = "https://ads-api.reddit.com/api/v3/ad_accounts/42/custom_audiences?page.token=b"


def coded(action: Action, status: int) -> Error:
    return Error(status=status, body={"error": {"code": status, "message": "m"}}, action=action)


def body(word: str, columns: str, *rows: str) -> str:
    head = '{"data":{"action_type":"' + word + '","column_order":[' + columns
    return head + '],"user_data":[' + ",".join(rows) + "]}}"


def page(link: str | None, number: str, name: str, kind: str = "CUSTOMER_LIST") -> dict:
    audience = {"id": number, "name": name, "type": kind}
    return {"data": [audience], "pagination": {"next_url": link}}


CASE = Case(
    account="a2_abc",
    values={wire: digest(wire) for wire in ("EMAIL_SHA256", "MAID_SHA256")},
    tokens_at="/api/v1/access_token",
    bad_row="whole",
    errors=[
        Error(status=204, body="", action=Action.DONE),
        Error(status=200, body={"data": {}}, action=Action.DONE),
        Error(status=200, body="", action=Action.RETRY),
        Error(status=200, body="<html>", action=Action.RETRY),
        coded(Action.SPLIT, 400),
        coded(Action.REAUTH, 401),
        coded(Action.STOP, 403),
        coded(Action.STOP, 404),
        coded(Action.STOP, 410),
        coded(Action.SPLIT, 413),
        *(coded(Action.RETRY, status) for status in (429, 500, 502, 503)),
    ],
    pages=Pages(
        bodies=[
            page("/api/v3/ad_accounts/42/custom_audiences?page.token=a", "1", "vips-2"),
            page(NEXT, "2", "vips", "PIXEL_RETARGETING"),
            page(None, "77", "vips"),
        ],
        asked=[LIST, "/ad_accounts/42/custom_audiences?page.token=a", NEXT],
    ),
    golden={
        Op.ADD: Golden(
            method="PATCH",
            row=Row((("EMAIL_SHA256", DIGEST), ("MAID_SHA256", sha("y")))),
            more=[Row((("MAID_SHA256", sha("z")),))],
            path="/custom_audiences/{audience_id}/users",
            body=body(
                "ADD",
                '"EMAIL_SHA256","MAID_SHA256"',
                f'["{DIGEST}","{sha("y")}"]',
                f'["","{sha("z")}"]',
            ),
        ),
        Op.REMOVE: Golden(
            method="PATCH",
            row=Row((("MAID_SHA256", DIGEST),)),
            path="/custom_audiences/{audience_id}/users",
            body=body("REMOVE", '"MAID_SHA256"', f'["{DIGEST}"]'),
        ),
    },
)
