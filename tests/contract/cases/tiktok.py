"""TikTok: a list of identifiers a person, and a code in an answer that is always 200."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import Case, Error, Golden, Pages, digest, sha

DIGEST = sha("x")
LIST = "/dmp/custom_audience/list/"
WIRES = ("EMAIL_SHA256", "PHONE_SHA256", "IDFA_SHA256", "AAID_SHA256")


def coded(action: Action, code: int, status: int = 200, message: str = "m") -> Error:
    body = {"code": code, "message": message, "request_id": "r", "data": {}}
    return Error(status=status, body=body, action=action)


def body(action: str, schema: str, row: str) -> str:
    head = '{"advertiser_ids":["act_42"],"action":"' + action + '","id_schema":[' + schema + "],"
    return head + '"batch_data":[[' + row + "]]}"


def cell(value: str) -> str:
    return '{"id":"' + value + '","audience_ids":["{audience_id}"]}'


def listed(*audiences: dict[str, object]) -> dict[str, object]:
    data = {"list": audiences, "page_info": {"page_size": 100, "total_number": 201}}
    return {"code": 0, "message": "OK", "data": data}


CASE = Case(
    account="7011111111111111111",
    values={wire: digest(wire) for wire in WIRES},
    bad_row="whole",
    yes='{"code":0,"message":"OK","request_id":"r","data":{}}',
    errors=[
        coded(Action.DONE, 0),
        coded(Action.DONE, 20001),
        *(coded(Action.REAUTH, code) for code in (40102, 40104, 40105)),
        coded(Action.STOP, 40001),
        coded(Action.STOP, 40006),
        coded(Action.SPLIT, 40002),
        coded(Action.SPLIT, 40002, status=400),
        coded(Action.STOP, 40002, message="The audience cannot be edited."),
        *(coded(Action.RETRY, code) for code in (40016, 40100, 40132, 40133, 40201, 40202)),
        *(coded(Action.RETRY, code) for code in (40700, 41001, 50000, 50002, 51305, 60001)),
        *(coded(Action.REFUSED, code) for code in (40900, 40907, 40909)),
        coded(Action.RETRY, 7),  # no code of TikTok's
        coded(Action.RETRY, 0, status=500),
        coded(Action.REFUSED, 0, status=400),
        Error(status=200, body={"code": "0"}, action=Action.RETRY),
        Error(status=200, body="OK", action=Action.RETRY),
        Error(status=401, body="", action=Action.REAUTH),
        Error(status=403, body="", action=Action.STOP),
        Error(status=404, body="404 page not found", action=Action.STOP),
        Error(status=413, body="", action=Action.SPLIT),
        *(Error(status=s, body="", action=Action.RETRY) for s in (429, 500, 502, 503)),
    ],
    pages=Pages(
        bodies=[
            listed({"name": "vips", "calculate_type": "EMAIL_SHA256", "audience_id": "1"}),
            listed({"name": "vips-2", "audience_id": "2"}),
            listed({"name": "vips", "calculate_type": None, "audience_id": "77"}),
        ],
        asked=[f"{LIST}?advertiser_id=42&page={n}&page_size=100" for n in (1, 2, 3)],
    ),
    golden={
        Op.ADD: Golden(
            row=Row((("EMAIL_SHA256", DIGEST), ("AAID_SHA256", sha("y")))),
            more=[Row((("AAID_SHA256", sha("z")),))],
            path="/segment/mapping/",
            body=body(
                "add",
                '"EMAIL_SHA256","AAID_SHA256"',
                f"{cell(DIGEST)},{cell(sha('y'))}],[{{}},{cell(sha('z'))}",
            ),
        ),
        Op.REMOVE: Golden(
            row=Row((("PHONE_SHA256", DIGEST),)),
            path="/segment/mapping/",
            body=body("delete", '"PHONE_SHA256"', cell(DIGEST)),
        ),
    },
)
