"""Microsoft Advertising by files: a place for each, a status, and a file of errors by place."""

from __future__ import annotations

import hashlib

from audiences.platforms.base import PLACE, Action, Op, Row
from tests.contract.cases.case import Case, Error, Golden, digest, sha
from tests.contract.cases.microsoft import DIGEST, fault

OTHER = sha("y")
PENDING = Action.PENDING


def golden(op: str, action: str) -> Golden:
    content = (
        "\ufeffType,Status,Id,Parent Id,Client Id,Name,Action Type,Accept Customer Match Term,"
        "Sub Type,Text\n"
        "Format Version,,,,,6.0,,,,\n"
        f"Customer List,,{{audience_id}},,,,{action},True,,\n"
        f"Customer List Item,,,{{audience_id}},0,,,,Email,{DIGEST}\n"
        f"Customer List Item,,,{{audience_id}},1,,,,Email,{OTHER}\n"
    )
    mark = hashlib.sha256(content.encode()).hexdigest()[:32]
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{op}-00000.csv"'
    return Golden(
        row=Row((("Email", DIGEST),)),
        more=[Row((("Email", OTHER),))],
        path=PLACE,
        body=f"{head}\r\nContent-Type: text/csv\r\n\r\n{content}\r\n--{mark}--\r\n",
    )


def said(action: Action, status: str, **more: object) -> Error:
    return Error(status=200, body={"RequestStatus": status, **more}, action=action)


def flat(action: Action, code: int, word: str, status: int = 400) -> Error:
    """What the host of the files says."""
    body = {"TrackingId": "t", "RequestId": "r-1", "Code": code, "ErrorCode": word, "Message": "m"}
    return Error(status=status, body=body, action=action)


def result(action: Action, *lines: str) -> Error:
    head = "Type,Client Id,Text,Error,Error Number"
    return Error(status=200, body="\r\n".join([head, *lines, ""]), action=action)


CASE = Case(
    account="7/42",
    tokens_at="/common/oauth2/v2.0/token",
    values={"Email": digest("email")},
    credentials='{"access_token":"sandbox","developer_token":"sandbox"}',
    options={"flow": "bulk"},
    one_file=True,
    yes='{"TrackingId":"t","RequestId":"r-1"}',
    errors=[
        Error(status=200, body={"TrackingId": "t", "RequestId": "r-1"}, action=Action.PENDING),
        Error(status=200, body={"RequestId": "r-1", "Code": 0, "ErrorCode": None}, action=PENDING),
        flat(Action.RETRY, 0, "InternalError", 200),
        Error(status=200, body="<html>", action=Action.RETRY),
        Error(status=200, body="", action=Action.RETRY),
        flat(Action.PENDING, 3224, "BulkServiceUrlAlreadyUsedForUpload"),
        flat(Action.RETRY, 3226, "BulkServiceUrlExpired"),
        flat(Action.RETRY, 3227, "BulkServiceTooManyRequests"),
        flat(Action.REFUSED, 3225, "BulkServiceFileRowCountExceeded"),
        flat(Action.REFUSED, 3220, "BulkServiceInvalidBulkUploadUrl"),
        flat(Action.REAUTH, 105, "InvalidCredentials", 401),
        fault(Action.REAUTH, 109, "AuthenticationTokenExpired", 500),
        fault(Action.RETRY, 4204, "BulkServiceNoMoreCallsPermittedForTheTimePeriod"),
        fault(Action.STOP, 106, "UserIsNotAuthorized", 401),
        Error(status=401, body="", action=Action.REAUTH),
        Error(status=403, body="", action=Action.STOP),
        Error(status=413, body="", action=Action.SPLIT),
        *(Error(status=s, body="", action=Action.RETRY) for s in (429, 500, 503)),
    ],
    statuses=[
        *(said(Action.PENDING, word) for word in ("PendingFileUpload", "FileUploaded")),
        said(Action.PENDING, "InProgress", PercentComplete=40),
        said(Action.DONE, "Completed"),
        said(Action.PENDING, "CompletedWithErrors", ResultFileUrl="https://blob.test/r.zip?sig=x"),
        said(Action.PENDING, "CompletedWithErrors"),
        said(Action.RETRY, "Failed", Errors=[{"Code": 0, "ErrorCode": "InternalError"}]),
        said(Action.REFUSED, "UploadFileRowCountExceeded"),
        said(Action.REFUSED, "UploadFileFormatNotSupported"),
        fault(Action.REAUTH, 109, "AuthenticationTokenExpired", 500),
        fault(Action.STOP, 106, "UserIsNotAuthorized", 401),
        fault(Action.PENDING, 117, "CallRateExceeded", 429),
        fault(Action.RETRY, 201, "ApiInputValidationError"),
        result(Action.DONE, "Customer List Item Error,2,,CustomerListItemInvalid,8005"),
        result(
            Action.REFUSED,
            "Customer List Error,,,CustomerListTermsAndConditionsNotAccepted,8003",
        ),
        result(Action.RETRY, "Customer List Error,,,InternalError,0"),
        result(Action.RETRY, "Customer List Item,2,,,"),
        Error(status=200, body="<html>", action=Action.PENDING),
        Error(status=403, body="<Error/>", action=Action.PENDING),
        Error(status=404, body="<Error/>", action=Action.PENDING),
        Error(status=401, body="", action=Action.REAUTH),
    ],
    golden={
        Op.ADD: golden("add", "Add"),
        Op.REMOVE: golden("remove", "Remove"),
        Op.REPLACE: golden("replace", "Replace"),
    },
)
