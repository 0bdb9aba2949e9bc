"""The orchestration of a sync, written once, for the CLI and for a durable function in AWS.

It only decides what comes next, from what the steps before it answered. All work is behind the
steps, which remember what is done: run again from the start with the same answers, it comes to
the same place. Between steps travel names and counts, never a person's data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from audiences.flows.run_report import Report
from shared.errors import (
    ConfigurationError,
    CredentialError,
    IntegrityError,
    RejectedError,
    RetryableError,
)

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 300.0
Told = Mapping[str, Any]


class Steps(Protocol):
    """Does pieces of work; each answers once, however often the run is begun anew."""

    @property
    def patience_seconds(self) -> float:
        """How long to wait for a platform that answers later."""
        ...

    def lake(self, work: str, what: Told) -> Told:
        """Do what needs the tables: look, refresh, map, plan, settle."""
        ...

    def light(self, work: str, what: Told) -> Told:
        """Do what needs the platform or small state: ready, send, ask, discard, waiting."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        ...

    def part_size(self, requests: int) -> int:
        """Say how many of a run's requests one piece of sending takes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for: one audience at one destination."""

    audience: str
    destination: str
    mode: str | None = None
    dry_run: bool = False
    approve: str = ""
    repair: bool = False  # send again everything that should be held

    @property
    def pair(self) -> dict[str, Any]:
        """The pair that the run is for."""
        return {"audience": self.audience, "destination": self.destination}


def bring_in_step(steps: Steps, wish: Wish) -> Report:
    """Bring an interrupted run to its end, then refresh, map, plan, send, follow and settle.

    Raises:
        BridgeError: as the pieces of work say; outcomes so far are kept.
    """
    ready = steps.light("ready", {**wish.pair, "dry_run": wish.dry_run})
    before = None if wish.dry_run else _resume(steps, wish)
    if before is not None and before.status in ("waiting", "cancelled"):
        return replace(before, resumed=before.run)
    steps.lake("refresh", {"audience": wish.audience})
    unasked = _map(steps, wish) if ready.get("maps") else {}
    report = _report(steps.lake("plan", _to_plan(wish, before, unasked)))
    if report.status == "planned":
        report = _carry_out(steps, wish, report.run, report.requests)
    if before is None:
        return report
    if not report.requests and report.status == "done":
        warnings = [*before.warnings, *report.warnings]
        before = replace(before, warnings=warnings, unasked=report.unasked)
        return replace(before, status="done", resumed=before.run)
    return replace(report, resumed=before.run)


def _to_plan(wish: Wish, before: Report | None, unasked: Told) -> Told:
    """Say what to plan; what is not usual is said only where it is so."""
    asked = {"mode": wish.mode, "dry_run": wish.dry_run, "approve": wish.approve}
    if wish.repair:
        asked["repair"] = True
    if before is not None and before.status == "done":
        asked["resumed"] = before.run
    return {**wish.pair, **asked, **({"unasked": unasked} if unasked else {})}


def _map(steps: Steps, wish: Wish) -> Told:
    """Let contacts be mapped to the ids that the platform takes, until none is left.

    Who maps them may be away, or not let us in: the platform is brought in step without it, and
    what came between is returned.
    """
    try:
        while int(steps.lake("map", wish.pair)["left"]):
            pass
    except (ConfigurationError, CredentialError, RejectedError, RetryableError) as error:
        return {"code": error.code, "detail": str(error)}
    return {}


def _resume(steps: Steps, wish: Wish) -> Report | None:
    """Bring the interrupted run of this pair to its end, if there is one."""
    found = steps.lake("look", wish.pair)
    run = str(found["run"])
    if not run:
        return None
    if found["go_on"]:
        return _carry_out(steps, wish, run, int(found["requests"]))
    report = give_up(steps, wish, run)
    if report.status == "cancelled":  # it was before this sync began, which is another wish
        return None
    if found["moved"]:
        raise IntegrityError(
            f"what {wish.destination} holds of {wish.audience} was changed by somebody else since "
            f"run {run} was planned; nothing more of it was sent, and what is uncertain will be "
            "planned anew: look at `bridge run show`, then run again"
        )
    return report


def _carry_out(steps: Steps, wish: Wish, run: str, requests: int) -> Report:
    what = {**wish.pair, "run": run}
    adopted, warnings = False, list[str]()
    try:
        start, size, waited = 0, steps.part_size(requests), False
        while start < requests:
            told = steps.light("send", {**what, "start": start, "stop": start + size})
            adopted = adopted or bool(told["adopted"])
            warnings += [one for one in told["warnings"] if one not in warnings]
            if told.get("cancelled"):
                return give_up(steps, wish, run, adopted=adopted)
            if told.get("void"):
                give_up(steps, wish, run, adopted=adopted)
                raise RejectedError(str(told["void"]))
            if told.get("waits"):
                if waited or _still_open(steps, what):
                    return _report(steps.light("waiting", what))
                waited = True
            elif not told["left"]:
                start += size
    except IntegrityError:
        give_up(steps, wish, run)
        raise
    if _still_open(steps, what):
        return _report(steps.light("waiting", what))
    return _report(steps.lake("settle", {**what, "adopted": adopted, "warnings": warnings}))


def give_up(steps: Steps, wish: Wish, run: str, *, adopted: bool = False) -> Report:
    """Settle a run as it stands; what the platform was still at is asked for once more.

    An audience that the run has made to take another's place goes again.

    Raises:
        BridgeError: as the pieces of work say.
    """
    what = {**wish.pair, "run": run}
    _still_open(steps, what)
    steps.light("discard", what)
    return _report(steps.lake("settle", {**what, "abandoned": True, "adopted": adopted}))


def _still_open(steps: Steps, what: Told) -> bool:
    """Ask until nothing is open or patience is at its end; return whether to come back later."""
    waited, pause = 0.0, _FIRST_PAUSE
    while True:
        still_open, stale = _asked(steps, what)
        if not still_open:
            return False
        if waited >= steps.patience_seconds:
            return not stale
        steps.wait(pause)
        waited, pause = waited + pause, min(pause * 2, _LONGEST_PAUSE)


def _asked(steps: Steps, what: Told) -> tuple[int, bool]:
    still_open, start = 0, 0
    while True:
        told = steps.light("ask", {**what, "start": start})
        still_open += int(told["open"])
        start = int(told["next"])
        if not start:
            return still_open, bool(told["stale"])


def _report(told: Told) -> Report:
    return Report(**told["report"])
