"""What an operator's answer says of each digest: its raw id and until when, or why it has none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from audiences.identifiers.catalog import LONGEST_DAYS
from audiences.uid2.operator import WIRES, elements

MAPPED, OPTED_OUT, INVALID, UNKNOWN = "mapped", "optout", "invalid", "unknown"
# When to ask again about who has no id: an opt-out may be taken back, a digest never changes.
AGAIN = {OPTED_OUT: timedelta(days=7), INVALID: timedelta(days=30), UNKNOWN: timedelta(days=1)}
_LONGEST = timedelta(days=LONGEST_DAYS)
_SAID = {"optout": OPTED_OUT, "invalid identifier": INVALID}
_RAW_ID = re.compile(r"[A-Za-z0-9+/]{43}[A-Za-z0-9+/=]")
_MILLISECONDS = 10**11  # as seconds that is in the year 5138


@dataclass(frozen=True, slots=True)
class Mapped:
    """What is known of one digest; it is asked about again at `refresh_at`."""

    digest: bytes
    state: str  # mapped | optout | invalid | unknown
    refresh_at: datetime
    uid: str | None = None
    previous: str | None = None  # the id before, where it changed in the last 90 days


def read_answer(
    body: bytes, asked: Mapping[str, Sequence[bytes]], at: datetime
) -> tuple[Mapped, ...]:
    """Read a decrypted answer, whose elements stand in the order of the digests asked about."""
    found = elements(body)
    return tuple(
        _read(digest, element, at)
        for wire in WIRES
        for digest, element in zip(asked.get(wire, ()), found[wire], strict=True)
    )


def _read(digest: bytes, element: Mapping[str, object], at: datetime) -> Mapped:
    uid, previous, refresh = (element.get(name) for name in ("u", "p", "r"))
    if not isinstance(uid, str) or not _RAW_ID.fullmatch(uid) or not _is_instant(refresh):
        state = _SAID.get(str(element.get("e")), UNKNOWN)
        return Mapped(digest, state, at + AGAIN[state])
    seconds = float(str(refresh)) / (1000 if float(str(refresh)) >= _MILLISECONDS else 1)
    ends = datetime.fromtimestamp(seconds, UTC)
    before = previous if isinstance(previous, str) and _RAW_ID.fullmatch(previous) else None
    # It stands for a person's devices: no such id is kept for longer than 90 days.
    return Mapped(digest, MAPPED, min(ends, at + _LONGEST), uid, before)


def _is_instant(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 < float(str(value)) < _MILLISECONDS * 100
