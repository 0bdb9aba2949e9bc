"""Cancel: ends a run where it is; what is in flight ends, and what it did is settled."""

from __future__ import annotations

import json
from typing import Any

from audiences.delivery.outbox import read_plan
from audiences.flows import exports
from audiences.flows.exports import Desk
from audiences.flows.places import cancel_key, report_key
from audiences.flows.run_report import read_open
from shared.clock import iso
from shared.errors import BridgeError, DataError

_KEEP_SECONDS = 30 * 24 * 3600


class NotUnderWayError(BridgeError):
    """There is nothing to cancel: the run is over, or sends nothing yet."""

    code = "not_under_way"


def cancel(desk: Desk, id_: str) -> dict[str, Any]:
    """Note that a run, or the run of an export, is to end where it is; return which.

    Whoever sends it begins no further request within half a second, and settles it. An export
    that waits for its turn never begins.

    Raises:
        DataError: when there is no such run.
        NotUnderWayError: when it is over, or sends nothing yet.
    """
    export = exports.find(desk.store, id_)
    if export is None:
        return _note(desk, id_)
    status = json.loads(desk.kv.get(exports.status_key(id_)) or "{}").get("status")
    if status in exports.OVER:
        raise NotUnderWayError(f"the run is over: {status}")
    if status == "queued":
        exports.note(desk.kv, id_, {"status": "cancelled"})
        return {"run": "", "status": "cancelled", "audience": export.audience, "to": export.to}
    noted = read_open(desk.kv, export.to, export.audience)
    if noted is None:
        raise NotUnderWayError("it sends nothing yet: ask again in a moment")
    return _note(desk, noted.run)


def _note(desk: Desk, run: str) -> dict[str, Any]:
    plan = read_plan(desk.store, run) if exports.is_id(run) else None
    if plan is None:
        raise DataError("there is no such run (bridge run list shows those that are kept)")
    closed = desk.store.get(report_key(run))
    noted = read_open(desk.kv, plan.destination, plan.audience)
    if closed is not None or noted is None or noted.run != run:
        told = json.loads(closed)["status"] if closed else "it was never begun"
        raise NotUnderWayError(f"the run is not under way: {told}")
    desk.kv.put(cancel_key(run), iso(desk.clock.now()), ttl_seconds=_KEEP_SECONDS)
    return {
        "run": run,
        "status": "cancelling",
        "audience": plan.audience,
        "to": plan.destination,
    }
