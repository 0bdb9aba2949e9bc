"""The stand-in of TikTok's Marketing API v1.3: streaming segments; files are in `_tiktok_files`."""

from __future__ import annotations

import re
from typing import Any

from infra.sandbox._tiktok_files import FILES, files
from infra.sandbox._tiktok_refusals import BAD, checked, error, mine, ok, refused
from infra.sandbox.call import Call, Reply, StandIn, is_text, parse, spoilt
from infra.sandbox.state import Audience, State

ROWS = 1_000  # not documented; what connectors send
AUDIENCES = 400
FIRST_ID = 1_770_000_000_000_000
IDS = ("EMAIL_SHA256", "PHONE_SHA256", "IDFA_SHA256", "AAID_SHA256", "IDFA_MD5", "AAID_MD5")
HEX = {name: re.compile(f"[0-9a-f]{{{32 if name.endswith('MD5') else 64}}}") for name in IDS}
GRANTS_AT = "/oauth2/access_token/"


def handle(call: Call, state: State) -> Reply:
    """Answer as the API does: HTTP 200, and a code that says what happened."""
    path = call.path.removeprefix("/open_api/v1.3")
    if not path.endswith("/"):
        return Reply(status=404, body="404 page not found")
    if path == GRANTS_AT:
        return _token(call, state)
    token = call.headers.get("access-token", "")
    if not token:
        raise refused(40104, "Access token is empty.")
    if not state.knows(token):
        raise refused(40105, "Access token is incorrect or has been revoked.")
    match call.method, path:
        case "POST", "/segment/audience/":
            return _audience(_body(call), state)
        case "POST", "/segment/mapping/":
            return _mapping(call, _body(call), state)
        case _, _ if path in FILES:
            return files(call, state, path)
    raise refused(40006, "The API does not exist, or the method is not allowed.")


def _token(call: Call, state: State) -> Reply:
    body = checked(_body(call), ("app_id", "secret", "auth_code"))
    if call.method != "POST" or body.get("secret") != "sandbox" or body.get("app_id") != "sandbox":
        raise refused(40103, "The app id or the secret is incorrect.")
    code = body.get("auth_code")
    if not is_text(code, 256) or not state.once("tiktok", str(code)):
        raise refused(40110, "The authorization code is used or expired.")
    return ok({"access_token": "sandbox", "scope": [30, 31, 32], "advertiser_ids": []})


def _body(call: Call) -> dict[str, Any]:
    body = parse(call.body)
    if call.media_type != "application/json" or body is None:
        raise refused(BAD, "The body must be a JSON object.")
    return body


def _audience(body: dict[str, Any], state: State) -> Reply:
    names = ("advertiser_id", "action", "custom_audience_name", "delete_audience_id")
    account = checked(body, names).get("advertiser_id")
    if not re.fullmatch(r"[0-9]{1,20}", str(account)) or not isinstance(account, str):
        raise refused(BAD, "advertiser_id: Not a valid string of digits.")
    if body.get("action") == "delete":
        audience = mine(state, str(body.get("delete_audience_id")), [account])
        del state.platforms["tiktok"][audience.id]
        return ok({"audience_id": audience.id})
    name = body.get("custom_audience_name")
    if body.get("action") != "create" or not is_text(name, 128):
        raise refused(BAD, "action must be create or delete; custom_audience_name 1 to 128 long.")
    if len(state.of("tiktok", account)) >= AUDIENCES:
        raise refused(BAD, "The number of custom audiences reached the limit of the advertiser.")
    made = Audience(id=state.next_id(FIRST_ID), name=str(name), account=account)
    made.facts["streaming"] = True
    return ok({"audience_id": state.make("tiktok", made).id})


def _mapping(call: Call, body: dict[str, Any], state: State) -> Reply:
    checked(body, ("advertiser_ids", "action", "id_schema", "batch_data"))
    accounts, schema, rows = (body.get(n) for n in ("advertiser_ids", "id_schema", "batch_data"))
    if not isinstance(accounts, list) or not accounts:
        raise refused(BAD, "advertiser_ids: Missing data for required field.")
    if not isinstance(schema, list) or not schema or not set(map(str, schema)) <= set(IDS):
        raise refused(BAD, f"id_schema must hold some of {', '.join(IDS)}.")
    if len(set(schema)) != len(schema) or body.get("action") not in ("add", "delete"):
        raise refused(BAD, "id_schema has a type twice, or action is neither add nor delete.")
    if not isinstance(rows, list) or not 1 <= len(rows) <= ROWS:
        raise refused(BAD, f"batch_data must hold 1 to {ROWS} rows.")
    people = [_person(row, schema) for row in rows]
    wanted = {audience for person in people for audience in person}
    found = {one: mine(state, one, accounts) for one in wanted}
    if any(not audience.facts.get("streaming", True) for audience in found.values()):
        raise refused(BAD, "The audience cannot be edited: it was made from a file.")
    skipped = spoilt(len(people)) if call.spoil else 0
    for person in people[skipped:]:
        for audience_id, ids in person.items():
            audience = found[audience_id]
            audience.add([ids]) if body["action"] == "add" else audience.remove([ids])
    return error(20001, "Some of the data was not processed.") if skipped else ok({})


def _person(row: Any, schema: list[str]) -> dict[str, tuple[str, ...]]:
    """Return the identifiers of one person by audience."""
    if not isinstance(row, list) or len(row) != len(schema) or not any(row):
        raise refused(BAD, "batch_data: a row must have one object for each type of id_schema.")
    person: dict[str, tuple[str, ...]] = {}
    for kind, cell in zip(schema, row, strict=True):
        if cell == {}:
            continue
        if not isinstance(cell, dict) or set(cell) != {"id", "audience_ids"}:
            raise refused(BAD, "batch_data: an object must hold id and audience_ids, or nothing.")
        value, audiences = cell["id"], cell["audience_ids"]
        if not isinstance(value, str) or not HEX[kind].fullmatch(value):
            raise refused(BAD, f"batch_data: an id is no {kind}.")
        if not isinstance(audiences, list) or not audiences:
            raise refused(BAD, "batch_data: audience_ids must be a list of ids.")
        for audience in audiences:
            person[str(audience)] = (*person.get(str(audience), ()), value)
    return person


TIKTOK = StandIn(
    slug="tiktok",
    handle=handle,
    takes_rows=lambda call: call.path.endswith("/segment/mapping/"),
    tokens_at=(GRANTS_AT, "/open_api/v1.3" + GRANTS_AT),
    throttled=lambda _wait: error(40100, "Too many requests. Please retry later."),
    broken=lambda: error(50000, "Internal service error."),
    expired=lambda: error(40102, "Access token has expired."),
)
