"""Deliver: carry a plan out on its platform to the settled end, or give up one that grew old."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from audiences.delivery.audience import ensure_audience
from audiences.delivery.follow import follow
from audiences.delivery.outbox import Plan, seal
from audiences.delivery.pace import Pace
from audiences.delivery.sender import deliver
from audiences.delivery.session import Session
from audiences.destinations import Destination
from audiences.flows.plan import held_table, place_of
from audiences.flows.settle import Report, report_of, settle_run
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.platforms import platform
from audiences.platforms.base import Audience, Target
from shared.clock import parse_instant
from shared.errors import IntegrityError

PATIENCE_SECONDS = 90.0  # how long to wait for a platform that answers later


def open_key(destination: str, audience: str) -> str:
    """Name the note of the run that is under way for a pair."""
    return f"open/{destination}/{audience}"


def open_run(workspace: Workspace, plan: Plan) -> None:
    """Note that a run is under way, with the seal of its plan, so that a rerun goes on with it."""
    workspace.kv.put(open_key(plan.destination, plan.audience), f"{plan.run} {seal(plan)}")


def close(workspace: Workspace, plan: Plan, report: Report) -> Report:
    """Keep a run's final report, and note that it is no longer under way."""
    workspace.lake.write_json(report_key(plan.run), report.as_json(), if_absent=True)
    key = open_key(plan.destination, plan.audience)
    noted = workspace.kv.get(key) or ""
    if noted.partition(" ")[0] == plan.run:
        workspace.kv.delete(key, if_value=noted)
    return report


def report_key(run: str) -> str:
    """Name the final report of a run."""
    return f"runs/{run}.json"


def _id_key(place: str, audience: str) -> str:
    # The sandbox's ids are not the real platform's: the address is part of the place.
    return f"audience_id/{place}/{audience}"


def known_id(workspace: Workspace, to: Destination, audience: str) -> str | None:
    """Return an audience's id on its platform: as the file says, or as it was made or found."""
    if platform(to.platform).create is None:
        return audience
    noted = to.audience_ids.get(audience) or workspace.kv.get(_id_key(place_of(to), audience))
    held = snapshot.latest(workspace.lake, held_table(to.name, audience))
    if noted or held is None or held.about.get("place") != place_of(to):
        return noted
    return held.about.get("audience_id")


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


def deliver_plan(workspace: Workspace, to: Destination, plan: Plan) -> Report:
    """Send what a plan holds and has no outcome yet, follow it to its end, and settle it.

    Raises:
        CredentialError, RejectedError, RetryableError: outcomes so far are kept, and a rerun
            goes on from there.
        IntegrityError: when a planned body was changed; the run is given up.
    """
    session = open_session(workspace, to, plan.audience, plan.audience_id or "")
    audience_id, adopted = plan.audience_id, False
    if audience_id is None:
        audience_id, adopted = _make_audience(workspace, plan, session)
    session.target = replace(session.target, audience_id=audience_id)
    try:
        deliver(session, workspace.lake.store, plan, audience_id, _progress(workspace, plan))
    except IntegrityError:
        abandon(workspace, to, plan)
        raise
    still_open = follow(session, workspace.lake.store, plan, PATIENCE_SECONDS)
    if still_open and workspace.now() < parse_instant(plan.valid_until):
        return replace(report_of(plan, "waiting"), unknown=plan.rows("add") + plan.rows("remove"))
    counts = settle_run(workspace, plan, audience_id)
    report = report_of(plan, "done", counts)
    return close(workspace, plan, replace(report, audience_id=audience_id, adopted=adopted))


def abandon(workspace: Workspace, to: Destination, plan: Plan) -> Report:
    """Settle a plan as it stands and send no more of it: what has no outcome is unknown.

    What the platform was still working on is asked for once more.
    """
    audience_id = plan.audience_id or workspace.kv.get(_id_key(plan.place, plan.audience))
    if audience_id is None:  # without an audience nothing can have been sent
        return close(workspace, plan, report_of(plan, "abandoned"))
    if plan.place == place_of(to):
        session = open_session(workspace, to, plan.audience, audience_id)
        follow(session, workspace.lake.store, plan, PATIENCE_SECONDS)
    counts = settle_run(workspace, plan, audience_id)
    report = replace(report_of(plan, "abandoned", counts), audience_id=audience_id)
    return close(workspace, plan, report)


def _make_audience(workspace: Workspace, plan: Plan, session: Session) -> tuple[str, bool]:
    key = _id_key(plan.place, plan.audience)
    remembered = workspace.kv.get(key)
    if remembered:
        return remembered, False
    wanted = Audience(name=plan.audience, title=plan.title)
    audience_id, adopted = ensure_audience(session, wanted)
    workspace.kv.put(key, audience_id)
    return audience_id, adopted


def _progress(workspace: Workspace, plan: Plan) -> Callable[[int], None]:
    done = 0

    def advance(rows: int) -> None:
        nonlocal done
        done += rows
        workspace.progress(f"send {plan.audience} → {plan.destination}", done)

    return advance
