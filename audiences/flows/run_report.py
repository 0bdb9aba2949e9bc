"""The report of a run: what it did, and the notes by which a run is known to be under way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audiences.delivery.outbox import Plan, seal
from audiences.flows.places import id_key, open_key, report_key
from audiences.flows.unasked import warning
from shared.ports import KeyValue, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run did, for people and machines."""

    run: str
    audience: str
    destination: str
    status: str  # planned | done | dry_run | stopped | waiting | abandoned | cancelled
    adds: int
    removes: int
    changed: int
    refreshed: int
    accepted: int
    rejected: int
    unknown: int
    requests: int
    rows: int
    bytes: int
    digest: str
    dropped: dict[str, int]
    stopped: str = ""
    token: str = ""
    audience_id: str = ""
    adopted: bool = False  # an audience of this name was there before: it may hold others too
    resumed: str = ""  # the interrupted run that was brought to its end first
    warnings: list[str] = field(default_factory=list)  # what wants a look though all went well
    unasked: dict[str, Any] = field(default_factory=dict)  # contacts not mapped; code, detail
    estimate: dict[str, Any] = field(default_factory=dict)  # of a dry run: calls, minutes, money

    def as_json(self) -> dict[str, Any]:
        """Return the report with stable names."""
        return {name: getattr(self, name) for name in self.__slots__}


def report_of(plan: Plan, status: str, counts: Mapping[str, int] | None = None) -> Report:
    """Make the report of a plan in some state."""
    counts = counts or {}
    return Report(
        run=plan.run,
        audience=plan.audience,
        destination=plan.destination,
        status=status,
        adds=plan.changes.get("added", 0),
        removes=plan.changes.get("removed", 0),
        changed=plan.changes.get("changed", 0),
        refreshed=plan.changes.get("refreshed", 0) + plan.changes.get("unknown", 0),
        accepted=counts.get("accepted", 0),
        rejected=counts.get("rejected", 0),
        unknown=counts.get("unknown", 0),
        requests=len(plan.requests),
        rows=plan.rows("add") + plan.rows("remove"),
        bytes=sum(r.bytes for r in plan.requests),
        digest=plan.digest,
        dropped=dict(plan.dropped),
        stopped=plan.stopped,
        token=plan.token,
        audience_id=plan.audience_id or "",
        warnings=[warning(plan.unasked)] if plan.unasked else [],
        unasked=dict(plan.unasked),
    )


def made_key(plan: Plan) -> str:
    """Name the note of the id of the audience that a run sends to."""
    return id_key(plan.place, made_name(plan))


def made_name(plan: Plan) -> str:
    """Name the audience that a run sends to: one that takes another's place has its own name."""
    return f"{plan.audience} {plan.run}" if plan.replaces else plan.audience


@dataclass(frozen=True, slots=True)
class Noted:
    """The note of a run under way: which run, the seal of its plan, and who opened it."""

    text: str
    run: str
    seal: str
    owner: str


def read_open(kv: KeyValue, destination: str, audience: str) -> Noted | None:
    """Return the note of the run that is under way for a pair, or None."""
    text = kv.get(open_key(destination, audience))
    run, seal_, owner = [*(text or "").split(" "), "", "", ""][:3]
    return Noted(text or "", run, seal_, owner) if run else None


def open_run(kv: KeyValue, plan: Plan, owner: str = "") -> bool:
    """Note that a run is under way, with the seal of its plan, so that a rerun goes on with it.

    Returns False where another run is.
    """
    note = f"{plan.run} {seal(plan)} {owner}".rstrip()
    return kv.put(open_key(plan.destination, plan.audience), note, if_absent=True)


def close_run(store: Store, kv: KeyValue, plan: Plan, report: Report) -> Report:
    """Keep a run's final report, and note that it is no longer under way."""
    data = json.dumps(report.as_json(), sort_keys=True, ensure_ascii=False, indent=1).encode()
    store.put(report_key(plan.run), data, if_absent=True)
    noted = read_open(kv, plan.destination, plan.audience)
    if noted is not None and noted.run == plan.run:
        kv.delete(open_key(plan.destination, plan.audience), if_value=noted.text)
    return report
