"""The stand-in of Criteo's Marketing Solutions API: contact lists, one identifier type a call."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from infra.sandbox.call import (
    UUID,
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

IDENTIFIERS = 50_000
FIRST_ID = 700_000  # a segment's id fits 32 bits
VERSIONS = ("2026-01", "2026-07", "2027-01", "preview", "experimental")
GRANTS_AT = "/oauth2/token"
# Criteo's own client looks for a refresh token in every answer.
DOOR = Door(
    grants=("client_credentials", "refresh_token"),
    life=timedelta(minutes=15),
    more={"refresh_token": None},
)
PLACE = re.compile(r"(?:/([^/]+)/marketing-solutions)?/(audience-segments|audiences)(/.*)?")
DIGEST = re.compile(r"[0-9a-f]{64}|[0-9a-f]{32}")
OPAQUE = re.compile(r"[A-Za-z0-9_+/=.~-]{1,256}")
KINDS = {
    "email": DIGEST,
    "madid": UUID,
    "identityLink": OPAQUE,
    "gum": OPAQUE,
    "phoneNumber": DIGEST,
}
AMENDMENT = ("operation", "identifierType", "identifiers", "gumCallerId", "internalIdentifiers")


def handle(call: Call, state: State) -> Reply:
    """Answer as the API does: JSON:API-like data, or errors with a code in kebab case."""
    if call.path == GRANTS_AT:
        return issue(call, state, DOOR)
    if not call.bearer:
        raise _refused(401, "authorization-token-missing", "Authorization token missing")
    if not state.knows(call.bearer):
        raise _refused(401, "authorization-token-invalid", "Authorization token invalid")
    match = PLACE.fullmatch(call.path)
    if match is None:
        raise _refused(404, "resource-not-found", "Resource not found")
    if match[1] and match[1] not in VERSIONS:
        raise _refused(410, "version-gone", "This version of the API is no longer there")
    tail = match[3] or ""
    if match[2] == "audiences":
        return _audiences(call, state, tail)
    if call.method == "POST" and tail in ("/create", "/search", "/delete", "/compute-sizes"):
        return {"/create": _create, "/search": _search, "/delete": _delete}.get(tail, _sizes)(
            call, state
        )
    if place := re.fullmatch(r"/([0-9]{1,10})/contact-list(/statistics)?", tail):
        audience = state.platforms["criteo"].get(place[1])
        if audience is None:
            raise _refused(404, "audience-invalid", "Audience not found or not accessible")
        return _contacts(call, audience, statistics=place[2] is not None)
    raise _refused(404, "resource-not-found", "Resource not found")


def _error(status: int, code: str, title: str) -> Reply:
    kind = {401: "access-control", 403: "access-control", 429: "quota"}.get(status, "validation")
    one = {
        "traceId": "standin",
        "type": "availability" if status >= 500 else kind,
        "code": code,
        "instance": "/audience-segments",
        "title": title,
        "detail": title,
    }
    return Reply(status=status, body={"errors": [one], "warnings": []})


def _refused(status: int, code: str, title: str) -> RefusedError:
    return RefusedError(_error(status, code, title))


def _body(call: Call) -> Any:
    body = parse(call.body) if call.media_type == "application/json" else None
    if body is None or set(body) != {"data"}:
        raise _refused(400, "model-validation-error", "The body must be a JSON object with data")
    return body["data"]


def _done(data: Any, **more: Any) -> Reply:
    return Reply(body={"data": data, "errors": [], "warnings": [], **more})


def _create(call: Call, state: State) -> Reply:
    data = _body(call)
    one = data[0] if isinstance(data, list) and len(data) == 1 else {}
    new = one.get("attributes") if isinstance(one, dict) else None
    if not isinstance(new, dict) or unknown_fields(
        new, ("advertiserId", "name", "description", "contactList")
    ):
        raise _refused(400, "model-validation-error", "data must hold one segment's attributes")
    account = str(new.get("advertiserId", ""))
    if not is_text(account, 20) or not is_text(new.get("name"), 256):
        raise _refused(400, "required-field", "advertiserId and name are required")
    if not isinstance(new.get("contactList"), dict):
        raise _refused(400, "required-field", "The stand-in makes contact lists only")
    if any(a.name == new["name"] for a in state.of("criteo", account)):
        raise _refused(400, "name-must-be-unique", "The name of a segment must be unique")
    made = Audience(id=state.next_id(FIRST_ID), name=new["name"], account=account)
    return _done([_shown(state.make("criteo", made))])


def _shown(audience: Audience) -> dict[str, Any]:
    facts = {
        "name": audience.name,
        "advertiserId": audience.account,
        "type": "ContactList",
        "contactList": {"isFromPublicApi": True},
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
    }
    return {"id": audience.id, "type": "AudienceSegment", "attributes": facts}


def _search(call: Call, state: State) -> Reply:
    data = _body(call)
    wanted = data.get("attributes") if isinstance(data, dict) else None
    known = ("advertiserIds", "audienceSegmentIds", "audienceSegmentTypes", "retailerIds")
    limit, offset = call.query.get("limit", "100"), call.query.get("offset", "0")
    if not isinstance(wanted, dict) or unknown_fields(wanted, known):
        raise _refused(400, "model-validation-error", "data.attributes must say what to look for")
    if not limit.isdecimal() or not offset.isdecimal() or int(limit) > 100:
        raise _refused(400, "model-validation-error", "limit must be at most 100")
    found = [
        _shown(one)
        for one in state.platforms["criteo"].values()
        if one.account in (wanted.get("advertiserIds") or [one.account])
        and one.id in (wanted.get("audienceSegmentIds") or [one.id])
    ]
    meta = {"totalItems": len(found), "limit": int(limit), "offset": int(offset)}
    return _done(found[int(offset) : int(offset) + int(limit)], meta=meta)


def _audiences(call: Call, state: State, tail: str) -> Reply:
    """Make audiences of segments, which ad sets target, and list them."""
    made: list[dict[str, Any]] = state.jobs.setdefault("criteo audiences", [])
    data = _body(call) if call.method == "POST" else None
    if tail == "/search":
        return _done(made, meta={"totalItems": len(made)})
    if tail != "/create" or not isinstance(data, list) or len(data) != 1:
        raise _refused(400, "model-validation-error", "data must hold one audience")
    new = data[0].get("attributes") if isinstance(data[0], dict) else None
    known = ("advertiserId", "name", "description", "algebra")
    if not isinstance(new, dict) or unknown_fields(new, known) or not is_text(new.get("name"), 256):
        raise _refused(400, "model-validation-error", "data must hold an audience's attributes")
    algebra = new.get("algebra")
    segment = algebra.get("audienceSegmentId") if isinstance(algebra, dict) else None
    if segment not in state.platforms["criteo"]:
        raise _refused(400, "segment-not-found", "The algebra names no known segment")
    if any(one["attributes"]["name"] == new["name"] for one in made):
        # Of several only some may be made, so an error of one stands in a success.
        error = _error(200, "name-must-be-unique", "The name of an audience must be unique").body
        return Reply(body={"data": [], **error}) if isinstance(error, dict) else Reply()
    made.append({"id": str(len(made) + 1), "type": "Audience", "attributes": new})
    return _done([made[-1]])


def _ids(call: Call, state: State) -> list[str]:
    data = _body(call)
    ids = [str(one.get("id")) for one in data] if isinstance(data, list) else []
    if not ids or not set(ids) <= set(state.platforms["criteo"]):
        raise _refused(404, "audience-invalid", "Audience not found or not accessible")
    return ids


def _delete(call: Call, state: State) -> Reply:
    ids = _ids(call, state)
    for one in ids:
        del state.platforms["criteo"][one]
    return _done([{"id": one, "type": "AudienceSegment"} for one in ids])


def _sizes(call: Call, state: State) -> Reply:
    known = state.platforms["criteo"]
    sizes = [
        {"id": one, "attributes": {"size": len(known[one].members)}} for one in _ids(call, state)
    ]
    return _done(sizes)


def _contacts(call: Call, audience: Audience, *, statistics: bool) -> Reply:
    if statistics and call.method == "GET":
        count = len(audience.members)
        facts = {"numberOfIdentifiers": count, "numberOfMatches": count, "matchRate": 1.0}
        return _done({"id": audience.id, "type": "ContactListStatistics", "attributes": facts})
    if call.method == "DELETE" and not statistics:
        audience.replace([])
        return _done({"id": audience.id, "type": "AudienceSegment"})
    if call.method != "PATCH" or statistics:
        raise _refused(405, "method-not-allowed", "Method not allowed")
    return _amend(call, audience)


def _amend(call: Call, audience: Audience) -> Reply:
    data = _body(call)
    change = data.get("attributes") if isinstance(data, dict) else None
    if not isinstance(change, dict) or data.get("type") != "ContactlistAmendment":
        raise _refused(400, "model-validation-error", "type must be ContactlistAmendment")
    kind, values = _identifiers(change)
    bad = {n for n, value in enumerate(values) if not KINDS[kind].fullmatch(value)}
    bad |= set(range(spoilt(len(values)) if call.spoil else 0))
    rows = [(value,) for n, value in enumerate(values) if n not in bad]
    audience.add(rows) if change["operation"] == "add" else audience.remove(rows)
    facts = {
        "contactListId": int(audience.id),
        "operation": change["operation"],
        "requestDate": "2026-01-01T00:00:00Z",
        "identifierType": kind,
        "nbValidIdentifiers": len(rows),
        "nbInvalidIdentifiers": len(bad),
        "sampleInvalidIdentifiers": [values[n] for n in sorted(bad)[:10]],
    }
    return _done({"type": "ContactlistAmendment", "attributes": facts})


def _identifiers(change: dict[str, Any]) -> tuple[str, list[str]]:
    """Return the type and the values of an amendment that is well-formed."""
    if unknown_fields(change, AMENDMENT) or change.get("operation") not in ("add", "remove"):
        raise _refused(400, "model-validation-error", "operation must be add or remove")
    kind, values = str(change.get("identifierType")), change.get("identifiers")
    if kind not in KINDS or (kind == "gum") != (change.get("gumCallerId") is not None):
        raise _refused(400, "model-validation-error", f"identifierType is one of {list(KINDS)}")
    if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
        raise _refused(400, "model-validation-error", "identifiers must be a list of strings")
    if len(values) > IDENTIFIERS:
        raise _refused(413, "request-too-large", f"At most {IDENTIFIERS} identifiers")
    return kind, values


CRITEO = StandIn(
    slug="criteo",
    handle=handle,
    takes_rows=lambda call: call.method == "PATCH" and call.path.endswith("/contact-list"),
    tokens_at=(GRANTS_AT,),
    throttled=lambda _wait: _error(429, "quota-exceeded", "Too many calls"),
    paced=counted("x-ratelimit", epoch=True),
    broken=lambda: _error(500, "internal-server-error", "Internal server error"),
    expired=lambda: _error(401, "authorization-token-expired", "Authorization token expired"),
)
