"""The circuit breaker: an account that did not answer in several runs is left alone for a while."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from audiences.delivery.session import Session
from shared.clock import iso, parse_instant
from shared.errors import RetryableError
from shared.ports import KeyValue

PATIENT_RUNS = 3  # so many runs in a row may fail before the next ones are not begun
FIRST_REST, LONGEST_REST = timedelta(minutes=5), timedelta(hours=1)
_KEPT_SECONDS = 2 * 86_400


@contextmanager
def circuit(kv: KeyValue, session: Session, place: str) -> Iterator[None]:
    """Let a run speak with its account, unless that has failed too often just now.

    A run fails here when a request used up its attempts; what a platform refuses is an answer.

    Raises:
        RetryableError: when the account is left alone; it says until when.
    """
    key, now = f"breaker/{place}", session.clock.now()
    failures, until = _read(kv, key)
    if until is not None and now < until:
        raise RetryableError(
            f"{session.platform.title} did not answer in {failures} runs; this account is left "
            f"alone until {iso(until)}: run again then, nothing is lost"
        )
    try:
        yield
    except RetryableError:
        if session.lost:
            _note(kv, key, failures + 1, session.clock.now())
        raise
    if failures:
        kv.delete(key)


def _read(kv: KeyValue, key: str) -> tuple[int, datetime | None]:
    try:
        note = json.loads(kv.get(key) or "{}")
        until = note.get("until")
        return int(note.get("failures", 0)), parse_instant(until) if until else None
    except (ValueError, TypeError, AttributeError):
        return 0, None


def _note(kv: KeyValue, key: str, failures: int, now: datetime) -> None:
    over = failures - PATIENT_RUNS
    until = iso(now + min(FIRST_REST * 2 ** min(over, 8), LONGEST_REST)) if over >= 0 else None
    text = json.dumps({"failures": failures, "until": until})
    kv.put(key, text, ttl_seconds=_KEPT_SECONDS)
