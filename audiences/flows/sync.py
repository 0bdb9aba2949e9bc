"""Sync: bring one platform's audience in step with ours, and go on where a killed run stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from audiences.delivery.audience import ensure_audience
from audiences.delivery.follow import follow
from audiences.delivery.outbox import Plan, read_plan, recorded_ids
from audiences.delivery.pace import Pace
from audiences.delivery.sender import deliver
from audiences.delivery.session import Session
from audiences.destinations import Destination
from audiences.flows import load
from audiences.flows.plan import Asked, held_table, latest_inputs, make_plan
from audiences.flows.refresh import refresh
from audiences.flows.settle import Report, report_of, settle_run
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.lake.layout import new_id
from audiences.platforms import platform
from audiences.platforms.base import Audience, Target
from shared.clock import parse_instant
from shared.errors import GuardError, IntegrityError

PATIENCE_SECONDS = 90.0  # how long to wait for a platform that answers later


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
        before = None if dry_run else _resume(workspace, to, audience)
        refresh(workspace, audience)
        plan = make_plan(
            workspace,
            rule,
            to,
            asked=asked,
            audience_id=_known_id(workspace, to, audience),
            inputs=latest_inputs(workspace.lake, audience, destination),
        )
        report = _carry_out(workspace, to, plan)
        if before is None:
            return report
        if not plan.requests and report.status == "done":
            return replace(before, resumed=before.run)
        return replace(report, resumed=before.run)


def _carry_out(workspace: Workspace, to: Destination, plan: Plan) -> Report:
    if plan.dry_run:
        return report_of(plan, "dry_run")
    if plan.stopped:
        return report_of(plan, "stopped")
    if not plan.requests:
        return _close(workspace, plan, report_of(plan, "done"))
    workspace.kv.put(_open_key(plan.destination, plan.audience), plan.run)
    return _deliver(workspace, to, plan)


def _open_key(destination: str, audience: str) -> str:
    return f"open/{destination}/{audience}"


def _id_key(to: Destination, audience: str) -> str:
    return f"audience_id/{to.platform}/{to.account}/{audience}"


def _known_id(workspace: Workspace, to: Destination, audience: str) -> str | None:
    if platform(to.platform).create is None:
        return audience
    return to.audience_ids.get(audience) or workspace.kv.get(_id_key(to, audience))


def open_session(workspace: Workspace, to: Destination, audience: str, audience_id: str) -> Session:
    """Open a session with a destination's account.

    Raises:
        ConfigurationError: when the credentials' reference names nothing.
    """
    known = platform(to.platform)
    return Session(
        platform=known,
        target=Target(
            account=to.account, audience=audience, audience_id=audience_id, options=to.options
        ),
        base_url=(to.base_url or known.base_url).rstrip("/"),
        credentials=workspace.secrets.resolve(to.credentials),
        http=workspace.http,
        clock=workspace.clock,
        sleep=workspace.sleep,
        pace=Pace(known.limits.per_second, workspace.sleep),
    )


def _deliver(workspace: Workspace, to: Destination, plan: Plan) -> Report:
    _same_state(workspace, plan)
    session = open_session(workspace, to, plan.audience, plan.audience_id or "")
    audience_id, adopted = plan.audience_id, False
    if audience_id is None:
        audience_id, adopted = _make_audience(workspace, to, plan, session)
    session.target = replace(session.target, audience_id=audience_id)
    deliver(session, workspace.lake.store, plan, audience_id, _progress(workspace, plan))
    still_open = follow(session, workspace.lake.store, plan, PATIENCE_SECONDS)
    if still_open:
        return replace(report_of(plan, "waiting"), unknown=plan.rows("add") + plan.rows("remove"))
    counts = settle_run(workspace, plan, audience_id)
    report = report_of(plan, "done", counts)
    return _close(workspace, plan, replace(report, audience_id=audience_id, adopted=adopted))


def _progress(workspace: Workspace, plan: Plan) -> Callable[[int], None]:
    done = 0

    def advance(rows: int) -> None:
        nonlocal done
        done += rows
        workspace.progress(f"send {plan.audience} → {plan.destination}", done)

    return advance


def _make_audience(
    workspace: Workspace, to: Destination, plan: Plan, session: Session
) -> tuple[str, bool]:
    remembered = workspace.kv.get(_id_key(to, plan.audience))
    if remembered:
        return remembered, False
    wanted = Audience(name=plan.audience, title=plan.title)
    audience_id, adopted = ensure_audience(session, wanted)
    workspace.kv.put(_id_key(to, plan.audience), audience_id)
    return audience_id, adopted


def _same_state(workspace: Workspace, plan: Plan) -> None:
    latest = snapshot.latest(workspace.lake, held_table(plan.destination, plan.audience))
    number = latest.number if latest else None
    own = latest is not None and latest.about.get("run") == plan.run
    if number != plan.inputs["held"] and not own:
        raise IntegrityError(
            f"what {plan.destination} holds of {plan.audience} was changed since run {plan.run} "
            "was planned; nothing was sent"
        )


def _close(workspace: Workspace, plan: Plan, report: Report) -> Report:
    workspace.lake.write_json(report_key(plan.run), report.as_json(), if_absent=True)
    workspace.kv.delete(_open_key(plan.destination, plan.audience), if_value=plan.run)
    return report


def report_key(run: str) -> str:
    """Name the final report of a run."""
    return f"runs/{run}.json"


def _resume(workspace: Workspace, to: Destination, audience: str) -> Report | None:
    """Bring the interrupted run of this pair to its end, if there is one."""
    run = workspace.kv.get(_open_key(to.name, audience))
    plan = read_plan(workspace.lake.store, run) if run else None
    if plan is None:
        return None
    if workspace.now() <= parse_instant(plan.valid_until):
        return _deliver(workspace, to, plan)
    return _abandon(workspace, to, plan)


def _abandon(workspace: Workspace, to: Destination, plan: Plan) -> Report:
    """Settle a stale plan as it stands: what has no outcome is unknown, and is planned anew."""
    if not recorded_ids(workspace.lake.store, plan.run) and plan.audience_id is None:
        known = workspace.kv.get(_id_key(to, plan.audience))
        if known is None:
            return _close(workspace, plan, report_of(plan, "abandoned"))
    audience_id = plan.audience_id or workspace.kv.get(_id_key(to, plan.audience)) or ""
    counts = settle_run(workspace, plan, audience_id)
    return _close(
        workspace, plan, replace(report_of(plan, "abandoned", counts), audience_id=audience_id)
    )


def stopped(report: Report) -> GuardError:
    """Make the error that tells a person what the guard stopped and how to go on."""
    return GuardError(
        f"the guard stopped the sync of {report.audience} to {report.destination}: "
        f"{report.stopped}. Nothing was sent. Look at `bridge run show {report.run}`; "
        f"if it is right, run again with --approve {report.token}"
    )
