"""Tracking calls: what Segment's HTTP specification asks of each, checked without side effects."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.errors import Fault

KINDS = ("identify", "track", "page", "screen", "group", "alias")
LARGEST_CALL = 32 * 1024  # bytes of one call, as Segment has it
LARGEST_BATCH = 500 * 1024
MOST_DEEP = 20  # objects within objects
LONGEST_ID = 256
LONGEST_NAME = 200
_TIME = "write an ISO 8601 time such as 2026-11-21T06:00:00.000Z"
_WHO = Fault("userId", "is missing, as is anonymousId", "send one of them")
Call = Mapping[str, Any]


def faults_of(kind: str, call: Any) -> list[Fault]:
    """Return all that is wrong with one call; no fault repeats a value."""
    if kind not in KINDS:
        return [Fault("type", "is no kind of call", f"use {', '.join(KINDS)}")]
    if not isinstance(call, dict):
        return [Fault("", "a call is a JSON object")]
    if _depth(call) > MOST_DEEP:
        return [Fault("", f"objects stand more than {MOST_DEEP} deep", "flatten them")]
    if len(json.dumps(call, ensure_ascii=False).encode(errors="replace")) > LARGEST_CALL:
        return [Fault("", f"the call is larger than {LARGEST_CALL // 1024} KB", "send less in it")]
    return [*_shapes(call), *_required(kind, call)]


def _depth(value: Any) -> int:
    """Count how deep a value goes, level by level, as a hostile one would overflow the stack."""
    depth, level = 0, [value]
    while level and depth <= MOST_DEEP:
        depth += 1
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
    return depth


def _is_id(value: Any) -> bool:
    number = isinstance(value, int) and not isinstance(value, bool)
    return number or (isinstance(value, str) and len(value) <= LONGEST_ID)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_NAME


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_time(value: Any) -> bool:
    return parse_time(value) is not None


_Check = tuple[Callable[[Any], bool], str]
_ID: _Check = (_is_id, f"must be text of {LONGEST_ID} characters at most")
_NAME: _Check = (_is_name, f"must be text of {LONGEST_NAME} characters at most")
_OBJECT: _Check = (_is_object, "must be an object")
_SHAPES: Mapping[str, _Check] = {
    **dict.fromkeys(("userId", "anonymousId", "previousId", "groupId", "messageId"), _ID),
    **dict.fromkeys(("event", "name", "category"), _NAME),
    **dict.fromkeys(("traits", "properties", "context"), _OBJECT),
    **dict.fromkeys(("timestamp", "sentAt"), (_is_time, "is no time")),
}


def _shapes(call: Call) -> list[Fault]:
    return [
        Fault(name, problem, _TIME if problem == "is no time" else "")
        for name, (check, problem) in _SHAPES.items()
        if call.get(name) is not None and not check(call[name])
    ]


def _required(kind: str, call: Call) -> list[Fault]:
    needed = {"track": ("event",), "group": ("groupId",), "alias": ("previousId", "userId")}
    missing = [Fault(name, "is missing") for name in needed.get(kind, ()) if not _has(call, name)]
    if kind != "alias" and not _has(call, "userId") and not _has(call, "anonymousId"):
        missing.append(_WHO)
    return missing


def _has(call: Call, name: str) -> bool:
    value = call.get(name)
    return value is not None and str(value).strip() != ""


def parse_time(value: Any) -> datetime | None:
    """Read an ISO 8601 time, in UTC where it names no zone; None for anything else."""
    if not isinstance(value, str) or not 10 <= len(value) <= 40:
        return None
    try:
        read = datetime.fromisoformat(value.strip())
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def happened_at(call: Call, received: datetime) -> datetime:
    """Return when a call's event happened by our clock.

    The client's clock may be wrong; how long before sending it happened is still right. Nothing
    happens after it was received.
    """
    said, sent = parse_time(call.get("timestamp")), parse_time(call.get("sentAt"))
    if said is None:
        return received
    if sent is None:
        return min(said, received)
    return _before(received, sent - said)


def _before(received: datetime, ago: timedelta) -> datetime:
    try:
        return min(received - ago, received)
    except OverflowError:
        return received
