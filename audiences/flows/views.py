"""Views: what the API shows and jobs make: an audience's size, a person; asked for, then read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.clock import Clock, iso, parse_instant
from shared.ports import Jobs, KeyValue, Store

ESTIMATE, PERSON = "estimate", "person"
FRESH = timedelta(hours=1)
PERSON_SECONDS = 600  # a person's data stays in small state for so long, and nowhere else
LARGEST = 350_000  # bytes of an entry in small state
_ASKED_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Views:
    """What showing needs of the world."""

    store: Store  # the lake's
    kv: KeyValue
    jobs: Jobs
    clock: Clock


def estimate_key(name: str) -> str:
    """Name the file of an audience's size."""
    return f"estimates/{name}.json"


def person_key(person: str) -> str:
    """Name the entry of a person's view."""
    return f"person/{person}"


def estimate(views: Views, name: str, tag: str) -> dict[str, Any] | None:
    """Return the size of this version of an audience, an hour old at most, or start counting."""
    data = views.store.get(estimate_key(name))
    told: dict[str, Any] = json.loads(data) if data else {}
    fresh = bool(told) and views.clock.now() - parse_instant(told["at"]) < FRESH
    if fresh and told["tag"] == tag:
        return told
    _start(views, ESTIMATE, name)
    return None


def person(views: Views, id_: str) -> dict[str, Any] | None:
    """Return the view of a person, or start making it."""
    text = views.kv.get(person_key(id_))
    if text is None:
        _start(views, PERSON, id_)
        return None
    told: dict[str, Any] = json.loads(text)
    return told


def keep_estimate(store: Store, clock: Clock, name: str, told: Mapping[str, Any]) -> None:
    """Keep an audience's size, or why it has none."""
    data = json.dumps({**told, "at": iso(clock.now())}, sort_keys=True).encode()
    store.put(estimate_key(name), data)


def keep_person(kv: KeyValue, id_: str, told: Mapping[str, Any]) -> None:
    """Keep a person's view for some minutes."""
    text = json.dumps(told, default=str)
    if len(text.encode()) > LARGEST:
        text = json.dumps({"error": "too much is known to show it here; use bridge person"})
    kv.put(person_key(id_), text, ttl_seconds=PERSON_SECONDS)


def _start(views: Views, kind: str, id_: str) -> None:
    if views.kv.put(f"asked/{kind}/{id_}", "", ttl_seconds=_ASKED_SECONDS, if_absent=True):
        views.jobs.start(kind, id_)
