"""Watches a piece of sending: how far it is, whether its run was cancelled, whether time is up."""

from __future__ import annotations

import time
from collections.abc import Callable

from audiences.delivery.outbox import Plan
from audiences.flows.bench import Bench
from audiences.flows.places import cancel_key

FOREVER = float("inf")  # seconds of a piece that may take what it takes
_LOOK_SECONDS = 0.5  # between looks at whether a run was cancelled


class CancelledError(Exception):
    """Ends the sending of a run that was cancelled; what is in flight ends and stays done."""


class TimeUpError(Exception):
    """Ends a piece of work whose time is over; what has an outcome stays done."""


def is_cancelled(bench: Bench, run: str) -> bool:
    """Say whether somebody asked for the end of a run."""
    return bench.kv.get(cancel_key(run)) is not None


def watched(bench: Bench, plan: Plan, seconds: float) -> Callable[[int], None]:
    """Return what is called with each number of rows done; it raises where the sending must end."""
    done, until, looked = 0, time.monotonic() + seconds, 0.0

    def advance(rows: int) -> None:
        nonlocal done, looked
        done += rows
        if time.monotonic() > looked + _LOOK_SECONDS:
            looked = time.monotonic()
            if is_cancelled(bench, plan.run):
                raise CancelledError
        bench.progress(f"send {plan.audience} → {plan.destination}", done)
        if time.monotonic() > until:
            raise TimeUpError

    return advance
