"""Collect: check tracking calls as they arrive and put them on the queue; reads no lake."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audiences.flows.visitor import key_of, opted_out
from audiences.ingest.calls import KINDS, faults_of, parse_time
from shared.clock import Clock, iso
from shared.errors import ConfigurationError, Fault, RetryableError
from shared.log import log
from shared.ports import KeyValue, Queue

VERSION = 1  # of a message
SOURCE = "collector"  # of calls whose write key names no other
SIGHTING = "sighting"
REFUSED = "refused"
MOST_CALLS = 5_000
_SIGHTING = frozenset(
    {
        "messageId",
        "id_type",
        "id",
        "seen_at",
        "party",
        "traits",
        "country",
        "browser",
        "consent_string",
    }
    | {"link_type", "link_value"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """What collecting needs of the world."""

    queue: Queue
    kv: KeyValue
    clock: Clock
    secret: str  # the workspace's, to know an identifier that opted out
    write_keys: Mapping[str, str]  # digest of a write key -> source
    partners: frozenset[str] = frozenset()  # whose ids a browser may bring


@dataclass(frozen=True, slots=True)
class Sender:
    """Where calls come from: the write key's source, and what the request says of the visitor."""

    source: str
    cookie: str = ""  # the first-party id, where the visitor has one
    agent: str = ""
    refuses: bool = False  # Global Privacy Control, or an opt-out kept in the browser


@dataclass(frozen=True, slots=True)
class Refused:
    """One call that cannot be used: its place in the batch, and all that is wrong with it."""

    place: int
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of calls; those of visitors who opted out count as dropped, and look accepted."""

    accepted: int = 0
    dropped: int = 0
    refused: list[Refused] = field(default_factory=list)


def read_write_keys(entries: Iterable[str]) -> dict[str, str]:
    """Read write keys: `KEY`, or `SOURCE=KEY` where calls under it come from a source of its own.

    Raises:
        ConfigurationError: when a source's name is none; it does not repeat the key.
    """
    keys = {}
    for entry in entries:
        name, _, key = entry.rpartition("=")
        source = name or SOURCE
        if (
            not key
            or not source.replace("-", "").replace("_", "").isalnum()
            or not source.islower()
        ):
            raise ConfigurationError(
                "a write key is written KEY or source=KEY (source: a-z 0-9 - _)"
            )
        keys[_digest(key)] = source
    return keys


def source_of(collector: Collector, write_key: str) -> str | None:
    """Return the source that a write key stands for, or None for an unknown key."""
    # Looked up by digest: how long that takes says nothing of the key.
    return collector.write_keys.get(_digest(write_key))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def collect(collector: Collector, sender: Sender, calls: Sequence[tuple[str, Any]]) -> Collected:
    """Check calls (kind, call), drop those of who opted out, and queue the rest.

    A faulty call costs its neighbours nothing: it goes to the lake's rejects, without a value.

    Raises:
        RetryableError: when the queue did not take all; sending all again doubles nothing.
    """
    refused = [
        Refused(place, faults)
        for place, (kind, call) in enumerate(calls)
        if (faults := _faults(kind, call))
    ]
    bad = {each.place for each in refused}
    good = [_prepared(sender, kind, call) for n, (kind, call) in enumerate(calls) if n not in bad]
    kept = [] if sender.refuses else list(_allowed(collector, good))
    told = [] if sender.refuses or not kept else [_refusal(calls, each) for each in refused]
    _queue(collector, sender, [*kept, *told])
    result = Collected(len(good), len(good) - len(kept), refused)
    reasons = Counter(fault.where or "call" for each in refused for fault in each.faults)
    log(
        "collect", accepted=len(kept), dropped=result.dropped, refused=len(refused), reasons=reasons
    )
    return result


def _faults(kind: str, call: Any) -> list[Fault]:
    if kind != SIGHTING:
        return faults_of(kind, call)
    if not isinstance(call, dict):
        return [Fault("", "a sighting is a JSON object")]
    faults = [Fault(n, "is missing") for n in ("id_type", "id") if not _is_text(call.get(n))]
    if call.get("seen_at") is not None and parse_time(call["seen_at"]) is None:
        faults.append(Fault("seen_at", "is no time", "write 2026-11-21T06:00:00Z"))
    return faults


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= 1_024


def _prepared(sender: Sender, kind: str, call: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message of one call, with an id of its own and what the request adds to it."""
    if kind == SIGHTING:
        return {"kind": kind, "call": {k: v for k, v in call.items() if k in _SIGHTING}}
    made = {name: value for name, value in call.items() if name != "writeKey"}
    made["messageId"] = str(made.get("messageId") or uuid.uuid4())
    if sender.cookie:
        made["cookie"] = sender.cookie
    else:
        made.pop("cookie", None)
    context = made.get("context") or {}
    if sender.agent and not context.get("userAgent"):
        made["context"] = {**context, "userAgent": sender.agent}
    return {"kind": kind, "call": made}


def _allowed(collector: Collector, messages: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    keys = [set(_keys(collector.secret, message)) for message in messages]
    refusing = opted_out(collector.kv, set().union(*keys))
    return (m for m, own in zip(messages, keys, strict=True) if not own & refusing)


def _keys(secret: str, message: Mapping[str, Any]) -> Iterator[str]:
    call = message["call"]
    named = [("cookie", "cookie"), ("cookie", "anonymousId"), ("external_id", "userId")]
    pairs = [(kind, call.get(name)) for kind, name in named]
    traits = call.get("traits") if message["kind"] == "identify" else None
    pairs += [(kind, (traits or {}).get(kind)) for kind in ("email", "phone")]
    if message["kind"] == SIGHTING:
        pairs = [(str(call["id_type"]).lower(), call["id"]), _link(call)]
    for kind, value in pairs:
        found = key_of(secret, kind, str(value)) if isinstance(value, str | int) else None
        if found:
            yield found


def _link(call: Mapping[str, Any]) -> tuple[str, Any]:
    return str(call.get("link_type") or "").lower(), call.get("link_value")


def _refusal(calls: Sequence[tuple[str, Any]], refused: Refused) -> dict[str, Any]:
    kind, fault = calls[refused.place][0], refused.faults[0]
    known = kind if kind in (*KINDS, SIGHTING) else "call"
    return {"kind": REFUSED, "call": {"of": known, "field": fault.where, "reason": fault.what}}


def _queue(collector: Collector, sender: Sender, messages: Sequence[dict[str, Any]]) -> None:
    if not messages:
        return
    head = {"v": VERSION, "source": sender.source, "received": iso(collector.clock.now())}
    # ASCII: half a surrogate pair and control characters go through any queue as escapes.
    failed = collector.queue.put([json.dumps(head | message) for message in messages])
    if failed:
        raise RetryableError(f"{len(failed)} of {len(messages)} calls were not taken; send again")
