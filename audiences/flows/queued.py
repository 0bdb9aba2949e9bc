"""Queued: reads the messages that collecting wrote; one that cannot be read is nobody's call."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audiences.flows.collect import REFUSED, SIGHTING, VERSION
from audiences.flows.once import mark_of
from audiences.ingest.call_rows import Row, rows_of
from audiences.ingest.calls import KINDS, parse_time
from shared.clock import iso

TABLES = ("profiles", "events", "sightings")


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message as the queue delivered it."""

    id: str
    body: str


@dataclass(frozen=True, slots=True)
class Queued:
    """A message that could be read: one call, with the mark by which it is known again."""

    id: str
    mark: str
    source: str
    kind: str
    call: Mapping[str, Any]
    received: datetime


def read_messages(messages: Sequence[Delivered]) -> tuple[list[Queued], list[str]]:
    """Return the calls of messages, and the ids of messages that hold none."""
    read = [(message.id, _read(message)) for message in messages]
    return [q for _, q in read if q is not None], [id_ for id_, q in read if q is None]


def _read(message: Delivered) -> Queued | None:
    try:
        body = json.loads(message.body)
        received = parse_time(body["received"])
        call, kind, source = body["call"], body["kind"], body["source"]
        known = kind in (*KINDS, SIGHTING, REFUSED) and isinstance(source, str)
        if body["v"] != VERSION or not known or received is None:
            return None
        own = call.get("messageId") or hashlib.sha256(message.body.encode()).hexdigest()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return Queued(message.id, mark_of(source, str(own)), source, kind, call, received)


def table_rows(queued: Queued) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a call, each with the table that it is for."""
    if queued.kind == SIGHTING:
        yield "sightings", _sighting(queued)
    elif queued.kind != REFUSED:
        rows = rows_of(queued.kind, queued.call, queued.received)
        for table in TABLES:
            yield from ((table, row) for row in getattr(rows, table))


def _sighting(queued: Queued) -> Row:
    row = {name: value for name, value in queued.call.items() if name != "messageId"}
    traits = row.get("traits")
    row["traits"] = "|".join(map(str, traits)) if isinstance(traits, list) else traits
    row["seen_at"] = row.get("seen_at") or iso(queued.received)
    return {
        name: str(value).encode(errors="ignore").decode()
        for name, value in row.items()
        if isinstance(value, str | int | float)
    }
