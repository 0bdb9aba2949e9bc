"""LinkedIn: elements with an action, each answered with a status of its own."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import Case, Error, Golden, Pages, digest, maid, sha

DIGEST = sha("x")
FIND = "/dmpSegments?q=account&account=urn%3Ali%3AsponsoredAccount%3A42&sourceSegmentId=vips"


def coded(action: Action, status: int, code: str, service: int | None = None) -> Error:
    body = {"status": status, "code": code, "message": "m", "serviceErrorCode": service}
    return Error(status=status, body=body, action=action)


def body(action: str, ids: str) -> str:
    return '{"elements":[{"action":"' + action + '","userIds":[' + ids + "]}]}"


def segment(number: int, source: str) -> dict[str, object]:
    return {"id": number, "name": "vips", "sourceSegmentId": source}


def page(start: int, *segments: dict[str, object]) -> dict[str, object]:
    return {"paging": {"start": start, "count": 100, "total": 101}, "elements": segments}


CASE = Case(
    account="urn:li:sponsoredAccount:507404993",
    values={"SHA256_EMAIL": digest("email"), "GOOGLE_AID": maid},
    tokens_at="/oauth/v2/accessToken",
    bad_row="named",
    yes='{"elements":[{"status":201},{"status":201},{"status":201},{"status":201}]}',
    errors=[
        Error(status=200, body={"elements": [{"status": 201}] * 3}, action=Action.DONE),
        Error(status=200, body={"elements": [{"status": 400}] * 3}, action=Action.DONE),
        Error(status=200, body={"elements": []}, action=Action.DONE),
        Error(status=200, body={"elements": {}}, action=Action.RETRY),
        Error(status=201, body="", action=Action.RETRY),
        coded(Action.SPLIT, 400, "VALIDATION_ERROR"),
        coded(Action.SPLIT, 400, "ILLEGAL_ARGUMENT"),
        coded(Action.STOP, 400, "VERSION_MISSING"),
        coded(Action.STOP, 400, "INVALID_VERSION"),
        coded(Action.STOP, 426, "NONEXISTENT_VERSION"),
        Error(status=426, body="", action=Action.STOP),
        *(coded(Action.REAUTH, 401, "INVALID_ACCESS_TOKEN", n) for n in (65600, 65601, 65602)),
        coded(Action.STOP, 403, "ACCESS_DENIED"),
        coded(Action.STOP, 404, "NOT_FOUND"),
        Error(status=413, body="", action=Action.SPLIT),
        coded(Action.RETRY, 429, "TOO_MANY_REQUESTS"),
        coded(Action.STOP, 429, "SEGMENT_LIMIT_EXCEEDED"),
        coded(Action.RETRY, 500, "SEGMENT_LIMIT_EXCEEDED"),
        *(Error(status=s, body="", action=Action.RETRY) for s in (500, 503, 504)),
    ],
    pages=Pages(
        bodies=[page(0, segment(1, "vips-2")), page(100, segment(77, "vips"))],
        asked=[
            f"{FIND}&sourcePlatform=AUDIENCE_BRIDGE&start={start}&count=100" for start in (0, 100)
        ],
    ),
    golden={
        Op.ADD: Golden(
            row=Row((("SHA256_EMAIL", DIGEST), ("GOOGLE_AID", maid(1)))),
            path="/dmpSegments/{audience_id}/users",
            body=body(
                "ADD",
                f'{{"idType":"SHA256_EMAIL","idValue":"{DIGEST}"}},'
                f'{{"idType":"GOOGLE_AID","idValue":"{maid(1)}"}}',
            ),
        ),
        Op.REMOVE: Golden(
            row=Row((("SHA256_EMAIL", DIGEST),)),
            path="/dmpSegments/{audience_id}/users",
            body=body("REMOVE", f'{{"idType":"SHA256_EMAIL","idValue":"{DIGEST}"}}'),
        ),
    },
)
