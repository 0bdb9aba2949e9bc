"""Refresh in Lambda: everything, on a schedule; or one audience, as a piece of its sync."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict

from audiences.flows.prepare import LakePiece, freshen
from audiences.flows.refresh import refresh_all
from audiences.flows.schedules import reconcile
from functions import _lake, _once, _runtime, _work
from functions._parsed import parsed
from shared.errors import BridgeError
from shared.log import log

logger = _runtime.logger("refresh")
metrics = _runtime.metrics("refresh")
_SPARE_MS = 120_000  # no audience is begun when less time is left


class Scheduled(BaseModel):
    """What EventBridge Scheduler sends: when this call was due."""

    model_config = ConfigDict(extra="forbid")
    scheduled: str


@logger.inject_lambda_context(clear_state=True)
@_runtime.traced("refresh")
@_runtime.counted(metrics)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Resolve people and build audiences that are older than what they are made from."""
    if "work" in event:
        return _piece(event)
    due = parsed(event, Scheduled)

    def everything(asked: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - known by its event
        left = context.get_remaining_time_in_millis
        return refresh_all(_lake.workspace(), lambda: left() < _SPARE_MS).as_json()

    told = _once.once(everything, {"refresh": due.scheduled}, context)
    _reconcile()
    _runtime.teller().catch_up()  # of syncs whose notice found nobody
    for name in ("built", "failed", "left"):
        metrics.add_metric(name=f"Audiences{name.title()}", unit="Count", value=len(told[name]))
    return told


def _piece(event: dict[str, Any]) -> dict[str, Any]:
    piece = _work.asked(event, {"refresh": freshen}, LakePiece)
    told = _work.answer(
        _runtime.turns, piece, lambda: freshen(_lake.workspace(), LakePiece(**piece.what))
    )
    _runtime.count_piece(metrics, told)
    return told


def _reconcile() -> None:
    """Put schedules in step with files that came some other way than by the API."""
    schedules = _runtime.schedules()
    if schedules is None:
        return
    try:
        reconcile(_lake.workspace().audiences, schedules)
    except BridgeError as error:  # what was built is built
        log("not_scheduled", level="warning", error=error)
