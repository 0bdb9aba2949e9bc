"""The stand-in of Snapchat's Marketing API: customer list segments, one identifier type a call."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from infra.sandbox.call import (
    HASHES,
    Call,
    RefusedError,
    Reply,
    StandIn,
    is_text,
    misfits,
    parse,
    unknown_fields,
)
from infra.sandbox.oauth import Door, issue
from infra.sandbox.state import Audience, State

ROWS = 100_000
SMALLEST = 1_000
FIRST_ID = 5_100_000_000_000_000
LIFETIME = 9_999  # retention in days that stands for ever
SCHEMAS = ("EMAIL_SHA256", "PHONE_SHA256", "MOBILE_AD_ID_SHA256")
GRANTS_AT = "/login/oauth2/access_token"
DOOR = Door(more={"scope": "snapchat-marketing-api"})
FIELDS = ("name", "description", "source_type", "retention_in_days", "ad_account_id")


def handle(call: Call, state: State) -> Reply:
    """Answer as the Marketing API does: every answer has a request_status."""
    if call.path == GRANTS_AT:
        return issue(call, state, DOOR)
    if not state.knows(call.bearer):
        raise RefusedError(_unauthorized())
    path = call.path.removeprefix("/v1")
    if match := re.fullmatch(r"/adaccounts/([0-9a-zA-Z-]{1,36})/segments", path):
        return _segments(call, state, match[1])
    match = re.fullmatch(r"/segments/([0-9a-zA-Z-]{1,36})(/users|/all_users)?", path)
    if match is None:
        raise _refused(404, "E1001", "Resource can not be found")
    segment = state.platforms["snapchat"].get(match[1])
    if segment is None:
        raise _refused(404, "E1005", "Segment can not be found")
    return _one(call, state, segment, match[2])


def _one(call: Call, state: State, segment: Audience, part: str | None) -> Reply:
    match call.method, part:
        case (("POST" | "DELETE"), "/users"):
            return _users(call, state, segment)
        case "DELETE", "/all_users":
            segment.replace([])
            return _done("segments", "segment", _shown(segment))
        case "GET", None:
            return _done("segments", "segment", _shown(segment))
        case "DELETE", None:
            del state.platforms["snapchat"][segment.id]
            return Reply(body={"request_status": "SUCCESS", "request_id": "standin"})
    raise _refused(405, "E1001", "Method not allowed")


def _unauthorized() -> Reply:
    return Reply(status=401, body="unauthorized")


def _error(status: int, code: str, message: str) -> Reply:
    body = {"request_status": "ERROR", "request_id": "standin", "debug_message": message}
    more = {"display_message": "We're sorry, but something went wrong", "error_code": code}
    return Reply(status=status, body=body | more)


def _refused(status: int, code: str, message: str) -> RefusedError:
    return RefusedError(_error(status, code, message))


def _done(many: str, one: str, *values: dict[str, Any]) -> Reply:
    subs = [{"sub_request_status": "SUCCESS", one: value} for value in values]
    return Reply(body={"request_status": "SUCCESS", "request_id": "standin", many: subs})


def _only(call: Call, name: str) -> dict[str, Any]:
    """Return the one object of a body that holds a list with it."""
    body = parse(call.body) if call.media_type == "application/json" else None
    found = body.get(name) if body and set(body) == {name} else None
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        raise _refused(400, "E1001", f"The body must hold {name}: a list of one object")
    return found[0]


def _segments(call: Call, state: State, account: str) -> Reply:
    if call.method == "GET":
        return _listed(call, state, account)
    if call.method != "POST":
        raise _refused(405, "E1001", "Method not allowed")
    new = _only(call, "segments")
    if unknown := unknown_fields(new, FIELDS):
        raise _refused(400, "E1001", f"Unrecognized field {unknown[0]}")
    if new.get("source_type") != "FIRST_PARTY" or new.get("ad_account_id") != account:
        raise _refused(400, "E1001", "source_type or ad_account_id does not fit")
    days = new.get("retention_in_days", LIFETIME)
    if not is_text(new.get("name"), 375) or type(days) is not int or not 1 <= days <= LIFETIME:
        raise _refused(400, "E1001", "name must be 1 to 375 long, retention_in_days 1 to 9999")
    segment = Audience(id=state.next_id(FIRST_ID), name=new["name"], account=account)
    segment.facts["days"] = days
    return _done("segments", "segment", _shown(state.make("snapchat", segment)))


def _listed(call: Call, state: State, account: str) -> Reply:
    limit, cursor = call.query.get("limit", "50"), call.query.get("cursor", "0")
    if not limit.isdecimal() or not 50 <= int(limit) <= 1000 or not cursor.isdecimal():
        raise _refused(400, "E1001", "limit must be between 50 and 1000")
    found, end = state.of("snapchat", account), int(cursor) + int(limit)
    reply = _done("segments", "segment", *map(_shown, found[int(cursor) : end]))
    link = f"{call.url}?limit={limit}&cursor={end}"
    paging = {"paging": {"next_link": link} if len(found) > end else {}}
    return Reply(body={**dict(reply.body), **paging})  # type: ignore[arg-type]  # it is JSON


def _shown(segment: Audience) -> dict[str, Any]:
    size = len(segment.members)
    ready = "READY" if size >= SMALLEST else "TOO_FEW_USERS" if size else "NOT_READY"
    return {
        "id": segment.id,
        "name": segment.name,
        "ad_account_id": segment.account,
        "source_type": "FIRST_PARTY",
        "status": "ACTIVE",
        "retention_in_days": segment.facts.get("days", LIFETIME),
        "approximate_number_users": size,
        "upload_status": "COMPLETE" if size else "NO_UPLOAD",
        "targetable_status": ready,
    }


def _users(call: Call, state: State, segment: Audience) -> Reply:
    users = _only(call, "users")
    schema, data = users.get("schema"), users.get("data")
    if unknown_fields(users, ("schema", "data", "id")) or users.get("id", segment.id) != segment.id:
        raise _refused(400, "E1001", "users holds unrecognized fields, or another segment's id")
    if not isinstance(schema, list) or len(schema) != 1 or schema[0] not in SCHEMAS:
        raise _refused(400, "E1001", f"schema must hold one of {', '.join(SCHEMAS)}")
    if not isinstance(data, list) or not 1 <= len(data) <= ROWS:
        raise _refused(400, "E1001", f"data must hold 1 to {ROWS} rows")
    if not all(isinstance(row, list) and len(row) == 1 for row in data):
        raise _refused(400, "E1001", "a row of data must hold one identifier")
    values = [row[0] for row in data]
    if misfits(HASHES, values) or not all(values):
        raise _refused(400, "E1001", "data holds an identifier that is no SHA-256 in lower case")
    if call.spoil:
        failed = {"sub_request_status": "ERROR", "sub_request_error_reason": "Internal error"}
        body = {"request_status": "SUCCESS", "request_id": "standin", "users": [failed]}
        return Reply(body=body)
    if call.method == "DELETE":
        segment.remove([(value,) for value in values])
    else:
        days = segment.facts.get("days", LIFETIME)
        end = state.clock.now() + timedelta(days=days) if days != LIFETIME else None
        segment.add([(value,) for value in values], end)
    return _done("users", "user", {"number_uploaded_users": len(values)})


SNAPCHAT = StandIn(
    slug="snapchat",
    handle=handle,
    takes_rows=lambda call: call.path.endswith("/users"),
    tokens_at=(GRANTS_AT,),
    throttled=lambda _wait: _error(429, "E1008", "Rate limit exceeded"),
    broken=lambda: _error(500, "E1000", "Internal server error"),
    expired=_unauthorized,
)
