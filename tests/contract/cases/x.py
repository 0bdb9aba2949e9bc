"""X: an operation for each identifier, all or none, with counts that must be what was sent."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import RAW, Case, Error, Golden, digest, sha

DIGEST = sha("x")


def counted(action: Action, success: object, total: object) -> Error:
    body = {"data": {"success_count": success, "total_count": total}, "request": {}}
    return Error(status=200, body=body, action=action)


def refused(action: Action, status: int, code: str) -> Error:
    body = {"errors": [{"code": code, "message": "m"}], "request": {"params": {}}}
    return Error(status=status, body=body, action=action)


CASE = Case(
    account="18ce54d4x5t",
    values={
        "email": digest("email"),
        "device_id": digest("maid"),
        "phone_number": digest("phone"),
        "partner_user_id": lambda n: f"p-{n}",
    },
    raw={"partner_user_id": RAW[:1]},  # a partner's own text
    bad_row="whole",
    yes='{"data":{"success_count":4,"total_count":4}}',
    errors=[
        counted(Action.DONE, 3, 3),
        counted(Action.RETRY, 2, 3),
        counted(Action.RETRY, 2, 2),
        Error(status=200, body="OK", action=Action.RETRY),
        Error(
            status=400,
            body={"operation_errors": [[], [{"code": "INVALID_PARAMETER", "message": "m"}], []]},
            action=Action.SPLIT,
        ),
        refused(Action.SPLIT, 400, "INVALID_PARAMETER"),
        refused(Action.REAUTH, 401, "UNAUTHORIZED_ACCESS"),
        refused(Action.STOP, 403, "UNAUTHORIZED_CLIENT_APPLICATION"),
        refused(Action.STOP, 404, "NOT_FOUND"),
        refused(Action.SPLIT, 413, "PAYLOAD_TOO_LARGE"),
        refused(Action.RETRY, 429, "TOO_MANY_REQUESTS"),
        refused(Action.RETRY, 503, "SERVICE_UNAVAILABLE"),
        Error(status=500, body="", action=Action.RETRY),
    ],
    golden={
        Op.ADD: Golden(
            row=Row((("email", DIGEST),), ttl_minutes=60),
            path="/accounts/act_42/custom_audiences/{audience_id}/users",
            body=(
                '[{"operation_type":"Update","params":{"expires_at":"2026-07-01T07:00:00Z",'
                f'"users":[{{"email":["{DIGEST}"]}}]}}}}]'
            ),
        ),
        Op.REMOVE: Golden(
            row=Row((("partner_user_id", "p-1"),), ttl_minutes=0),
            path="/accounts/act_42/custom_audiences/{audience_id}/users",
            body='[{"operation_type":"Delete","params":{"users":[{"partner_user_id":["p-1"]}]}}]',
        ),
    },
)
