"""The stand-in of LinkedIn's DMP segments: versioned, Rest.li, an outcome for each element."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from infra.sandbox.call import (
    UUID,
    Call,
    RefusedError,
    Reply,
    StandIn,
    is_sha256,
    is_text,
    parse,
    spoilt,
    unknown_fields,
)
from infra.sandbox.oauth import Door, issue
from infra.sandbox.state import Audience, State

ELEMENTS = 5_000
SEGMENTS = 1_000
SMALLEST = 300
FIRST_ID = 10_500_000
VERSIONS = range(202512, 202613)  # a version lives for about a year
GRANTS_AT = "/oauth/v2/accessToken"
DOOR = Door(life=timedelta(days=60), more={"refresh_token_expires_in": 31_536_000})
ACCOUNT = re.compile(r"urn:li:sponsoredAccount:[0-9]{1,20}")
NAMES = {"firstName": 35, "lastName": 35, "title": 50, "company": 100, "country": 2}
CREATE = ("name", "sourcePlatform", "sourceSegmentId", "account", "type", "destinations")


def handle(call: Call, state: State) -> Reply:
    """Answer as the Marketing API does."""
    if call.path == GRANTS_AT:
        return issue(call, state, DOOR)
    _headers(call, state)
    path = call.path.removeprefix("/rest")
    if path == "/dmpSegments":
        return _create(call, state) if call.method == "POST" else _find(call, state)
    match = re.fullmatch(r"/dmpSegments/([0-9]{1,20})(/users)?", path)
    if match is None:
        raise _refused(404, "RESOURCE_NOT_FOUND", "No virtual resource found")
    segment = state.platforms["linkedin"].get(match[1])
    if segment is None:
        raise _refused(404, "NOT_FOUND", "Could not find the entity")
    if segment.facts.get("absent", 0) > 0:
        segment.facts["absent"] -= 1
        raise _refused(404, "NOT_FOUND", "Could not find the entity")
    return _users(call, segment) if match[2] else _one(call, state, segment)


def _headers(call: Call, state: State) -> None:
    token, version = call.bearer, call.headers.get("linkedin-version", "")
    if not token:
        raise _refused(401, "EMPTY_ACCESS_TOKEN", "Empty oauth2 access token", 65604)
    if not state.knows(token):
        raise _refused(401, "INVALID_ACCESS_TOKEN", "Invalid access token", 65600)
    if not version:
        raise _refused(400, "VERSION_MISSING", "A version must be present")
    if not re.fullmatch(r"20[0-9]{2}(0[1-9]|1[0-2])", version):
        raise _refused(400, "INVALID_VERSION", "The version must be in the format YYYYMM")
    if int(version) not in VERSIONS:
        why = f"Requested version {version} is not active"
        raise _refused(426, "NONEXISTENT_VERSION", why)
    if call.headers.get("x-restli-protocol-version") != "2.0.0":
        raise _refused(400, "ILLEGAL_ARGUMENT", "X-RestLi-Protocol-Version must be 2.0.0")


def _error(status: int, code: str, message: str, service: int | None = None) -> Reply:
    more = {} if service is None else {"serviceErrorCode": service}
    return Reply(status=status, body={"status": status, "code": code, "message": message, **more})


def _refused(status: int, code: str, message: str, service: int | None = None) -> RefusedError:
    return RefusedError(_error(status, code, message, service))


def _body(call: Call, known: tuple[str, ...]) -> dict[str, Any]:
    body = parse(call.body) if call.media_type == "application/json" else None
    if body is None:
        raise _refused(400, "MALFORMED_BODY", "The body must be a JSON object")
    if unknown := unknown_fields(body, known):
        why = f"/{unknown[0]} :: unrecognized field found but not allowed"
        raise _refused(400, "VALIDATION_ERROR", why)
    return body


def _create(call: Call, state: State) -> Reply:
    body = _body(call, CREATE)
    account, name = str(body.get("account")), body.get("name")
    if not ACCOUNT.fullmatch(account) or not is_text(name, 256):
        raise _refused(400, "VALIDATION_ERROR", "name and account are required")
    if body.get("type") != "USER":
        raise _refused(400, "VALIDATION_ERROR", "/type :: the stand-in makes USER segments only")
    if body.get("destinations") != [{"destination": "LINKEDIN"}]:
        raise _refused(400, "VALIDATION_ERROR", "/destinations :: LINKEDIN is required")
    if not is_text(body.get("sourcePlatform"), 100) or not is_text(
        body.get("sourceSegmentId", "x"), 256
    ):
        raise _refused(400, "VALIDATION_ERROR", "/sourcePlatform :: field is required")
    if len(state.of("linkedin", account)) >= SEGMENTS:
        raise _refused(429, "SEGMENT_LIMIT_EXCEEDED", "The account has too many DMP segments")
    segment = Audience(id=state.next_id(FIRST_ID), name=str(name), account=account)
    segment.facts = {n: body[n] for n in ("sourcePlatform", "sourceSegmentId") if n in body}
    segment.facts["absent"] = state.paces["linkedin"].absent
    state.make("linkedin", segment)
    headers = {"x-restli-id": segment.id, "x-linkedin-id": segment.id}
    return Reply(status=201, body=None, headers=headers)


def _find(call: Call, state: State) -> Reply:
    if call.method != "GET" or call.query.get("q") != "account":
        raise _refused(400, "ILLEGAL_ARGUMENT", "The finder is q=account")
    if "account=urn:" in call.raw_query:
        raise _refused(400, "ILLEGAL_ARGUMENT", "Invalid query parameters: encode the URN")
    known = {"q", "account", "sourceSegmentId", "sourcePlatform", "start", "count"}
    wanted = dict(parse_qsl(call.raw_query))
    if not set(wanted) <= known or not ACCOUNT.fullmatch(wanted.get("account", "")):
        raise _refused(400, "QUERY_PARAM_NOT_ALLOWED", "Unpermitted or wrong query parameters")
    found = [
        segment
        for segment in state.platforms["linkedin"].values()
        if _number(segment.account) == _number(wanted["account"])
        and all(segment.facts.get(n) == wanted[n] for n in wanted if n.startswith("source"))
    ]
    start, count = (wanted.get(name, usual) for name, usual in (("start", "0"), ("count", "10")))
    if not (start + count).isdecimal() or len(start + count) > 12 or int(count) < 1:
        raise _refused(400, "ILLEGAL_ARGUMENT", "start and count must be numbers")
    paging = {"start": int(start), "count": int(count), "total": len(found), "links": []}
    page = found[int(start) : int(start) + int(count)]
    return Reply(body={"paging": paging, "elements": [_shown(segment) for segment in page]})


def _number(account: str) -> str:
    return account.rpartition(":")[2]


def _one(call: Call, state: State, segment: Audience) -> Reply:
    match call.method, call.headers.get("x-restli-method", "").upper():
        case "GET", _:
            return Reply(body=_shown(segment))
        case "DELETE", _:
            del state.platforms["linkedin"][segment.id]
            return Reply(status=204, body=None)
        case "POST", "PARTIAL_UPDATE":
            patch = _body(call, ("patch",)).get("patch")
            change = patch.get("$set") if isinstance(patch, dict) else None
            if not isinstance(change, dict) or not is_text(change.get("name"), 256):
                raise _refused(400, "VALIDATION_ERROR", "patch.$set.name is required")
            segment.name = change["name"]
            return Reply(status=204, body=None)
    raise _refused(405, "METHOD_NOT_ALLOWED", "The method is not allowed")


def _shown(segment: Audience) -> dict[str, Any]:
    size = len(segment.members)
    destination = {
        "destination": "LINKEDIN",
        "status": "READY" if size else "BUILDING",
        "audienceSize": size if size >= SMALLEST else 0,
        "matchedCount": size,
        "destinationSegmentId": f"urn:li:adSegment:{segment.id}",
    }
    return {
        "id": int(segment.id),
        "name": segment.name,
        "account": segment.account,
        "type": "USER",
        "destinations": [destination],
        "inputCount": size,
        **{name: told for name, told in segment.facts.items() if name != "absent"},
    }


def _users(call: Call, segment: Audience) -> Reply:
    if call.method != "POST" or call.headers.get("x-restli-method", "").upper() != "BATCH_CREATE":
        raise _refused(400, "ILLEGAL_ARGUMENT", "X-RestLi-Method must be BATCH_CREATE")
    elements = _body(call, ("elements",)).get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= ELEMENTS:
        raise _refused(400, "VALIDATION_ERROR", f"elements must be 1 to {ELEMENTS}")
    for number, one in enumerate(elements):
        if not isinstance(one, dict) or unknown_fields(one, ("action", "userIds", *NAMES)):
            why = f"/elements/{number} :: unrecognized field found but not allowed"
            raise _refused(400, "VALIDATION_ERROR", why)
    first = spoilt(len(elements)) if call.spoil else 0
    results = [_element(segment, one, number < first) for number, one in enumerate(elements)]
    return Reply(body={"elements": results})


def _element(segment: Audience, one: dict[str, Any], spoil: bool) -> dict[str, Any]:
    ids = one.get("userIds", [])
    values = _ids(ids)
    names = tuple(str(one[n]) for n in NAMES if n in one)
    good = all(is_text(one[n], longest) for n, longest in NAMES.items() if n in one)
    named = "firstName" in one and "lastName" in one
    if spoil or values is None or not good or not (values or named):
        why = "userIds are not valid, or names are too long"
        error = {"status": 400, "code": "INVALID_USER", "message": why}
        return {"status": 400, "error": error}
    if one.get("action") not in ("ADD", "REMOVE"):
        error = {"status": 400, "code": "VALIDATION_ERROR", "message": "/action :: is required"}
        return {"status": 400, "error": error}
    row = values or (" ".join(names),)
    segment.add([row]) if one["action"] == "ADD" else segment.remove([row])
    return {"status": 201}


def _ids(ids: Any) -> tuple[str, ...] | None:
    """Return the values of the user ids; None when one is wrong."""
    good = isinstance(ids, list) and all(isinstance(i, dict) for i in ids)
    return tuple(str(i["idValue"]) for i in ids) if good and all(map(_well_formed, ids)) else None


def _well_formed(one: dict[str, Any]) -> bool:
    value = one.get("idValue")
    if set(one) != {"idType", "idValue"} or not isinstance(value, str):
        return False
    match one["idType"]:
        case "SHA256_EMAIL":
            return is_sha256(value)
        case "SHA512_EMAIL":
            return re.fullmatch(r"[0-9a-f]{128}", value) is not None
        case "GOOGLE_AID":
            return UUID.fullmatch(value) is not None
    return False


LINKEDIN = StandIn(
    slug="linkedin",
    handle=handle,
    takes_rows=lambda call: call.path.endswith("/users"),
    tokens_at=(GRANTS_AT,),
    throttled=lambda _wait: _error(429, "TOO_MANY_REQUESTS", "Resource level throttle limit"),
    broken=lambda: _error(500, "INTERNAL_SERVER_ERROR", "Internal Server Error"),
    expired=lambda: _error(401, "EXPIRED_ACCESS_TOKEN", "Expired access token", 65602),
)
