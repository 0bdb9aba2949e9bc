"""The stand-in of Microsoft Advertising v13: customer lists; their files in `_microsoft_bulk`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from infra.sandbox import _microsoft_bulk as bulk
from infra.sandbox.call import (
    HASHES,
    Call,
    RefusedError,
    Reply,
    StandIn,
    is_text,
    misfits,
    parse,
    spoilt,
    unknown_fields,
)
from infra.sandbox.oauth import Door, issue
from infra.sandbox.state import Audience, State

ITEMS = 1_000
SMALLEST = 300
FIRST_ID = 800_000_000
BASE = "/CampaignManagement/v13"
GRANTS_AT = "/common/oauth2/v2.0/token"
DOOR = Door(rotates=True, more={"scope": "https://ads.microsoft.com/msads.manage"})
HEADERS = ("developertoken", "customeraccountid", "customerid")
AUDIENCE = ("Name", "Type", "Scope", "ParentId", "MembershipDuration", "Description", "Id")
DATA = (
    "ActionType",
    "AudienceId",
    "CustomerListItemSubType",
    "CustomerListItems",
    "AcceptCustomerMatchTerm",
)
Fault = dict[str, Any]
Body = Mapping[str, Any]
Answer = Callable[[Call, State, Body], Reply]


def handle(call: Call, state: State) -> Reply:
    """Answer as the services do: faults of the call, or partial errors of its rows."""
    if call.path == GRANTS_AT:
        return issue(call, state, DOOR)
    if call.path.startswith(bulk.RESULTS):
        return bulk.fetched(call, state)
    if call.path.startswith(bulk.UPLOADS):
        return bulk.put(call, state)
    _check_headers(call, state)
    path = call.path.removeprefix(BASE).removeprefix(bulk.BASE)
    operation = OPERATIONS.get((call.method, path))
    if operation is None:
        return Reply(status=404, body={"Message": "No HTTP resource was found"})
    known, answer = operation
    return answer(call, state, _body(call, known))


def _check_headers(call: Call, state: State) -> None:
    if not state.knows(call.bearer):
        raise RefusedError(_api_fault(401, 105, "InvalidCredentials", "Authentication failed."))
    if not all(call.headers.get(name) for name in HEADERS):
        why = "The developer token, the customer or the account is missing."
        raise RefusedError(_api_fault(401, 105, "InvalidCredentials", why))
    if call.headers["developertoken"] != "sandbox":
        raise RefusedError(_api_fault(401, 105, "InvalidCredentials", "Authentication failed."))
    if not call.headers["customeraccountid"].isdecimal():
        raise _refused(1000, "InvalidAccountId", "The CustomerAccountId is not valid.")


def _api_fault(status: int, code: int, error: str, message: str) -> Reply:
    one = {"Code": code, "ErrorCode": error, "Message": message, "Detail": None}
    return Reply(
        status=status,
        body={"Errors": [one], "TrackingId": "standin", "Type": "AdApiFaultDetail"},
    )


def _refused(code: int, error: str, message: str) -> RefusedError:
    one = {"Code": code, "ErrorCode": error, "Message": message, "Details": None}
    fault = {"BatchErrors": [], "OperationErrors": [one], "TrackingId": "standin"}
    return RefusedError(Reply(status=400, body=fault | {"Type": "ApiFaultDetail"}))


def _partial(index: int, code: int, error: str, message: str) -> Fault:
    where = {"Index": index, "Code": code, "ErrorCode": error, "Message": message}
    return where | {"Type": "BatchError", "Details": None, "FieldPath": None}


def _body(call: Call, known: tuple[str, ...]) -> dict[str, Any]:
    body = parse(call.body) if call.media_type == "application/json" else None
    if body is None or unknown_fields(body, known):
        raise _refused(100, "NullRequest", "The request message is null, or has unknown members.")
    return body


def _mine(call: Call, state: State) -> list[Audience]:
    return state.of("microsoft", call.headers["customeraccountid"])


def _create(call: Call, state: State, body: Body) -> Reply:
    wanted = body.get("Audiences")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= 100:
        raise _refused(4801, "AudiencesArrayExceedsLimit", "Audiences must be 1 to 100.")
    ids: list[str | None] = []
    errors: list[Fault] = []
    for index, one in enumerate(wanted):
        fault = _unfit(one, {a.name.lower() for a in _mine(call, state)})
        if fault:
            ids.append(None)
            errors.append(_partial(index, *fault))
            continue
        account = call.headers["customeraccountid"]
        audience = Audience(id=state.next_id(FIRST_ID), name=one["Name"], account=account)
        audience.facts["days"] = one.get("MembershipDuration", 30)
        ids.append(state.make("microsoft", audience).id)
    return Reply(body={"AudienceIds": ids, "PartialErrors": errors})


def _unfit(one: Any, taken: set[str]) -> tuple[int, str, str] | None:
    """Return why an audience is not made, None when it is."""
    if not isinstance(one, dict) or unknown_fields(one, AUDIENCE):
        return 4800, "InvalidAudience", "The audience has members that are not known."
    if not is_text(one.get("Name"), 128):
        return 4806, "InvalidAudienceName", "The audience name is missing or too long."
    if str(one["Name"]).lower() in taken:
        return 4848, "CampaignServiceDuplicateAudienceName", "The audience name already exists."
    if one.get("Type") != "CustomerList" or one.get("Scope", "Account") not in (
        "Account",
        "Customer",
    ):
        return 4803, "InvalidAudienceType", "The stand-in has audiences of type CustomerList only."
    days = one.get("MembershipDuration", 30)
    if type(days) is not int or not (days == -1 or 1 <= days <= 390):
        return 4810, "InvalidMembershipDuration", "The duration must be 1 to 390, or -1."
    return None


def _delete(call: Call, state: State, body: Body) -> Reply:
    ids = body.get("AudienceIds")
    mine = {a.id for a in _mine(call, state)}
    if not isinstance(ids, list) or not ids:
        raise _refused(4802, "AudienceIdsNotPassed", "AudienceIds is required.")
    errors = [_unknown(i) for i, one in enumerate(ids) if str(one) not in mine]
    for one in mine & set(map(str, ids)):
        del state.platforms["microsoft"][one]
    return Reply(body={"PartialErrors": errors})


def _unknown(index: int) -> Fault:
    return _partial(index, 4805, "InvalidAudienceId", "The audience id is not valid.")


def _query(call: Call, state: State, body: Body) -> Reply:
    mine, ids = _mine(call, state), body.get("AudienceIds")
    if body.get("Type") != "CustomerList" or ids == []:
        raise _refused(4802, "AudienceIdsNotPassed", "Type is required, AudienceIds null or some.")
    by_id = {audience.id: audience for audience in mine}
    wanted = list(by_id) if ids is None else [str(one) for one in ids]
    errors = [_unknown(i) for i, one in enumerate(wanted) if one not in by_id]
    shown = [_shown(by_id[one]) if one in by_id else None for one in wanted]
    return Reply(body={"Audiences": shown, "PartialErrors": errors})


def _shown(audience: Audience) -> dict[str, Any]:
    size = len(audience.members)
    return {
        "Id": audience.id,
        "Name": audience.name,
        "Type": "CustomerList",
        "Scope": "Account",
        "ParentId": audience.account,
        "MembershipDuration": audience.facts.get("days", 30),
        "SearchSize": size if size >= SMALLEST else None,
        "AudienceNetworkSize": size if size >= SMALLEST else None,
    }


def _apply(call: Call, state: State, body: Body) -> Reply:
    data = body.get("CustomerListUserData")
    if not isinstance(data, dict) or unknown_fields(data, DATA):
        raise _refused(8000, "CustomerListUserDataIsNull", "CustomerListUserData is required.")
    if data.get("AcceptCustomerMatchTerm") is not True:
        why = "The customer match terms are not accepted."
        raise _refused(8003, "CustomerListTermsAndConditionsNotAccepted", why)
    state.jobs[f"terms {call.headers['customeraccountid']}"] = "True"
    items = _items(data)
    audience = state.platforms["microsoft"].get(str(data.get("AudienceId")))
    if audience is None or audience.account != call.headers["customeraccountid"]:
        raise _refused(4805, "InvalidAudienceId", "The audience id is not valid.")
    bad = set(misfits(HASHES, items)) | {i for i, item in enumerate(items) if not item}
    bad |= set(range(spoilt(len(items)) if call.spoil else 0))
    bulk.change(
        audience, data["ActionType"], [i for n, i in enumerate(items) if n not in bad], state
    )
    why = "The item is no SHA-256 in lower case."
    errors = [_partial(index, 8005, "CustomerListItemInvalid", why) for index in sorted(bad)]
    return Reply(body={"PartialErrors": errors})


def _items(data: Mapping[str, Any]) -> list[str]:
    items = data.get("CustomerListItems")
    if data.get("ActionType") not in ("Add", "Remove", "Replace"):
        raise _refused(8001, "InvalidActionType", "ActionType must be Add, Remove or Replace.")
    if data.get("CustomerListItemSubType") != "Email":
        raise _refused(8002, "InvalidCustomerListItemSubType", "Only Email is supported.")
    if not isinstance(items, list) or not 1 <= len(items) <= ITEMS:
        raise _refused(8004, "CustomerListItemsExceedLimit", f"Items must be 1 to {ITEMS}.")
    return items


OPERATIONS: Mapping[tuple[str, str], tuple[tuple[str, ...], Answer]] = {
    ("POST", "/Audiences"): (("Audiences",), _create),
    ("DELETE", "/Audiences"): (("AudienceIds",), _delete),
    ("POST", "/Audiences/QueryByIds"): (("AudienceIds", "Type", "ReturnAdditionalFields"), _query),
    ("POST", "/CustomerListUserData/Apply"): (("CustomerListUserData",), _apply),
    ("POST", "/BulkUploadUrl/Query"): (("ResponseMode", "AccountId"), bulk.opened),
    ("POST", "/BulkUploadStatus/Query"): (("RequestId",), bulk.status),
}
MICROSOFT = StandIn(
    slug="microsoft",
    handle=handle,
    takes_rows=lambda call: call.path.endswith("/Apply") or call.path.startswith(bulk.UPLOADS),
    takes_token=lambda call: not call.path.startswith(bulk.RESULTS),
    tokens_at=(GRANTS_AT,),
    throttled=lambda _wait: _api_fault(429, 117, "CallRateExceeded", "Wait for 60 seconds."),
    broken=lambda: _api_fault(500, 0, "InternalError", "An internal error has occurred."),
    # An expired token may come as a server error: only the code says what it is.
    expired=lambda: _api_fault(500, 109, "AuthenticationTokenExpired", "The token expired."),
)
