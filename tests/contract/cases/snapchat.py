"""Snapchat: one digest a row, one kind a call, SUCCESS in every part."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import Case, Error, Golden, digest, sha

DIGEST = sha("x")
OK = '{"request_status":"SUCCESS","users":[{"sub_request_status":"SUCCESS"}]}'


def golden(method: str) -> Golden:
    return Golden(
        method=method,
        row=Row((("PHONE_SHA256", DIGEST),)),
        path="/segments/{audience_id}/users",
        body=f'{{"users":[{{"schema":["PHONE_SHA256"],"data":[["{DIGEST}"]]}}]}}',
    )


CASE = Case(
    account="5a1b2c3d-0000-4000-8000-000000000001",
    values={k: digest(k) for k in ("EMAIL_SHA256", "PHONE_SHA256", "MOBILE_AD_ID_SHA256")},
    tokens_at="/login/oauth2/access_token",
    bad_row="whole",
    yes=OK,
    errors=[
        Error(status=200, body=OK, action=Action.DONE),
        Error(status=200, body="OK", action=Action.RETRY),
        Error(
            status=200,
            body={"request_status": "SUCCESS", "users": [{"sub_request_status": "ERROR"}]},
            action=Action.REFUSED,
        ),
        Error(status=400, body={"error_code": "E1001"}, action=Action.SPLIT),
        Error(status=401, body="unauthorized", action=Action.REAUTH),
        Error(status=403, body={"error_code": "E3002"}, action=Action.STOP),
        Error(status=404, body={}, action=Action.STOP),
        Error(status=413, body="", action=Action.SPLIT),
        *(Error(status=s, body="", action=Action.RETRY) for s in (429, 500, 503)),
    ],
    golden={Op.ADD: golden("POST"), Op.REMOVE: golden("DELETE"), Op.REPLACE: golden("POST")},
)
