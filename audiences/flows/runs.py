"""Runs: what was planned, what came of it, and whether it can be made again bit for bit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from audiences.delivery import ledger
from audiences.delivery.ledger import Verified
from audiences.delivery.outbox import Plan, plan_key, read_plan, recorded_ids
from audiences.delivery.settle import final_outcome, verdict
from audiences.flows import load
from audiences.flows.places import report_key
from audiences.flows.plan import Asked, make_plan
from audiences.flows.workspace import Workspace
from audiences.lake.layout import new_id
from shared.clock import Clock, parse_instant
from shared.errors import DataError, IntegrityError


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run computed again from its own inputs, and whether it came out the same."""

    run: str
    replay: str
    same: bool
    digest: str
    replay_digest: str

    def as_json(self) -> dict[str, Any]:
        """Return the result with stable names."""
        return {name: getattr(self, name) for name in self.__slots__}


def list_runs(workspace: Workspace) -> list[dict[str, Any]]:
    """Return the runs that are still kept, newest first, each with its state."""
    store = workspace.lake.store
    runs = [
        found.key.split("/")[1]
        for found in store.list("outbox/")
        if found.key == plan_key(found.key.split("/")[1])
    ]
    return [_listed(workspace, run) for run in sorted(runs, reverse=True)]


def _listed(workspace: Workspace, run: str) -> dict[str, Any]:
    try:
        return _summary(workspace, _plan(workspace, run))
    except IntegrityError:  # one plan that was changed must not hide the others
        names = ("audience", "destination", "adds", "removes", "requests")
        told = ("accepted", "rejected", "unknown")
        return {"run": run, "status": "damaged", **dict.fromkeys((*names, *told))}


def _summary(workspace: Workspace, plan: Plan) -> dict[str, Any]:
    run = plan.run
    report = workspace.lake.read_json(report_key(run)) or {}
    return {
        "run": run,
        "audience": plan.audience,
        "destination": plan.destination,
        "status": report.get("status") or _state(workspace, plan),
        "adds": plan.changes.get("added", 0),
        "removes": plan.changes.get("removed", 0),
        "requests": len(plan.requests),
        "accepted": report.get("accepted"),
        "rejected": report.get("rejected"),
        "unknown": report.get("unknown"),
    }


def _state(workspace: Workspace, plan: Plan) -> str:
    if plan.dry_run:
        return "dry_run"
    if plan.stopped:
        return "stopped"
    return "interrupted" if recorded_ids(workspace.lake.store, plan.run) else "planned"


def show_run(workspace: Workspace, run: str) -> dict[str, Any]:
    """Return all that is kept of a run: plan, inputs, requests and their outcomes.

    Raises:
        DataError: when there is no such run.
        IntegrityError: when its plan is not what was written.
    """
    plan, store = _plan(workspace, run), workspace.lake.store
    requests = []
    for planned in plan.requests:
        outcome = final_outcome(store, run, planned.id)
        requests.append(
            {
                "id": planned.id,
                "rows": planned.rows,
                "bytes": planned.bytes,
                "method": planned.method,
                "path": planned.path,
                "sha256": planned.sha256,
                "outcome": verdict(outcome, planned.rows) if outcome else None,
                "rejected": len(outcome.rejected) + outcome.rejected_unnamed if outcome else None,
                "code": outcome.code if outcome else "",
                "body": f"outbox/{run}/{planned.id}.body",
            }
        )
    return _summary(workspace, plan) | {
        "mode": plan.mode,
        "as_of": plan.as_of,
        "valid_until": plan.valid_until,
        "platform": f"{plan.platform} {plan.version}",
        "rule_pack": plan.rule_pack,
        "changes": dict(plan.changes),
        "dropped": dict(plan.dropped),
        "digest": plan.digest,
        "stopped": plan.stopped,
        "token": plan.token,
        "inputs": {k: v for k, v in plan.inputs.items() if k != "commits"},
        "sent": requests,
    }


def replay_run(workspace: Workspace, run: str) -> Replayed:
    """Plan a run again from the inputs that it had, as a dry run, and compare the bytes.

    Raises:
        DataError: when there is no such run.
        IntegrityError: when one of its inputs is no longer kept.
    """
    plan = _plan(workspace, run)
    then = _at(workspace, plan)
    again = make_plan(
        then,
        load.audience(workspace, plan.audience),
        load.destination(workspace, plan.destination),
        asked=Asked(
            run=new_id(workspace.now()),
            mode="mirror" if plan.replaces else plan.mode,
            dry_run=True,
        ),
        audience_id=plan.replaces or plan.audience_id,
        inputs=plan.inputs,
    )
    return Replayed(run, again.run, again.digest == plan.digest, plan.digest, again.digest)


def _at(workspace: Workspace, plan: Plan) -> Workspace:
    return replace(workspace, clock=Clock(parse_instant(plan.as_of)))


def verify_ledger(workspace: Workspace) -> Verified:
    """Check the ledger of sends from its first link to its last."""
    return ledger.verify(workspace.lake)


def _plan(workspace: Workspace, run: str) -> Plan:
    safe = run.replace("-", "").isalnum()
    plan = read_plan(workspace.lake.store, run) if safe else None
    if plan is None:
        raise DataError(f"there is no run {run!r} (bridge run list shows those that are kept)")
    return plan
