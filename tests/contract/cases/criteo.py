"""Criteo: one kind of identifier a call, invalid ones counted, errors in kebab case."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import RAW, Case, Error, Golden, digest, maid, sha

DIGEST = sha("x")


def amended(action: Action, valid: int, invalid: int) -> Error:
    facts = {"nbValidIdentifiers": valid, "nbInvalidIdentifiers": invalid}
    facts |= {"sampleInvalidIdentifiers": ["ann@example.com"]}
    body = {"data": {"attributes": facts, "type": "ContactlistAmendment"}}
    return Error(status=200, body=body, action=action)


def refused(action: Action, status: int, code: str) -> Error:
    one = {"code": code, "type": "validation", "title": "t", "detail": "d"}
    return Error(status=status, body={"errors": [one], "warnings": []}, action=action)


def golden(operation: str, kind: str, value: str) -> Golden:
    return Golden(
        method="PATCH",
        row=Row(((kind, value),)),
        path="/audience-segments/{audience_id}/contact-list",
        body=(
            '{"data":{"type":"ContactlistAmendment","attributes":{"operation":"'
            f'{operation}","identifierType":"{kind}","identifiers":["{value}"]}}}}}}'
        ),
    )


CASE = Case(
    account="123",
    tokens_at="/oauth2/token",
    values={"email": digest("email"), "phoneNumber": digest("phone"), "madid": maid},
    raw={"madid": RAW[:3]},
    bad_row="counted",
    yes='{"data":{"attributes":{"nbValidIdentifiers":4,"nbInvalidIdentifiers":0}}}',
    errors=[
        amended(Action.DONE, 3, 0),
        amended(Action.DONE, 2, 1),
        amended(Action.REFUSED, 0, 3),
        Error(status=200, body="OK", action=Action.RETRY),
        Error(status=200, body={"data": None}, action=Action.RETRY),
        refused(Action.REFUSED, 200, "contact-list-not-supported"),
        refused(Action.REFUSED, 400, "model-validation-error"),
        refused(Action.REAUTH, 401, "authorization-token-expired"),
        refused(Action.REAUTH, 401, "authorization-token-invalid"),
        refused(Action.STOP, 403, "authorization-missing"),
        refused(Action.STOP, 404, "audience-invalid"),
        refused(Action.STOP, 400, "segment-not-found"),
        refused(Action.STOP, 410, "version-gone"),
        refused(Action.SPLIT, 413, "request-too-large"),
        refused(Action.RETRY, 429, "quota-exceeded"),
        *(Error(status=s, body="", action=Action.RETRY) for s in (500, 503)),
    ],
    golden={
        Op.ADD: golden("add", "email", DIGEST),
        Op.REMOVE: golden("remove", "madid", maid(1)),
        Op.REPLACE: golden("add", "phoneNumber", DIGEST),
    },
)
