"""Microsoft Advertising: hashed addresses, partial errors by place, faults of little status."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import Case, Error, Golden, digest, sha

DIGEST = sha("x")


def fault(action: Action, code: int, word: str, status: int = 400, kind: str = "Errors") -> Error:
    one = {"Code": code, "ErrorCode": word, "Message": "m"}
    return Error(status=status, body={kind: [one], "TrackingId": "t"}, action=action)


def partial(action: Action, *errors: tuple[int | None, int, str]) -> Error:
    listed = [{"Index": i, "Code": c, "ErrorCode": w, "Type": "BatchError"} for i, c, w in errors]
    return Error(status=200, body={"PartialErrors": listed}, action=action)


def golden(action: str) -> Golden:
    return Golden(
        row=Row((("Email", DIGEST),)),
        path="/CustomerListUserData/Apply",
        body=(
            f'{{"CustomerListUserData":{{"ActionType":"{action}","AudienceId":"{{audience_id}}",'
            f'"CustomerListItemSubType":"Email","CustomerListItems":["{DIGEST}"],'
            '"AcceptCustomerMatchTerm":true}}'
        ),
    )


CASE = Case(
    account="7/42",
    tokens_at="/common/oauth2/v2.0/token",
    values={"Email": digest("email")},
    credentials='{"access_token":"sandbox","developer_token":"sandbox"}',
    yes='{"PartialErrors":[]}',
    errors=[
        partial(Action.DONE),
        Error(status=200, body={"PartialErrors": None}, action=Action.DONE),
        Error(status=200, body="<html>", action=Action.RETRY),
        Error(status=200, body={}, action=Action.RETRY),
        partial(Action.DONE, (1, 8005, "CustomerListItemInvalid")),
        partial(Action.DONE, (1, 0, "InternalError"), (None, 8005, "CustomerListItemInvalid")),
        partial(Action.RETRY, (None, 0, "InternalError")),
        partial(Action.STOP, (0, 8003, "CustomerListTermsAndConditionsNotAccepted")),
        partial(Action.STOP, (None, 4805, "CampaignServiceInvalidAudienceId")),
        fault(Action.REAUTH, 105, "InvalidCredentials", 401),
        fault(Action.REAUTH, 109, "AuthenticationTokenExpired", 500),
        fault(Action.STOP, 106, "UserIsNotAuthorized", 401),
        fault(Action.STOP, 8003, "CustomerListTermsAndConditionsNotAccepted"),
        fault(Action.STOP, 208, "InvalidAccount", 500, "OperationErrors"),
        fault(Action.SPLIT, 8004, "CustomerListItemsExceedLimit", kind="OperationErrors"),
        fault(Action.REFUSED, 100, "NullRequest"),
        fault(Action.RETRY, 117, "CallRateExceeded", 429),
        fault(Action.RETRY, 117, "CallRateExceeded", 500, "BatchErrors"),
        fault(Action.RETRY, 0, "InternalError", 500),
        Error(status=401, body="", action=Action.REAUTH),
        Error(status=403, body="", action=Action.STOP),
        Error(status=404, body={"Message": "No HTTP resource was found"}, action=Action.STOP),
        Error(status=413, body="", action=Action.SPLIT),
        *(Error(status=s, body="", action=Action.RETRY) for s in (429, 500, 503)),
    ],
    golden={Op.ADD: golden("Add"), Op.REMOVE: golden("Remove")},
)
