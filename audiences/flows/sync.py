"""Sync: bring one platform's audience in step with ours, in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audiences.flows import deliver, load, prepare
from audiences.flows.bench import Bench
from audiences.flows.places import turn_name
from audiences.flows.run_report import Report
from audiences.flows.runs import plan_of
from audiences.flows.steps import Wish, bring_in_step, give_up
from audiences.flows.workspace import Workspace
from shared.errors import BridgeError, GuardError, RetryableError

PATIENCE_SECONDS = 90.0  # how long to wait for a platform that answers later


@dataclass(frozen=True, slots=True)
class InProcess:
    """Steps that are done at once; what an earlier process has done, they find in the lake."""

    workspace: Workspace
    bench: Bench
    patience_seconds: float = PATIENCE_SECONDS

    def lake(self, work: str, what: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what needs the tables."""
        return prepare.WORK[work](self.workspace, prepare.LakePiece(**what))

    def light(self, work: str, what: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what needs the platform."""
        return deliver.WORK[work](self.bench, deliver.Piece(**what))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.workspace.sleep(seconds)

    def part_size(self, requests: int) -> int:
        """Send all in one piece."""
        return max(requests, 1)


def sync(
    workspace: Workspace,
    audience: str,
    destination: str,
    *,
    mode: str | None = None,
    dry_run: bool = False,
    approve: str = "",
    repair: bool = False,
) -> Report:
    """Refresh, plan, deliver and settle one audience at one destination.

    A run that was interrupted is brought to its end first; what it had not sent before its plan
    went stale is planned anew.

    Raises:
        ConfigurationError, CredentialError, RejectedError, RetryableError, IntegrityError: as
            their docstrings say; outcomes so far are kept.
    """
    load.audience(workspace, audience)
    wish = Wish(
        audience=audience,
        destination=destination,
        mode=mode,
        dry_run=dry_run,
        approve=approve,
        repair=repair,
    )
    with workspace.lock(turn_name(destination, audience)):
        return bring_in_step(InProcess(workspace, workspace.bench()), wish)


def sync_and_tell(workspace: Workspace, audience: str, destination: str, **how: Any) -> Report:
    """Sync as `sync` does, and tell people of a run that wants a look.

    Raises:
        BridgeError: as `sync` does, after it was told.
    """
    teller = workspace.teller()
    pair = {"audience": audience, "destination": destination, "dry_run": bool(how.get("dry_run"))}
    try:
        report = sync(workspace, audience, destination, **how)
    except BridgeError as error:
        teller.tell_of({**pair, "status": "failed", "code": error.code, "detail": str(error)})
        raise
    teller.tell_of(report.as_json())
    return report


def stopped(report: Report) -> GuardError:
    """Make the error that tells a person what the guard stopped and how to go on."""
    return GuardError(
        f"the guard stopped the sync of {report.audience} to {report.destination}: "
        f"{report.stopped}. Nothing was sent. Look at `bridge run show {report.run}`; "
        f"if it is right, run again with --approve {report.token}"
    )


def end_cancelled(workspace: Workspace, run: str) -> Report | None:
    """Settle a run that was cancelled while nobody is at it; None where somebody is, who will."""
    plan = plan_of(workspace, run)
    wish = Wish(audience=plan.audience, destination=plan.destination)
    try:
        with workspace.lock(turn_name(plan.destination, plan.audience)):
            return give_up(InProcess(workspace, workspace.bench()), wish, run)
    except RetryableError:
        return None
