"""The stand-in of Reddit's Ads API v3: customer list audiences, answered without a body."""

from __future__ import annotations

import re
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
)
from infra.sandbox.oauth import Door, issue
from infra.sandbox.state import Audience, State

ROWS = 2_500
SMALLEST = 1_000
FIRST_ID = 2_066_000_000
COLUMNS = ("EMAIL_SHA256", "MAID_SHA256")
GRANTS_AT = "/api/v1/access_token"
DOOR = Door(basic=True, more={"scope": "adsread adsedit"})
# The names that clients give themselves unasked; Reddit turns these away.
NAMELESS = re.compile(r"(python-|urllib|curl|aiohttp|java|go-http)", re.IGNORECASE)


def handle(call: Call, state: State) -> Reply:
    """Answer as the Ads API does."""
    agent = call.headers.get("user-agent", "")
    if not agent or NAMELESS.match(agent):
        raise _refused(403, "Forbidden: set a descriptive User-Agent")
    if call.path == GRANTS_AT:
        return issue(call, state, DOOR)
    if not state.knows(call.bearer):
        raise RefusedError(_error(401, "Unauthorized"))
    path = call.path.removeprefix("/api/v3")
    if match := re.fullmatch(r"/ad_accounts/((?:a2|t2)_[0-9a-z]{1,20})/custom_audiences", path):
        return _audiences(call, state, match[1])
    match = re.fullmatch(r"/custom_audiences/([0-9a-z.]{1,40})(/users)?", path)
    audience = state.platforms["reddit"].get(match[1]) if match else None
    if match is None or audience is None:
        raise _refused(404, "Not Found")
    match call.method, match[2]:
        case "PATCH", "/users":
            return _users(call, audience)
        case "GET", None:
            return Reply(body={"data": _shown(audience)})
        case "DELETE", None:
            del state.platforms["reddit"][audience.id]
            return Reply(status=204, body=None)
    raise _refused(405, "Method Not Allowed")


def _error(status: int, message: str, field: str = "") -> Reply:
    more = {"fields": [{"field": field, "message": message}]} if field else {}
    return Reply(status=status, body={"error": {"code": status, "message": message, **more}})


def _refused(status: int, message: str, field: str = "") -> RefusedError:
    return RefusedError(_error(status, message, field))


def _data(call: Call, known: set[str]) -> dict[str, Any]:
    body = parse(call.body) if call.media_type == "application/json" else None
    data = body.get("data") if body and set(body) == {"data"} else None
    if not isinstance(data, dict):
        raise _refused(400, "The body must be a JSON object with data", "data")
    if unknown := sorted(set(data) - known):
        raise _refused(400, "unknown field", f"data.{unknown[0]}")
    return data


def _audiences(call: Call, state: State, account: str) -> Reply:
    if call.method == "GET":
        found = [_shown(one) for one in state.of("reddit", account)]
        return Reply(body={"data": found, "pagination": {"next_url": None}})
    if call.method != "POST":
        raise _refused(405, "Method Not Allowed")
    data = _data(call, {"name", "type", "description"})
    if not is_text(data.get("name"), 500):
        raise _refused(400, "name is required", "data.name")
    if data.get("type") != "CUSTOMER_LIST":
        raise _refused(400, "type must be CUSTOMER_LIST", "data.type")
    number = f"ca.{state.next_id(FIRST_ID)}"
    made = Audience(id=number, name=data["name"], account=account)
    return Reply(body={"data": _shown(state.make("reddit", made))})


def _shown(audience: Audience) -> dict[str, Any]:
    size = len(audience.members)
    return {
        "id": audience.id,
        "ad_account_id": audience.account,
        "name": audience.name,
        "type": "CUSTOMER_LIST",
        "status": "VALID" if size >= SMALLEST else "PENDING",
        "size": size,
    }


def _users(call: Call, audience: Audience) -> Reply:
    data = _data(call, {"action_type", "column_order", "user_data"})
    columns, rows = data.get("column_order"), data.get("user_data")
    if data.get("action_type") not in ("ADD", "REMOVE"):
        raise _refused(400, "action_type must be ADD or REMOVE", "data.action_type")
    if not isinstance(columns, list) or not columns or len(set(map(str, columns))) != len(columns):
        raise _refused(400, "column_order must name each column once", "data.column_order")
    if not set(map(str, columns)) <= set(COLUMNS):
        raise _refused(400, f"columns are {', '.join(COLUMNS)}", "data.column_order")
    if not isinstance(rows, list) or not 1 <= len(rows) <= ROWS:
        raise _refused(400, f"user_data must hold 1 to {ROWS} rows", "data.user_data")
    if not all(isinstance(row, list) and len(row) == len(columns) and any(row) for row in rows):
        raise _refused(400, "a row does not fit column_order", "data.user_data")
    if misfits(HASHES, [value for row in rows for value in row]):
        raise _refused(400, "a value is no SHA-256 in lower case", "data.user_data")
    order = sorted(range(len(columns)), key=lambda place: COLUMNS.index(columns[place]))
    people = [tuple(row[place] for place in order if row[place]) for row in rows]
    audience.add(people) if data["action_type"] == "ADD" else audience.remove(people)
    return Reply(status=204, body=None)


REDDIT = StandIn(
    slug="reddit",
    handle=handle,
    tokens_at=(GRANTS_AT,),
    throttled=lambda _wait: _error(429, "Too Many Requests"),
    broken=lambda: _error(500, "Internal Server Error"),
    expired=lambda: _error(401, "Unauthorized"),
)
