"""One sync as a durable execution: wait for the turn, bring in step, say how it went."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.exceptions import DurableExecutionsError

from audiences.flows import exports
from audiences.flows.places import turn_name
from audiences.flows.steps import Wish, bring_in_step
from functions import _runtime
from functions.sync.durable import DurableSteps, Functions
from functions.sync.wish import SyncEvent, read_event
from shared.clock import Clock, iso
from shared.errors import BridgeError
from shared.log import log

BUSY_TRIES = 60
_BUSY_SECONDS = 60.0


def run(event: Mapping[str, Any], context: DurableContext) -> dict[str, Any]:
    """Do what an event asks for; what goes wrong is in the answer, and noted for who asked."""
    asked = read_event(event)
    owner = context.execution_context.durable_execution_arn.replace(" ", "")[-200:]
    turn = turn_name(asked.wish.destination, asked.wish.audience)
    functions = Functions(
        *(_runtime.setting(f"BRIDGE_{name}") for name in ("REFRESH", "PLAN", "DELIVER", "DROP"))
    )
    steps = DurableSteps(context, functions, owner, turn)
    if asked.export and steps.once("over", lambda: _is_over(asked.export)):
        return {"status": "already"}
    began = steps.once("began", lambda: _began(asked.export))
    if not _has_turn(steps):
        told = {"status": "failed", "code": "busy", "detail": "another run of this pair goes on"}
    else:
        told = _told(steps, asked.wish)
        steps.once("end of turn", lambda: _runtime.turns().give_back(turn, owner))
    steps.once("told", lambda: _tell(asked, owner, told))
    steps.once("ended", lambda: _ended(asked.export, {**told, "began": began}))
    return told


def _has_turn(steps: DurableSteps) -> bool:
    """Wait until no other run is at the pair; what it does meanwhile may be all there is to do."""
    for _ in range(BUSY_TRIES):
        if steps.once("turn", lambda: _runtime.turns().take(steps.turn, steps.owner)):
            return True
        steps.wait(_BUSY_SECONDS)
    return False


def _told(steps: DurableSteps, wish: Wish) -> dict[str, Any]:
    try:
        told = bring_in_step(steps, wish).as_json()
        if told["status"] == "done":
            _publish(steps, wish.audience)
    except BridgeError as error:
        return {"status": "failed", "code": error.code, "detail": str(error)}
    except DurableExecutionsError:
        raise  # of the service: it tries the execution again, or ends it
    except Exception as error:  # noqa: BLE001 - who asked must hear of it, without what it holds
        log("crash", level="error", error=error)
        return {"status": "failed", "code": "bug", "detail": "a fault of the bridge; see its log"}
    return told


def _publish(steps: DurableSteps, audience: str) -> None:
    try:
        steps.lake("publish", {"audience": audience})
    except BridgeError as error:  # the platform has what it should; pages can wait
        log("not_published", level="warning", error=error, audience=audience)


def _is_over(export: str) -> bool:
    return exports.is_over(_runtime.key_value(), export)


def _began(export: str) -> str:
    began = iso(Clock().now())
    if export:
        exports.note(_runtime.key_value(), export, {"status": "running", "began": began})
    return began


def _tell(asked: SyncEvent, owner: str, told: Mapping[str, Any]) -> None:
    once = "" if told.get("run") else hashlib.sha256(owner.encode()).hexdigest()[:32]
    _runtime.teller().tell_of({**asked.wish.pair, "dry_run": asked.wish.dry_run, **told}, once)


def _ended(export: str, told: Mapping[str, Any]) -> None:
    if export:
        ended = {**told, "ended": iso(Clock().now())}
        exports.note(_runtime.key_value(), export, ended)
    log("sync", run=told.get("run"), outcome=told["status"], code=told.get("code"))
