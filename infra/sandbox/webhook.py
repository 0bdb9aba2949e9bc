"""The stand-in of a receiver of signed webhooks: HMAC over the body, CloudEvents, one use a key."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

from infra.sandbox.call import (
    Call,
    RefusedError,
    Reply,
    StandIn,
    is_text,
    parse,
    spoilt,
    unknown_fields,
)
from infra.sandbox.state import Audience, State

ROWS = 1_000
BYTES = 1024 * 1024
SKEW = 300.0  # seconds
SECRET = b"sandbox"
STRUCTURED = "application/cloudevents+json"
EVENT = ("specversion", "id", "source", "type")
KEYS = ("external_id", "email", "phone")
DATA = ("audience", "run_id", "batch_id", "sent_at", "members")
MEMBER = ("op", "keys", "attributes", "at")


def handle(call: Call, state: State) -> Reply:
    """Answer as a careful receiver does: any path is a hook, but /gone, which wants no more."""
    if call.path == "/gone":
        raise _refused(410, "gone", "This hook takes no more events")
    if call.method != "POST":
        raise _refused(405, "method_not_allowed", "Send a POST")
    if len(call.body) > BYTES:
        raise _refused(413, "too_large", f"A body has at most {BYTES} bytes")
    _verify(call, state)
    data = _event(call)
    again = _replayed(call, state)
    if again is not None:
        return again
    reply = _take(call, state, data)
    state.jobs[f"webhook {call.headers['idempotency-key']}"] = (_digest(call), reply)
    return reply


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status=status, body={"error": {"code": code, "message": message}})


def _refused(status: int, code: str, message: str) -> RefusedError:
    return RefusedError(_error(status, code, message))


def _digest(call: Call) -> str:
    return hashlib.sha256(call.body).hexdigest()


def _verify(call: Call, state: State) -> None:
    """Check the signature, over the body or over `timestamp.body`, and the timestamp's age."""
    moment = call.headers.get("x-timestamp", "")
    now = (datetime.now(UTC).timestamp(), state.clock.now().timestamp())
    sent = _seconds(moment)
    if sent is None or all(abs(one - sent) > SKEW for one in now):
        raise _refused(401, "stale", "X-Timestamp is missing, or not of now")
    given = call.headers.get("x-signature", "")
    signed = (call.body, f"{moment}.".encode() + call.body)
    wanted = ["sha256=" + hmac.new(SECRET, one, hashlib.sha256).hexdigest() for one in signed]
    if not any(hmac.compare_digest(given, one) for one in wanted):
        raise _refused(401, "bad_signature", "X-Signature does not fit the body")


def _seconds(moment: str) -> float | None:
    """Read epoch seconds, or ISO 8601 with a zone."""
    if moment.isdecimal():
        return float(moment)
    try:
        read = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return read.timestamp() if read.tzinfo else None


def _event(call: Call) -> dict[str, Any]:
    """Return the data of a CloudEvent 1.0 in structured or binary mode."""
    body = parse(call.body)
    if body is None:
        raise _refused(400, "not_json", "The body must be a JSON object")
    if call.media_type == STRUCTURED:
        facts, data = {name: body.get(name) for name in EVENT}, body.get("data")
    elif call.media_type == "application/json":
        facts, data = {name: call.headers.get(f"ce-{name}") for name in EVENT}, body
    else:
        raise _refused(415, "media_type", f"Send {STRUCTURED}, or JSON with ce- headers")
    if facts["specversion"] != "1.0" or not all(is_text(one, 2048) for one in facts.values()):
        raise _refused(400, "no_cloudevent", f"A CloudEvent has {', '.join(EVENT)}")
    if not isinstance(data, dict) or unknown_fields(data, DATA):
        raise _refused(400, "bad_data", f"data may hold {', '.join(DATA)}")
    return data


def _replayed(call: Call, state: State) -> Reply | None:
    """Return the first answer to a batch that came before, None for a new one."""
    key = call.headers.get("idempotency-key", "")
    if not is_text(key, 255):
        raise _refused(400, "no_key", "Idempotency-Key is required")
    before = state.jobs.get(f"webhook {key}")
    if before is None:
        return None
    digest, reply = before
    if digest != _digest(call):
        raise _refused(422, "key_reused", "Idempotency-Key was used for another body")
    return Reply(status=reply.status, body=reply.body, headers={"idempotent-replayed": "true"})


def _take(call: Call, state: State, data: dict[str, Any]) -> Reply:
    audience, members = data.get("audience"), data.get("members")
    if not isinstance(audience, dict) or not is_text(audience.get("id"), 256):
        raise _refused(400, "bad_data", "data.audience must hold an id")
    if not isinstance(members, list) or not 1 <= len(members) <= ROWS:
        raise _refused(400, "bad_data", f"data.members must be 1 to {ROWS}")
    name = str(audience.get("name", audience["id"]))
    made = Audience(id=audience["id"], name=name, account="")
    held = state.platforms["webhook"].setdefault(made.id, made)
    first = spoilt(len(members)) if call.spoil else 0
    errors = []
    for number, member in enumerate(members):
        keys = _keys(member)
        if number < first or not keys:
            code = "unavailable" if number < first else "bad_member"
            errors.append({"index": number, "code": code, "retryable": number < first})
        elif member["op"] == "add":
            held.add([keys])
        else:
            held.remove([keys])
    return Reply(body={"errors": errors})


def _keys(member: Any) -> tuple[str, ...]:
    """Return a member's keys in order, none when it is not well-formed."""
    if not isinstance(member, dict) or unknown_fields(member, MEMBER):
        return ()
    keys = member.get("keys")
    if member.get("op") not in ("add", "remove") or not isinstance(keys, dict):
        return ()
    if not set(keys) <= set(KEYS) or not all(is_text(one, 512) for one in keys.values()):
        return ()
    return tuple(keys[name] for name in KEYS if name in keys)


def _throttled(wait: float) -> Reply:
    reply = _error(429, "too_many", "Too many events")
    return Reply(status=429, body=reply.body, headers={"retry-after": str(round(wait))})


WEBHOOK = StandIn(
    slug="webhook",
    handle=handle,
    takes_rows=lambda call: call.path != "/gone",
    throttled=_throttled,
    broken=lambda: _error(500, "broken", "The receiver is broken"),
    expired=lambda: _error(401, "stale", "X-Timestamp is missing, or not of now"),
)
