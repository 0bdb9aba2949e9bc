"""Prepare: pieces of a run that read the tables: what lies open, what to send, and the settling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from audiences.delivery.outbox import Plan, read_plan, recorded_ids
from audiences.destinations import Destination
from audiences.flows import load
from audiences.flows.estimate import estimate
from audiences.flows.map_uid2 import map_uid2
from audiences.flows.news import concerns
from audiences.flows.places import cancel_key, held_table, id_key, open_key, place_of
from audiences.flows.plan import Asked, latest_inputs, make_plan
from audiences.flows.refresh import refresh
from audiences.flows.run_report import Report, open_run, read_open, report_of
from audiences.flows.settle import end_run, held_moved
from audiences.flows.taking import taking
from audiences.flows.terms import terms_of
from audiences.flows.unmapped import unmapped
from audiences.flows.watch import FOREVER
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.rules.spec import Audience
from shared.clock import parse_instant
from shared.errors import IntegrityError
from shared.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class LakePiece:
    """What a piece of work on the lake is told; nothing in it names a person."""

    audience: str
    destination: str = ""
    run: str = ""
    mode: str | None = None
    dry_run: bool = False
    approve: str = ""
    repair: bool = False
    resumed: str = ""  # the run that the same sync has just brought to its end
    abandoned: bool = False
    adopted: bool = False
    warnings: tuple[str, ...] = ()
    unasked: Mapping[str, str] = field(default_factory=dict)  # why contacts were not mapped
    owner: str = ""  # who asks: what it has planned itself, it is given again
    seconds: float = FOREVER  # how long it may take, where it can stop on the way


def look(workspace: Workspace, piece: LakePiece) -> Mapping[str, Any]:
    """Find the run of a pair that was interrupted, and say whether it may be gone on with.

    What it has not sent goes out only while it is what would be planned now: after new records of
    its people, a new rule or a new policy somebody may be in it who must not be sent any more.
    """
    nothing = {"run": "", "go_on": False, "moved": False, "requests": 0}
    noted = read_open(workspace.kv, piece.destination, piece.audience)
    if noted is None:
        return nothing
    plan = read_plan(workspace.lake.store, noted.run, noted.seal)
    if plan is None:
        workspace.kv.delete(open_key(piece.destination, piece.audience), if_value=noted.text)
        return nothing
    rule = load.audience(workspace, piece.audience)
    to = load.destination(workspace, piece.destination)
    here = plan.place == place_of(to)
    moved = here and held_moved(workspace, plan)
    # What closes names nobody: where all rows are through it is sent, however old the plan is.
    unsent = {*plan.before_close} - recorded_ids(workspace.lake.store, plan.run)
    wanted = workspace.kv.get(cancel_key(plan.run)) is None
    go_on = (
        wanted
        and here
        and not moved
        and (not unsent or _is_current(workspace, rule, to, plan, unsent))
    )
    return {"run": plan.run, "go_on": go_on, "moved": moved, "requests": len(plan.requests)}


def _is_current(
    workspace: Workspace, rule: Audience, to: Destination, plan: Plan, unsent: set[str]
) -> bool:
    return (
        workspace.now() < parse_instant(plan.valid_until)
        and plan.terms == terms_of(rule, to)
        and not concerns(workspace, plan, unsent)
    )


def freshen(workspace: Workspace, piece: LakePiece) -> Mapping[str, Any]:
    """Bring people and the audience up to now."""
    refresh(workspace, piece.audience)
    return {}


def map_contacts(workspace: Workspace, piece: LakePiece) -> Mapping[str, Any]:
    """Ask who maps contacts about those that are due, and say how many the time left over."""
    return map_uid2(workspace, piece.audience, piece.destination, piece.seconds).as_json()


def prepare(workspace: Workspace, piece: LakePiece) -> Mapping[str, Any]:
    """Plan a run and note that it is under way; one that its owner has planned is given again.

    Raises:
        IntegrityError: when somebody else sent or settled for the pair meanwhile.
        BridgeError: what kept contacts from being mapped, where nothing is known but them.
    """
    own = _own(workspace, piece)
    if own is not None:
        return {"report": report_of(own, "planned").as_json()}
    rule = load.audience(workspace, piece.audience)
    to = load.destination(workspace, piece.destination)
    mode = next((entry.mode for entry in rule.sync if entry.to == piece.destination), "mirror")
    asked = Asked(
        run=new_id(workspace.now()),
        mode=piece.mode or mode,
        dry_run=piece.dry_run,
        approve=piece.approve,
        unasked=piece.unasked,
    )
    plan = make_plan(
        workspace,
        rule,
        to,
        asked=asked,
        audience_id=known_id(workspace, to, piece.audience),
        inputs=latest_inputs(workspace.lake, rule, piece.destination) | _special(workspace, piece),
    )
    if plan.dry_run:
        told = estimate(workspace, plan, to)
        told["warnings"] += unmapped(workspace, rule, to, plan.dropped)
        return {"report": replace(report_of(plan, "dry_run"), estimate=told).as_json()}
    return {"report": _begun(workspace, plan, piece.owner).as_json()}


def _special(workspace: Workspace, piece: LakePiece) -> dict[str, Any]:
    """Name what makes a plan another one than the state alone would, where there is something.

    A repair that this sync has gone on with and brought to its end is not done a second time.
    """
    before = read_plan(workspace.lake.store, piece.resumed) if piece.resumed else None
    repair = piece.repair and not (before and before.inputs.get("repair"))
    found: dict[str, Any] = {"repair": repair, "resumed": piece.resumed}
    return {name: value for name, value in found.items() if value}


def _own(workspace: Workspace, piece: LakePiece) -> Plan | None:
    noted = read_open(workspace.kv, piece.destination, piece.audience)
    if noted is None or not piece.owner or noted.owner != piece.owner:
        return None
    return read_plan(workspace.lake.store, noted.run, noted.seal)


def _begun(workspace: Workspace, plan: Plan, owner: str) -> Report:
    if plan.stopped:
        return report_of(plan, "stopped")
    if not plan.requests:
        return end_run(workspace, plan)
    if held_moved(workspace, plan) or not open_run(workspace.kv, plan, owner):
        raise IntegrityError(
            f"what {plan.destination} holds of {plan.audience} was changed by somebody else while "
            f"run {plan.run} was planned; nothing was sent: run again"
        )
    return report_of(plan, "planned")


def known_id(workspace: Workspace, to: Destination, audience: str) -> str | None:
    """Return an audience's id on its platform: as the file says, or as it was made or found."""
    known, _ = taking(to)
    if known.create is None and known.find is None:  # it goes by names
        return to.audience_ids.get(audience, audience)
    noted = to.audience_ids.get(audience) or workspace.kv.get(id_key(place_of(to), audience))
    held = snapshot.latest(workspace.lake, held_table(to.name, audience))
    if noted or held is None or held.about.get("place") != place_of(to):
        return noted
    return held.about.get("audience_id")


def settle(workspace: Workspace, piece: LakePiece) -> Mapping[str, Any]:
    """Settle a run into what is held and the ledger, and close it; done once, however often asked.

    Raises:
        IntegrityError: when its plan is gone or is not what was written.
    """
    noted = read_open(workspace.kv, piece.destination, piece.audience)
    sealed = noted.seal if noted is not None and noted.run == piece.run else ""
    plan = read_plan(workspace.lake.store, piece.run, sealed)
    if plan is None:
        raise IntegrityError(f"the plan of run {piece.run} is gone: run again")
    report = end_run(
        workspace,
        plan,
        abandoned=piece.abandoned,
        adopted=piece.adopted,
        warnings=piece.warnings,
    )
    return {"report": report.as_json()}


WORK: Mapping[str, Callable[[Workspace, LakePiece], Mapping[str, Any]]] = {
    "look": look,
    "refresh": freshen,
    "map": map_contacts,
    "plan": prepare,
    "settle": settle,
}
