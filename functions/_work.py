"""Pieces of work between functions: what one is asked for, and what it answers.

An error that we raise on purpose is an answer too: a durable function keeps answers, and decides by
them what comes next. What is raised is a crash, and is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from shared.errors import BridgeError, DataError, IntegrityError, kind_of
from shared.leases import Leases
from shared.log import log

SFTP = "sftp"  # the scheme of addresses that `drop` delivers to, and `deliver` does not


@dataclass(frozen=True, slots=True)
class Asked:
    """One piece of work as it is asked for."""

    work: str
    what: Mapping[str, Any] = field(default_factory=dict)
    owner: str = ""  # the durable execution; it has the turn of the pair
    turn: str = ""  # the name of that turn


def asked(event: Mapping[str, Any], works: Mapping[str, Any], model: type) -> Asked:
    """Read an event as a piece of work.

    Raises:
        DataError: when it is none; it names fields, and repeats no value.
    """
    faults = [name for name in event if name not in ("work", "what", "owner", "turn")]
    what = event.get("what", {})
    if event.get("work") not in works:
        faults.append("work")
    if not isinstance(what, dict) or not {*what} <= {f.name for f in fields(model)}:
        faults.append("what")
    if faults:
        known = ", ".join(sorted(works))
        raise DataError(f"the event is no piece of work: look at {faults} (work: {known})")
    return Asked(event["work"], what, str(event.get("owner", "")), str(event.get("turn", "")))


def answer(leases: Callable[[], Leases], piece: Asked, do: Callable[[], Any]) -> dict[str, Any]:
    """Do a piece of work in its owner's turn, and answer with what came of it."""
    try:
        if piece.turn and not leases().take(piece.turn, piece.owner):
            raise IntegrityError(f"{piece.turn} is another one's turn by now; nothing was done")
        return {"done": dict(do())}
    except BridgeError as error:
        log("piece", level="warning", error=error, step=piece.work, code=error.code)
        return {"error": error.code, "detail": str(error)}


def result(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a piece of work came to.

    Raises:
        BridgeError: of the kind that the piece ended with.
    """
    if "error" not in told:
        done: Mapping[str, Any] = told["done"]
        return done
    raise kind_of(str(told["error"]))(str(told.get("detail", "")))
