"""Estimate: what a planned run would cost in calls, time and money, and what it would send."""

from __future__ import annotations

import math
from typing import Any

from audiences import schemas
from audiences.delivery.batches import ROWS, rows_key
from audiences.delivery.outbox import Plan
from audiences.destinations import Destination
from audiences.flows.places import held_table
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.lake.query import connect, one, table, timestamp
from audiences.platforms import platform
from audiences.platforms.base import PLACE, Platform
from audiences.platforms.limits import COST, limited
from shared.clock import parse_instant
from shared.redact import shape

UNKNOWN = "unknown"
_SHOWN = 3  # rows of each operation
_BODIES = 10
_MINUTES_A_DAY = 1440


def estimate(workspace: Workspace, plan: Plan, to: Destination) -> dict[str, Any]:
    """Return what a plan would take: calls, minutes, money, first rows, bodies, warnings.

    What cannot be known is the word `unknown`. Minutes are the least that the limits allow: how
    fast a platform answers nobody knows before. Values of rows are shown by their shape alone.
    """
    there = limited(platform(plan.platform), to.options)
    calls = sum(2 if one.path == PLACE else 1 for one in plan.requests)  # a place is asked for
    return {
        "calls": calls,
        "audience": "is there"
        if plan.audience_id
        else "is looked for, and made if it is not there",
        "minutes": _minutes(there, calls),
        "money": _money(plan, to),
        "first_rows": _first_rows(workspace, plan),
        "bodies": [
            {"file": f"outbox/{plan.run}/{each.id}.body", "sha256": each.sha256}
            | {"bytes": each.bytes, "rows": each.rows, "call": f"{each.method} {each.path}"}
            for each in plan.in_order()[:_BODIES]
        ],
        "more_bodies": max(calls - _BODIES, 0),
        "warnings": _warnings(workspace, plan, there),
    }


def _minutes(there: Platform, calls: int) -> float:
    """Return the least time: the pace, and whole days where the account has a daily quota."""
    limits = there.limits
    minutes = calls / limits.per_second / 60
    if limits.per_day and calls > limits.per_day:
        minutes = max(minutes, (math.ceil(calls / limits.per_day) - 1) * _MINUTES_A_DAY)
    return round(minutes, 2)


def _money(plan: Plan, to: Destination) -> str:
    """Return the cost of the added rows where the destination says what a thousand cost."""
    price, _, currency = to.options.get(COST, "").partition(" ")
    return f"{plan.rows('add') / 1000 * float(price):.2f} {currency}" if price else UNKNOWN


def _first_rows(workspace: Workspace, plan: Plan) -> list[dict[str, Any]]:
    if not plan.requests:
        return []
    lake = workspace.lake
    with connect(lake.scratch, workspace.memory) as con:
        con.register("sent_rows", lake.dataset([rows_key(plan.run)], ROWS))
        rows = table(
            con,
            "SELECT request, place, op, keys, consent, along FROM sent_rows "
            f"QUALIFY row_number() OVER (PARTITION BY op ORDER BY request, place) <= {_SHOWN} "
            "ORDER BY op DESC, request, place",
        ).to_pylist()
    return [
        {
            "op": row["op"],
            "request": row["request"],
            "keys": [f"{key['wire']}: {shape(key['value'])}" for key in row["keys"]],
            "attributes": (row["along"] or "").split(),
            "consent": row["consent"],
        }
        for row in rows
    ]


def _warnings(workspace: Workspace, plan: Plan, there: Platform) -> list[str]:
    if there.minimum is None:
        return []
    members = _members_after(workspace, plan)
    if not plan.requests or members >= there.minimum:
        return []
    warning = (
        f"{there.title} uses no audience of fewer than {there.minimum:,} matched members, and this "
        f"one would hold {members:,}, of which it recognises only some"
    )
    return [warning]


def _members_after(workspace: Workspace, plan: Plan) -> int:
    lake, added = workspace.lake, plan.changes.get("added", 0)
    number = plan.inputs.get("held")
    if plan.whole or number is None:
        return added
    held = snapshot.load(lake, held_table(plan.destination, plan.audience), int(number))
    now = timestamp(parse_instant(plan.as_of))
    with connect(lake.scratch, workspace.memory) as con:
        con.register("held_before", snapshot.dataset(lake, held, schemas.HELD))
        (count,) = one(
            con,
            "SELECT count(DISTINCT member) FROM held_before "
            f"WHERE forgets_at IS NULL OR forgets_at > {now}",
        )
    return int(count) + added - plan.changes.get("removed", 0)
