"""The stand-in of Braze: a boolean attribute of a user stands for being in an audience."""

from __future__ import annotations

import re
from typing import Any

from infra.sandbox.call import Call, RefusedError, Reply, StandIn, counted, parse, spoilt
from infra.sandbox.state import Audience, State

OBJECTS = {"/users/track": 75, "/users/track/bulk": 1_000}
BYTES = {"/users/track": 4 * 1024 * 1024, "/users/track/bulk": 2 * 1024 * 1024}
EXTERNAL_BYTES = 987
NAME = re.compile(r"\w{1,255}")
KEYS = ("external_id", "braze_id", "email", "phone")
Fault = dict[str, Any]


def handle(call: Call, state: State) -> Reply:
    """Answer as the REST API does."""
    if not state.knows(call.bearer):
        raise RefusedError(_error(401, "Invalid API key"))
    if call.path not in OBJECTS:
        raise _refused(404, "Not Found")
    if call.method != "POST":
        raise _refused(405, "Method Not Allowed")
    users = _users(call)
    errors = [fault for number, user in enumerate(users) if (fault := _fault(number, user))]
    if call.spoil:
        known = {fault["index"] for fault in errors}
        extra = [n for n in range(spoilt(len(users))) if n not in known]
        errors += [_wrong("The user could not be processed", n) for n in extra]
    lost = {fault["index"] for fault in errors}
    if len(lost) == len(users):
        return Reply(status=400, body={"message": errors[0]["type"], "errors": errors})
    for number, user in enumerate(users):
        if number not in lost:
            _apply(state, user)
    done = {"message": "success", "attributes_processed": len(users) - len(lost)}
    return Reply(status=201, body=done | ({"errors": errors} if errors else {}))


def _error(status: int, message: str) -> Reply:
    return Reply(status=status, body={"message": message})


def _refused(status: int, message: str) -> RefusedError:
    return RefusedError(_error(status, message))


def _users(call: Call) -> list[Any]:
    if len(call.body) > BYTES[call.path]:
        raise _refused(413, "The request body is too large")
    body = parse(call.body) if call.media_type == "application/json" else None
    if body is None:
        raise _refused(400, "The request body is not a JSON object")
    if unknown := sorted(set(body) - {"attributes", "events", "purchases"}):
        raise _refused(400, f"Unknown parameter {unknown[0]}")
    users = body.get("attributes")
    if not isinstance(users, list) or not users:
        raise _refused(400, "Valid data must be provided in the 'attributes' parameter")
    if len(users) > OBJECTS[call.path]:
        raise _refused(400, f"Maximum number of attributes objects is {OBJECTS[call.path]}")
    return users


def _wrong(kind: str, index: int) -> Fault:
    return {"type": kind, "input_array": "attributes", "index": index}


def _fault(index: int, user: Any) -> Fault | None:
    """Return what is wrong with one user, None when nothing is."""
    if not isinstance(user, dict):
        return _wrong("The attributes object is not an object", index)
    keys = [key for key in KEYS if key in user]
    if not keys:
        return _wrong("'external_id', 'braze_id', 'email' or 'phone' is required", index)
    external = user.get("external_id", "x")
    if not isinstance(external, str) or not external:
        return _wrong("'external_id' must be a string", index)
    if len(external.encode()) > EXTERNAL_BYTES:
        return _wrong("EXTERNAL_USER_ID_TOO_LARGE", index)
    names = [name for name in user if name not in (*KEYS, "_update_existing_only", "user_alias")]
    if not names or not all(NAME.fullmatch(name) for name in names):
        return _wrong("A custom attribute's name is not valid", index)
    return None


def _apply(state: State, user: dict[str, Any]) -> None:
    key = next(str(user[key]) for key in KEYS if key in user)
    audiences = state.platforms["braze"]
    for name, value in user.items():
        if type(value) is not bool or name.startswith("_"):
            continue
        audience = audiences.setdefault(name, Audience(id=name, name=name, account=""))
        audience.add([(key,)]) if value else audience.remove([(key,)])


BRAZE = StandIn(
    slug="braze",
    handle=handle,
    takes_rows=lambda call: call.path in OBJECTS,
    throttled=lambda _wait: _error(429, "Rate limit exceeded"),
    paced=counted("x-ratelimit", epoch=True),
    broken=lambda: _error(500, "Internal Server Error"),
    expired=lambda: _error(401, "Invalid API key"),
)
