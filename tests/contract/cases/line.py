"""LINE: ids that only go in, codes in the details of an error, a group that says how it stands."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import Case, Error, Golden, Pages

USER = "U" + "0123456789abcdef" * 2


def bad(action: Action, code: str, status: int = 400) -> Error:
    details = [{"message": code, "property": "audiences[].id"}]
    return Error(status=status, body={"message": "m", "details": details}, action=action)


def group(action: Action, status: str, failed: str | None = None, *jobs: str) -> Error:
    shown = {"audienceGroupId": 77, "status": status, "failedType": failed}
    listed = [{"jobStatus": job} for job in jobs]
    return Error(status=200, body={"audienceGroup": shown, "jobs": listed}, action=action)


def listed(more: bool, name: str) -> object:
    shown = {"audienceGroupId": 77, "type": "UPLOAD", "description": name, "status": "READY"}
    return {"audienceGroups": [shown], "hasNextPage": more}


CASE = Case(
    account="1234567890",
    values={"id": lambda n: f"U{n:032x}"},
    bad_row="whole",
    tokens_at="/oauth2/v3/token",
    pages=Pages(
        bodies=[listed(True, "VIPS"), listed(True, "vips-2"), listed(False, "vips")],
        asked=[
            f"/v2/bot/audienceGroup/list?page={n}&size=40&includesExternalPublicGroups=false"
            "&createRoute=MESSAGING_API&description=vips"
            for n in (1, 2, 3)
        ],
    ),
    yes="",
    errors=[
        Error(status=202, body="", action=Action.PENDING),
        Error(status=200, body="{}", action=Action.PENDING),
        Error(status=200, body="<html>", action=Action.RETRY),
        bad(Action.SPLIT, "UPLOAD_AUDIENCE_GROUP_INVALID_AUDIENCE_ID_FORMAT"),
        bad(Action.SPLIT, "Size must be between 0 and 10000"),
        Error(status=400, body={"message": "m"}, action=Action.SPLIT),
        bad(Action.STOP, "AUDIENCE_GROUP_NOT_FOUND"),
        bad(Action.STOP, "AUDIENCE_GROUP_CAN_NOT_UPLOAD_STATUS_EXPIRED"),
        bad(Action.STOP, "AUDIENCE_GROUP_COUNT_MAX_OVER"),
        bad(Action.STOP, "WRONG_BOT_ID"),
        bad(Action.REFUSED, "AUDIENCE_GROUP_NAME_SIZE_OVER"),
        Error(status=401, body={"message": "m"}, action=Action.REAUTH),
        Error(status=403, body={"message": "m"}, action=Action.STOP),
        Error(status=404, body={"message": "Not found"}, action=Action.STOP),
        Error(status=413, body="", action=Action.SPLIT),
        *(Error(status=s, body="", action=Action.RETRY) for s in (429, 500, 503)),
    ],
    statuses=[
        group(Action.DONE, "READY"),
        group(Action.DONE, "READY", None, "FINISHED", "FAILED"),
        group(Action.PENDING, "READY", None, "FINISHED", "QUEUED"),
        group(Action.PENDING, "READY", None, "WORKING"),
        group(Action.DONE, "INACTIVE"),
        group(Action.PENDING, "IN_PROGRESS"),
        group(Action.PENDING, "NEW_WORD"),
        group(Action.DONE, "FAILED", "AUDIENCE_GROUP_AUDIENCE_INSUFFICIENT"),
        group(Action.RETRY, "FAILED", "INTERNAL_ERROR"),
        group(Action.REFUSED, "EXPIRED"),
        bad(Action.RETRY, "AUDIENCE_GROUP_NOT_FOUND"),
        Error(status=404, body="", action=Action.RETRY),
        *(Error(status=s, body="", action=Action.PENDING) for s in (0, 429, 503)),
        Error(status=401, body="", action=Action.REAUTH),
        Error(status=403, body="", action=Action.STOP),
    ],
    golden={
        Op.ADD: Golden(
            method="PUT",
            row=Row((("id", USER),)),
            path="/v2/bot/audienceGroup/upload",
            body=(
                '{"audienceGroupId":{audience_id},"uploadDescription":"333763723290-0",'
                f'"audiences":[{{"id":"{USER}"}}]}}'
            ),
        ),
    },
)
