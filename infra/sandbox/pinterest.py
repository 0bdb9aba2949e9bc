"""The stand-in of Pinterest's API v5: customer lists, and the audiences made of them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from infra.sandbox.call import (
    Call,
    RefusedError,
    Reply,
    StandIn,
    counted,
    is_text,
    parse,
    spoilt,
    unknown_fields,
)
from infra.sandbox.oauth import Door, issue
from infra.sandbox.state import Audience, State

RECORDS = 10_000  # not documented; what connectors send, as are the bytes
BYTES = 1_000_000
SMALLEST = 100
FIRST_ID = 643_000_000
KINDS = ("EMAIL", "IDFA", "MAID", "LR_ID", "DLX_ID", "HASHED_PINNER_ID")
DIGEST = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}")
OPAQUE = re.compile(r"[A-Za-z0-9_+/=-]{1,128}")
GRANTS_AT = "/v5/oauth/token"
DOOR = Door(
    basic=True,
    life=timedelta(days=30),
    rotates=True,
    more={"refresh_token_expires_in": 5_184_000, "scope": "ads:read ads:write"},
)


def handle(call: Call, state: State) -> Reply:
    """Answer as the API does: JSON of the entity, or a code with a message."""
    if call.path in (GRANTS_AT, GRANTS_AT.removeprefix("/v5")):
        return issue(call, state, DOOR)
    if not state.knows(call.bearer):
        raise RefusedError(_error(401, 2, "Authentication failed."))
    path = call.path.removeprefix("/v5")
    match = re.fullmatch(r"/ad_accounts/([0-9]{1,18})/(customer_lists|audiences)(/[^/]+)?", path)
    if match is None:
        raise _refused(404, 50, "API method not found.")
    account, kind, one = match[1], match[2], (match[3] or "").removeprefix("/")
    if kind == "audiences":
        return _audiences(call, state, account, one)
    return _list(call, state, account, one) if one else _lists(call, state, account)


def _error(status: int, code: int, message: str) -> Reply:
    return Reply(status=status, body={"code": code, "message": message})


def _refused(status: int, code: int, message: str) -> RefusedError:
    return RefusedError(_error(status, code, message))


def _body(call: Call, known: tuple[str, ...], needed: tuple[str, ...]) -> dict[str, Any]:
    body = parse(call.body) if call.media_type == "application/json" else None
    if body is None:
        raise _refused(400, 1, "Invalid request: the body must be a JSON object.")
    if unknown := unknown_fields(body, known):
        why = f"Invalid request: Additional properties are not allowed ({unknown[0]!r})"
        raise _refused(400, 1, why)
    if missing := [name for name in needed if name not in body]:
        raise _refused(400, 1, f"Invalid request: {missing[0]!r} is a required property")
    return body


def _records(text: Any, kind: str, size: int) -> list[str]:
    """Return the records of one comma-separated text, all or none."""
    if not isinstance(text, str) or not text:
        raise _refused(400, 1, "Invalid request: records must be text, separated by commas")
    records = [record.strip() for record in text.split(",")]
    shape = OPAQUE if kind in ("LR_ID", "DLX_ID", "HASHED_PINNER_ID") else DIGEST
    if len(records) > RECORDS or size > BYTES:
        raise _refused(413, 1, "Invalid request: the request is too large")
    if not all(shape.fullmatch(record) for record in records):
        raise _refused(400, 1, "Invalid request: records holds values that are no digest")
    return records


def _lists(call: Call, state: State, account: str) -> Reply:
    if call.method == "GET":
        size = call.query.get("page_size", "25")
        if not size.isdecimal() or not 1 <= int(size) <= 250:
            raise _refused(400, 1, "Invalid request: page_size must be 1 to 250")
        start = int(call.query.get("bookmark", "0"))
        found, end = state.of("pinterest", account), start + int(size)
        page = {"items": [_shown(one) for one in found[start:end]]}
        return Reply(body=page | {"bookmark": str(end) if len(found) > end else None})
    if call.method != "POST":
        raise _refused(405, 1, "Method not allowed.")
    known = ("name", "records", "list_type", "exceptions")
    body = _body(call, known, ("name", "records"))
    kind = body.get("list_type", "EMAIL")
    if not is_text(body["name"], 255) or kind not in KINDS:
        raise _refused(400, 1, "Invalid request: name or list_type is not valid")
    records = _records(body["records"], kind, len(call.body))
    made = Audience(id=state.next_id(FIRST_ID), name=body["name"], account=account)
    made.facts = {"kind": kind, "batches": 0, "uploaded": 0, "removed": 0}
    _apply(call, made, "ADD", records)
    return Reply(body=_shown(state.make("pinterest", made)))


def _list(call: Call, state: State, account: str, list_id: str) -> Reply:
    found = state.platforms["pinterest"].get(list_id)
    if found is None or found.account != account:
        raise _refused(404, 4_170, "Customer list not found.")
    if call.method == "GET":
        return Reply(body=_shown(found))
    if call.method != "PATCH":
        raise _refused(405, 1, "Method not allowed.")
    needed = ("operation_type", "records")
    body = _body(call, (*needed, "exceptions"), needed)
    if body["operation_type"] not in ("ADD", "REMOVE"):
        raise _refused(400, 1, "Invalid request: operation_type must be ADD or REMOVE")
    records = _records(body["records"], found.facts.get("kind", "EMAIL"), len(call.body))
    _apply(call, found, body["operation_type"], records)
    return Reply(body=_shown(found))


def _apply(call: Call, found: Audience, operation: str, records: list[str]) -> None:
    taken = [(record,) for record in records[spoilt(len(records)) if call.spoil else 0 :]]
    counter = "uploaded" if operation == "ADD" else "removed"
    found.add(taken) if operation == "ADD" else found.remove(taken)
    # The counters rise with every call, duplicates included: they are no size.
    found.facts["batches"] = found.facts.get("batches", 0) + 1
    found.facts[counter] = found.facts.get(counter, 0) + len(taken)


def _shown(found: Audience) -> dict[str, Any]:
    return {
        "id": found.id,
        "ad_account_id": found.account,
        "name": found.name,
        "type": "customerlist",
        "status": "READY" if len(found.members) >= SMALLEST else "TOO_SMALL",
        "num_batches": found.facts.get("batches", 0),
        "num_uploaded_user_records": found.facts.get("uploaded", 0),
        "num_removed_user_records": found.facts.get("removed", 0),
        "created_time": 1_700_000_000,
        "updated_time": 1_700_000_000,
        "exceptions": {},
    }


def _audiences(call: Call, state: State, account: str, audience_id: str) -> Reply:
    made: dict[str, dict[str, Any]] = state.jobs.setdefault("pinterest audiences", {})
    mine = [one for one in made.values() if one["ad_account_id"] == account]
    if call.method == "GET" and audience_id:
        found = next((one for one in mine if one["id"] == audience_id), None)
        if found is None:
            raise _refused(404, 4_170, "Audience not found.")
        return Reply(body=_sized(state, found))
    if call.method == "GET":
        return Reply(body={"items": [_sized(state, one) for one in mine], "bookmark": None})
    known = ("ad_account_id", "name", "audience_type", "rule", "description")
    body = _body(call, known, ("name", "audience_type", "rule"))
    rule = body["rule"] if isinstance(body["rule"], dict) else {}
    source = state.platforms["pinterest"].get(str(rule.get("customer_list_id")))
    if source is None or source.account != account or body["audience_type"] != "CUSTOMER_LIST":
        raise _refused(400, 1, "Invalid request: rule must name a customer list of the account")
    new = {"id": state.next_id(FIRST_ID * 3), "type": "audience", **body, "ad_account_id": account}
    made[new["id"]] = new
    return Reply(body=_sized(state, new))


def _sized(state: State, audience: dict[str, Any]) -> dict[str, Any]:
    source = state.platforms["pinterest"][str(audience["rule"]["customer_list_id"])]
    size = len(source.members)
    return {**audience, "size": size, "status": "READY" if size >= SMALLEST else "TOO_SMALL"}


PINTEREST = StandIn(
    slug="pinterest",
    handle=handle,
    takes_rows=lambda call: "/customer_lists" in call.path and call.method in ("POST", "PATCH"),
    tokens_at=(GRANTS_AT, GRANTS_AT.removeprefix("/v5")),
    throttled=lambda _wait: _error(429, 8, "You have exceeded your rate limit."),
    paced=counted("x-ratelimit", epoch=False),
    broken=lambda: _error(500, 0, "Sorry! Something went wrong on our end."),
    expired=lambda: _error(401, 2, "Authentication failed."),
)
