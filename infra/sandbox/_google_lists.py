"""User lists of the Google stand-in: make, list, read and delete."""

from __future__ import annotations

import re
from typing import Any

from infra.sandbox._google_enums import read
from infra.sandbox._google_refusals import check_fields, refused
from infra.sandbox.call import Call, Reply
from infra.sandbox.state import Audience, State

FIRST_ID = 7_090_000_000
DAY = 86_400
MAX_DAYS = 540
FIELDS = ("displayName", "description", "membershipStatus", "integrationCode")
ACCOUNT_NAME = re.compile(r"accountTypes/[A-Z_]+/accounts/[0-9]+")


def lists(call: Call, state: State, kind: str, account: str, list_id: str) -> Reply:
    """Answer a call to an account's user lists, or to one of them."""
    if not account.isdecimal():
        raise refused(400, "INVALID_ARGUMENT", "INVALID_DESTINATION", "parent")
    for header in ("login-account", "linked-account"):
        if not ACCOUNT_NAME.fullmatch(call.headers.get(header, "accountTypes/A/accounts/1")):
            raise refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", header)
    parent = f"accountTypes/{kind}/accounts/{account}"
    mine = [a for a in state.platforms["google"].values() if a.account == account]
    if list_id:
        return _one(call, state, parent, next((a for a in mine if a.id == list_id), None))
    if call.method == "GET":
        return Reply(body={"userLists": [_shown(a, parent) for a in _wanted(call, mine)]})
    if call.method != "POST":
        raise refused(404, "NOT_FOUND", "NOT_FOUND")
    name = _new_name(read(call))
    if any(a.name == name for a in mine):
        raise refused(400, "INVALID_ARGUMENT", "DISPLAY_NAME_ALREADY_USED", "display_name")
    audience = Audience(id=state.next_id(FIRST_ID), name=name, account=account)
    state.platforms["google"][audience.id] = audience
    return Reply(body=_shown(audience, parent))


def _one(call: Call, state: State, parent: str, audience: Audience | None) -> Reply:
    if audience is None or call.method not in ("GET", "DELETE"):
        raise refused(404, "NOT_FOUND", "NOT_FOUND")
    if call.method == "DELETE":
        del state.platforms["google"][audience.id]
        return Reply()
    return Reply(body=_shown(audience, parent))


def _wanted(call: Call, mine: list[Audience]) -> list[Audience]:
    if not call.query.get("pageSize", "50").isdecimal():
        raise refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "page_size")
    wanted = call.query.get("filter")
    if wanted is None:
        return mine
    match = re.fullmatch(r'display_?[nN]ame = "((?:[^"\\]|\\.)*)"', wanted)
    if not match:
        raise refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "filter")
    name = re.sub(r"\\(.)", r"\1", match[1])
    return [a for a in mine if a.name == name]


def _new_name(body: dict[str, Any] | None) -> str:
    """Return the name of a new list when all that is said of it is good."""
    if body is None:
        raise refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT")
    check_fields(body, (*FIELDS, "membershipDuration", "ingestedUserListInfo"), "user_list.")
    info = body.get("ingestedUserListInfo")
    if not isinstance(info, dict) or info.get("uploadKeyTypes") != ["CONTACT_ID"]:
        raise refused(400, "INVALID_ARGUMENT", "INVALID_USER_LIST_TYPE", "ingested_user_list_info")
    check_fields(info, ("uploadKeyTypes", "contactIdInfo"), "ingested_user_list_info.")
    duration = re.fullmatch(r"([0-9]{1,12})s", str(body.get("membershipDuration", "0s")))
    if not duration or int(duration[1]) % DAY:
        raise refused(400, "INVALID_ARGUMENT", "INVALID_FORMAT", "membership_duration")
    if int(duration[1]) > MAX_DAYS * DAY:
        reason = "MEMBERSHIP_DURATION_TOO_LONG"
        raise refused(400, "INVALID_ARGUMENT", reason, "membership_duration")
    name = body.get("displayName")
    if not isinstance(name, str) or not name:
        raise refused(400, "INVALID_ARGUMENT", "REQUIRED_FIELD_MISSING", "display_name")
    return name


def _shown(audience: Audience, parent: str) -> dict[str, Any]:
    return {
        "name": f"{parent}/userLists/{audience.id}",
        "id": audience.id,
        "displayName": audience.name,
        "membershipStatus": "OPEN",
        "sizeInfo": {"displayNetworkMembersCount": str(len(audience.members))},
    }
