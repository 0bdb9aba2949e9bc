"""Runs: what was planned, and what came of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from audiences.delivery import ledger
from audiences.delivery.ledger import Verified
from audiences.delivery.outbox import Plan, plan_key, read_plan, recorded_ids
from audiences.delivery.outcomes import outcomes
from audiences.delivery.settle import verdict
from audiences.flows.places import open_key, report_key
from audiences.flows.proof import check_pieces
from audiences.flows.workspace import Workspace
from shared.errors import DataError, IntegrityError


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
        return _summary(workspace, plan_of(workspace, run))
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
    # A run that was begun is noted as open, also where nothing of it was answered yet.
    noted = workspace.kv.get(open_key(plan.destination, plan.audience)) or ""
    begun = noted.partition(" ")[0] == plan.run or recorded_ids(workspace.lake.store, plan.run)
    return "interrupted" if begun else "planned"


def show_run(workspace: Workspace, run: str) -> dict[str, Any]:
    """Return all that is kept of a run: plan, inputs, requests and their outcomes.

    Raises:
        DataError: when there is no such run.
        IntegrityError: when its plan is not what was written.
    """
    plan, store = plan_of(workspace, run), workspace.lake.store
    last, requests = outcomes(store, run).last(p.id for p in plan.requests), []
    kept = {found.key for found in store.list(f"outbox/{run}/")}
    for planned in plan.requests:
        recorded, body = last.get(planned.id), f"outbox/{run}/{planned.id}.body"
        outcome = recorded.outcome if recorded else None
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
                "body": body if body in kept else "",  # gone where it held contacts in clear
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


def verify_ledger(workspace: Workspace) -> Verified:
    """Check the ledger of sends from its first link to its last, and the pieces of its requests."""
    found = ledger.verify(workspace.lake)
    return replace(found, faults=(*found.faults, *check_pieces(workspace.lake)))


def plan_of(workspace: Workspace, run: str) -> Plan:
    """Return the plan of a run that is kept.

    Raises:
        DataError: when there is no such run.
        IntegrityError: when its plan is not what was written.
    """
    safe = run.replace("-", "").isalnum()
    plan = read_plan(workspace.lake.store, run) if safe else None
    if plan is None:
        raise DataError(f"there is no run {run!r} (bridge run list shows those that are kept)")
    return plan
