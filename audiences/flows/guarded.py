"""Guarded: lets the guard judge a plan, by what it would change and what the last run had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from audiences.delivery import guard
from audiences.delivery.outbox import Plan
from audiences.destinations import UNSET_GUARD, Destination, Guard
from audiences.flows.places import held_table
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot


def guarded(
    workspace: Workspace, plan: Plan, destination: Destination, held: int, approve: str
) -> Plan:
    """Return the plan as it is, or stopped, with the token that approves it.

    Who joins because contacts could not be asked about in the last run is no change of the source.
    """
    limits = destination.guard
    if limits is UNSET_GUARD:
        own = workspace.settings.guard
        limits = Guard(own.max_removed_percent, own.max_change_percent, UNSET_GUARD.min_held)
    before = _before(workspace, plan)
    missing, awaited = _missing(workspace, plan, before), int(before.get("unasked", 0))
    stopped = guard.judge(limits, held, plan.changes, missing, awaited)
    if not stopped:
        return plan
    number = plan.inputs["held"] or 0
    token = guard.token(plan.destination, plan.audience, number, plan.changes)
    if approve == token:
        return plan
    return replace(plan, stopped=stopped, token=token)


def _before(workspace: Workspace, plan: Plan) -> Mapping[str, Any]:
    """Return what is noted of the last settled run; of none, nothing."""
    if plan.inputs["held"] is None:
        return {}
    table = held_table(plan.destination, plan.audience)
    return snapshot.load(workspace.lake, table, plan.inputs["held"]).about


def _missing(workspace: Workspace, plan: Plan, before: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the commits that the last settled run had read and that are gone now."""
    read = set(before.get("commits", ())) - set(plan.inputs["commits"])
    replaced = set().union(*(taken for _, taken in workspace.lake.compactions()))
    gone = sorted(read - replaced)
    return tuple(f"ingest {commit[:12]}" for commit in gone)
