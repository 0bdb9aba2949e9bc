"""Graph's `usersreplace`: one session of batches takes the place of all that an audience holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from infra.sandbox.state import Audience

_LIVES = timedelta(minutes=90)


@dataclass(slots=True)
class Replacing:
    """A replacement on its way: its session, when it began, and the batches so far."""

    session: int
    began: datetime
    batches: dict[int, list[tuple[str, ...]]] = field(default_factory=dict)


def replace_rows(
    audience: Audience, session: Any, rows: Iterable[tuple[str, ...]], now: datetime
) -> tuple[int, str] | None:
    """Take one batch in; return the subcode and message of a refusal, or None.

    A batch may come twice; the last one makes the change.
    """
    session = session if isinstance(session, dict) else {}
    number, seq = session.get("session_id"), session.get("batch_seq")
    if type(number) is not int or type(seq) is not int or seq < 1:
        return 1870148, "session_id and batch_seq are required"
    begun: Replacing | None = audience.replacing
    if number in audience.replaced:
        return 1870159, "the session is finished already"
    if begun is not None and begun.session != number and now < begun.began + _LIVES:
        return 1870145, "a replacement is running"
    if begun is None or begun.session != number:
        if seq != 1:
            return 1870147, "the first batch of the session is missing"
        begun = Replacing(session=number, began=now)
        audience.replacing = begun
    if now >= begun.began + _LIVES:
        return 1870158, "the session has timed out"
    begun.batches[seq] = list(rows)
    if session.get("last_batch_flag"):
        _finish(audience, begun)
    return None


def _finish(audience: Audience, begun: Replacing) -> None:
    audience.members, audience.index = {}, None
    for batch in begun.batches.values():
        audience.add(batch)
    audience.replacing = None
    audience.replaced.add(begun.session)
