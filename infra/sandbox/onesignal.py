"""The stand-in of OneSignal's user model: a tag of a user stands for being in an audience."""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import unquote

from infra.sandbox.call import Call, RefusedError, Reply, StandIn, is_text, parse, unknown_fields
from infra.sandbox.state import Audience, State

TAGS = 100
BODY = ("identity", "properties", "subscriptions", "refresh_device_metadata", "deltas")
PROPERTIES = ("tags", "language", "timezone_id", "country", "first_active", "last_active")


def handle(call: Call, state: State) -> Reply:
    """Answer as the API does."""
    kind, _, key = call.headers.get("authorization", "").partition(" ")
    if kind not in ("Key", "Basic") or not state.knows(key):
        raise RefusedError(_forbidden())
    path = call.path.removeprefix("/api/v1")
    match = re.fullmatch(r"/apps/([0-9A-Za-z-]{1,64})/users(?:/by/external_id/([^/]+))?", path)
    if match is None:
        raise _refused(404, "Not found")
    known: dict[str, dict[str, str]] = state.jobs.setdefault(f"onesignal {match[1]}", {})
    external = unquote(match[2]) if match[2] else ""
    match call.method, bool(external):
        case "POST", False:
            return _create(call, state, known)
        case "PATCH", True:
            return _update(call, state, known, external)
        case "GET", True:
            return Reply(body=_shown(external, _found(known, external)))
        case "DELETE", True:
            for audience in state.platforms["onesignal"].values():
                audience.remove([(external,)])
            del known[external]
            return Reply(status=202, body={"identity": {"external_id": external}})
    raise _refused(405, "Method not allowed")


def _error(status: int, title: str) -> Reply:
    return Reply(status=status, body={"errors": [{"title": title}]})


def _refused(status: int, title: str) -> RefusedError:
    return RefusedError(_error(status, title))


def _forbidden() -> Reply:
    why = "Access denied. Please include an 'Authorization: ...' header with a valid API key"
    return Reply(status=403, body={"errors": [why]})


def _found(known: dict[str, dict[str, str]], external: str) -> dict[str, str]:
    if external not in known:
        raise _refused(404, "User not found")
    return known[external]


def _body(call: Call) -> dict[str, Any]:
    body = parse(call.body) if call.media_type == "application/json" else None
    if body is None:
        raise _refused(400, "The body must be a JSON object")
    if unknown := unknown_fields(body, BODY):
        raise _refused(400, f"Unexpected field: {unknown[0]}")
    return body


def _tags(body: dict[str, Any]) -> dict[str, str]:
    """Return the tags that a body sets; an empty one takes a tag away."""
    properties = body.get("properties", {})
    tags = properties.get("tags", {}) if isinstance(properties, dict) else None
    if not isinstance(tags, dict) or unknown_fields(properties, PROPERTIES):
        raise _refused(400, "properties must be an object with tags")
    if len(tags) > TAGS or not all(isinstance(v, str | int | float) for v in tags.values()):
        raise _refused(400, f"At most {TAGS} tags, whose values are text or numbers")
    return {name: str(value) for name, value in tags.items()}


def _create(call: Call, state: State, known: dict[str, dict[str, str]]) -> Reply:
    body = _body(call)
    identity = body.get("identity")
    external = identity.get("external_id") if isinstance(identity, dict) else None
    if not is_text(external, 128) or not isinstance(body.get("subscriptions", []), list):
        raise _refused(400, "identity must hold an external_id of 1 to 128 characters")
    tags, new = _tags(body), external not in known
    _apply(state, known.setdefault(str(external), {}), str(external), tags)
    return Reply(status=201 if new else 200, body=_shown(str(external), tags))


def _shown(external: str, tags: dict[str, str]) -> dict[str, Any]:
    identity = {"identity": {"external_id": external}, "properties": {"tags": tags}}
    return {**identity, "subscriptions": []}


def _update(call: Call, state: State, known: dict[str, dict[str, str]], external: str) -> Reply:
    body, mine = _body(call), _found(known, external)
    if not body:
        raise _refused(400, "The body must say what to change")
    tags = _tags(body)
    _apply(state, mine, external, tags)
    return Reply(status=202, body={"properties": {"tags": tags}})


def _apply(state: State, mine: dict[str, str], external: str, tags: dict[str, str]) -> None:
    audiences = state.platforms["onesignal"]
    for name, value in tags.items():
        audience = audiences.setdefault(name, Audience(id=name, name=name, account=""))
        if value:
            mine[name] = value
            audience.add([(external,)])
        else:
            mine.pop(name, None)
            audience.remove([(external,)])


def _throttled(wait: float) -> Reply:
    reply = _error(429, "API rate limit exceeded")
    return Reply(status=429, body=reply.body, headers={"retry-after": str(math.ceil(wait))})


ONESIGNAL = StandIn(
    slug="onesignal",
    handle=handle,
    throttled=_throttled,
    broken=lambda: _error(500, "Internal server error"),
    expired=_forbidden,
)
