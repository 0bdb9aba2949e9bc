"""Sync: bring one platform's audience in step with ours, and go on where a killed run stopped."""

from __future__ import annotations

from dataclasses import replace

from audiences.delivery.outbox import Plan, read_plan, recorded_ids
from audiences.destinations import Destination
from audiences.flows import load
from audiences.flows.deliver import abandon, close, deliver_plan, known_id, open_key, open_run
from audiences.flows.plan import Asked, latest_inputs, make_plan, place_of, terms_of
from audiences.flows.refresh import refresh
from audiences.flows.settle import Report, held_moved, report_of
from audiences.flows.workspace import Workspace
from audiences.lake.layout import new_id
from audiences.rules.spec import Audience
from shared.clock import parse_instant
from shared.errors import GuardError, IntegrityError


def sync(
    workspace: Workspace,
    audience: str,
    destination: str,
    *,
    mode: str | None = None,
    dry_run: bool = False,
    approve: str = "",
) -> Report:
    """Refresh, plan, deliver and settle one audience at one destination.

    A run that was interrupted is brought to its end first; what it had not sent before its plan
    went stale is planned anew.

    Raises:
        ConfigurationError, CredentialError, RejectedError, RetryableError, IntegrityError: as
            their docstrings say; outcomes so far are kept.
    """
    rule, to = load.audience(workspace, audience), load.destination(workspace, destination)
    if not dry_run:
        workspace.secrets.resolve(to.credentials)  # a missing secret is said before any work
    own = next((entry.mode for entry in rule.sync if entry.to == destination), "mirror")
    asked = Asked(run=new_id(workspace.now()), mode=mode or own, dry_run=dry_run, approve=approve)
    with workspace.lock(f"sync/{destination}/{audience}"):
        before = None if dry_run else _resume(workspace, rule, to)
        if before is not None and before.status == "waiting":
            return replace(before, resumed=before.run)
        refresh(workspace, audience)
        plan = make_plan(
            workspace,
            rule,
            to,
            asked=asked,
            audience_id=known_id(workspace, to, audience),
            inputs=latest_inputs(workspace.lake, audience, destination),
        )
        report = _carry_out(workspace, to, plan)
        if before is None:
            return report
        if not plan.requests and report.status == "done":
            return replace(before, status="done", resumed=before.run)
        return replace(report, resumed=before.run)


def _carry_out(workspace: Workspace, to: Destination, plan: Plan) -> Report:
    if plan.dry_run:
        return report_of(plan, "dry_run")
    if plan.stopped:
        return report_of(plan, "stopped")
    if not plan.requests:
        return close(workspace, plan, report_of(plan, "done"))
    if held_moved(workspace, plan):
        raise IntegrityError(
            f"what {plan.destination} holds of {plan.audience} was changed by somebody else while "
            f"run {plan.run} was planned; nothing was sent: run again"
        )
    open_run(workspace, plan)
    return deliver_plan(workspace, to, plan)


def _resume(workspace: Workspace, rule: Audience, to: Destination) -> Report | None:
    """Bring the interrupted run of this pair to its end, if there is one.

    What it has not sent goes out only while it is what would be planned now: after new records,
    a new rule or a new policy somebody may be in it who must not be sent any more.
    """
    noted = workspace.kv.get(open_key(to.name, rule.name)) or ""
    run, _, sealed = noted.partition(" ")
    plan = read_plan(workspace.lake.store, run, sealed) if run else None
    if plan is None:
        return None
    if plan.place == place_of(to) and held_moved(workspace, plan):
        abandon(workspace, to, plan)
        raise IntegrityError(
            f"what {to.name} holds of {rule.name} was changed by somebody else since run {run} was "
            "planned; nothing more of it was sent, and what is uncertain will be planned anew: "
            "look at `bridge run show`, then run again"
        )
    all_sent = {r.id for r in plan.requests} <= recorded_ids(workspace.lake.store, run)
    current = (
        workspace.now() < parse_instant(plan.valid_until)
        and plan.terms == terms_of(rule, to)
        and plan.inputs["commits"] == sorted(workspace.lake.committed())
    )
    if plan.place == place_of(to) and (all_sent or current):
        return deliver_plan(workspace, to, plan)
    return abandon(workspace, to, plan)


def stopped(report: Report) -> GuardError:
    """Make the error that tells a person what the guard stopped and how to go on."""
    return GuardError(
        f"the guard stopped the sync of {report.audience} to {report.destination}: "
        f"{report.stopped}. Nothing was sent. Look at `bridge run show {report.run}`; "
        f"if it is right, run again with --approve {report.token}"
    )
