"""Braze: a boolean attribute of each user, errors by index."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import Case, Error, Golden

CONTACTS = {
    "external_id": lambda n: f"C-{n}",
    "email": lambda n: f"p{n}@example.com",
    "phone": lambda n: f"+8490{n:07d}",
}
OK = '{"message":"success","attributes_processed":4}'


def golden(user: str) -> Golden:
    return Golden(
        row=Row((("external_id", "C-1"),)),
        path="/users/track",
        body=f'{{"attributes":[{{"external_id":"C-1",{user}}}]}}',
    )


def errors(*places: int) -> list[dict[str, object]]:
    too_large = {"type": "EXTERNAL_USER_ID_TOO_LARGE", "input_array": "attributes"}
    return [too_large | {"index": place} for place in places]


CASE = Case(
    account="shop",
    values=CONTACTS,
    raw=dict.fromkeys(CONTACTS, ()),  # it takes contacts in clear
    bad_value="x" * 988,
    options={"update_existing_only": "false"},
    yes=OK,
    errors=[
        Error(status=201, body=OK, action=Action.DONE),
        Error(status=201, body={"message": "success", "errors": errors(1)}, action=Action.DONE),
        Error(status=400, body={"message": "x", "errors": errors(0, 1, 2)}, action=Action.DONE),
        Error(status=200, body="<html>", action=Action.RETRY),
        Error(status=201, body={"message": "queued"}, action=Action.RETRY),
        Error(status=400, body={"message": "Bad", "errors": errors(0)}, action=Action.SPLIT),
        Error(status=400, body={"message": "Unknown parameter x"}, action=Action.SPLIT),
        Error(status=413, body={"message": "too large"}, action=Action.SPLIT),
        Error(status=401, body={"message": "Invalid API key"}, action=Action.REAUTH),
        *(Error(status=s, body={"message": "x"}, action=Action.STOP) for s in (403, 404)),
        *(Error(status=s, body="", action=Action.RETRY) for s in (429, 500, 503)),
    ],
    golden={
        Op.ADD: golden('"vips":true'),
        Op.REMOVE: golden('"_update_existing_only":true,"vips":false'),
    },
)
