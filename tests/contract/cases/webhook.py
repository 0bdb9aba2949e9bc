"""A webhook: signed CloudEvents, members in clear, errors by index."""

from __future__ import annotations

import hashlib

from audiences.platforms.base import Action, Consent, Op, Row
from tests.contract.cases.case import Case, Error, Golden

AT = "2026-07-01T06:00:00Z"


def golden(op: str, more: str = "") -> Golden:
    data = (
        f'{{"audience":{{"id":"{{audience_id}}","name":"vips"}},"sent_at":"{AT}","members":'
        f'[{{"op":"{op}","keys":{{"external_id":"C-1"}}{more}}}]}}'
    )
    number = hashlib.sha256(data.encode()).hexdigest()[:32]
    return Golden(
        row=Row((("external_id", "C-1"),), Consent(ad_user_data=True)),
        path="",
        body=(
            f'{{"specversion":"1.0","id":"{number}","source":"/audience-bridge/act_42",'
            f'"time":"{AT}","type":"audience-bridge.members.v1",'
            f'"datacontenttype":"application/json","data":{data}}}'
        ),
    )


def errors(*found: object) -> dict[str, object]:
    return {"errors": list(found)}


CASE = Case(
    account="crm",
    values={
        "external_id": lambda n: f"C-{n}",
        "email": lambda n: f"p{n}@example.com",
        "phone": lambda n: f"+8490{n:07d}",
    },
    raw=dict.fromkeys(("external_id", "email", "phone"), ()),  # it takes contacts in clear
    bad_value="x" * 513,
    signs=True,
    errors=[
        Error(status=200, body={"errors": []}, action=Action.DONE),
        Error(status=202, body="", action=Action.DONE),
        Error(status=204, body="", action=Action.DONE),
        Error(status=200, body="OK", action=Action.DONE),
        Error(status=200, body="<html>", action=Action.RETRY),
        Error(status=200, body=errors({"index": 1, "code": "unknown"}), action=Action.DONE),
        Error(status=400, body={"error": {"code": "bad_data"}}, action=Action.SPLIT),
        Error(status=422, body={"error": {"code": "key_reused"}}, action=Action.SPLIT),
        Error(status=413, body="", action=Action.SPLIT),
        Error(status=401, body={"error": {"code": "bad_signature"}}, action=Action.REAUTH),
        *(Error(status=s, body="", action=Action.STOP) for s in (302, 403, 404, 405, 410)),
        *(Error(status=s, body="", action=Action.RETRY) for s in (408, 425, 429, 500, 503)),
    ],
    golden={
        Op.ADD: golden("add", ',"attributes":{"ad_user_data":true}'),
        Op.REMOVE: golden("remove"),
    },
)
