"""Klaviyo: a boolean property of each profile, imported by jobs that count what failed."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import Case, Error, Golden

CONTACTS = {
    "external_id": lambda n: f"C-{n}",
    "email": lambda n: f"p{n}@example.com",
    "phone_number": lambda n: f"+8490{n:07d}",
}
OK = '{"data":{"type":"profile-bulk-import-job","id":"J1"}}'


def golden(inside: str) -> Golden:
    profile = (
        '{"type":"profile","attributes":{"external_id":"C-1","properties":{"vips":' + inside + "}}}"
    )
    return Golden(
        row=Row((("external_id", "C-1"),)),
        path="/api/profile-bulk-import-jobs",
        body='{"data":{"type":"profile-bulk-import-job","attributes":{"profiles":{"data":['
        + profile
        + "]}}}}",
    )


def job(status: str, failed: int = 0) -> dict[str, object]:
    return {"data": {"id": "J1", "attributes": {"status": status, "failed_count": failed}}}


CASE = Case(
    account="shop",
    values=CONTACTS,
    raw=dict.fromkeys(CONTACTS, ()),  # it takes contacts in clear
    bad_value="x" * 256,
    bad_row="counted",
    yes=OK,
    errors=[
        Error(status=202, body=OK, action=Action.PENDING),
        Error(status=202, body="", action=Action.RETRY),
        Error(status=202, body={"data": {"id": 7}}, action=Action.RETRY),
        Error(status=400, body={"errors": [{"code": "invalid"}]}, action=Action.SPLIT),
        Error(status=413, body="", action=Action.SPLIT),
        Error(status=401, body={"errors": []}, action=Action.REAUTH),
        *(Error(status=s, body="", action=Action.STOP) for s in (403, 404)),
        *(Error(status=s, body="", action=Action.RETRY) for s in (409, 429, 500, 503)),
    ],
    statuses=[
        Error(status=200, body=job("queued"), action=Action.PENDING),
        Error(status=200, body=job("processing"), action=Action.PENDING),
        Error(status=200, body=job("complete"), action=Action.DONE),
        Error(status=200, body=job("complete", 2), action=Action.DONE),
        Error(status=200, body=job("cancelled"), action=Action.RETRY),
        Error(status=200, body="<html>", action=Action.PENDING),
        Error(status=401, body="", action=Action.REAUTH),
        Error(status=404, body="", action=Action.RETRY),
        Error(status=500, body="", action=Action.PENDING),
    ],
    golden={Op.ADD: golden("true"), Op.REMOVE: golden("false")},
)
