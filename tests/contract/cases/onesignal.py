"""OneSignal: one user a request, a tag that is set or taken away."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import Case, Error, Golden

OK = '{"identity":{"external_id":"C-1"},"properties":{"tags":{"vips":"1"}}}'
DENIED = "Access denied. Please include an 'Authorization: ...' header with a valid API key"


def golden(value: str) -> Golden:
    return Golden(
        row=Row((("external_id", "C-1"),)),
        path="/apps/act_42/users",
        body=f'{{"identity":{{"external_id":"C-1"}},"properties":{{"tags":{{"vips":"{value}"}}}}}}',
    )


CASE = Case(
    account="2f5f9b1c-0000-4000-8000-000000000001",
    values={"external_id": lambda n: f"C-{n}"},
    raw={"external_id": ()},  # it takes customer numbers in clear
    bad_value="x" * 129,
    bad_row="whole",
    yes=OK,
    errors=[
        Error(status=200, body=OK, action=Action.DONE),
        Error(status=201, body=OK, action=Action.DONE),
        Error(status=202, body=OK, action=Action.DONE),
        Error(status=200, body="<html>", action=Action.RETRY),
        Error(status=400, body={"errors": [{"title": "x"}]}, action=Action.DONE),
        Error(status=401, body="", action=Action.REAUTH),
        Error(status=403, body={"errors": [DENIED]}, action=Action.REAUTH),
        Error(status=403, body={"errors": ["disabled"]}, action=Action.STOP),
        Error(status=404, body="", action=Action.STOP),
        *(Error(status=s, body="", action=Action.RETRY) for s in (409, 429, 500, 503)),
    ],
    golden={Op.ADD: golden("1"), Op.REMOVE: golden("")},
)
