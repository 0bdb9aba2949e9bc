"""Plan in Lambda: one piece of a sync that reads the tables, or maps contacts for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from audiences.flows.prepare import WORK, LakePiece
from audiences.flows.publish import publish
from audiences.flows.workspace import Workspace
from functions import _lake, _probe, _runtime, _work

logger = _runtime.logger("plan")
metrics = _runtime.metrics("plan")
_SPARE_SECONDS = 120.0  # the request that is on its way when the time is up is answered and kept


def _publish(workspace: Workspace, piece: LakePiece) -> Mapping[str, Any]:
    return publish(workspace, piece.audience).as_json()


_WORK: Mapping[str, Callable[[Workspace, LakePiece], Mapping[str, Any]]] = {
    **{name: work for name, work in WORK.items() if name != "refresh"},
    "publish": _publish,
}


@logger.inject_lambda_context(clear_state=True)
@_runtime.traced("plan")
@_runtime.counted(metrics)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Do one piece of work that `sync` asks for, or the probe that a schedule asks for."""
    if event.get("work") == _probe.WORK:
        return _probed(event)
    piece = _work.asked(event, _WORK, LakePiece)
    seconds = max(1.0, context.get_remaining_time_in_millis() / 1000 - _SPARE_SECONDS)

    def do() -> Any:
        what = {**piece.what, "owner": piece.owner, "seconds": seconds}
        return _WORK[piece.work](_lake.workspace(), LakePiece(**what))

    told = _work.answer(_runtime.turns, piece, do)
    _runtime.count_piece(metrics, told)
    return told


def _probed(event: dict[str, Any]) -> dict[str, Any]:
    """Ask the operators that map contacts; only this function has what their envelopes need."""
    from audiences.flows.operators import probe_operators  # noqa: PLC0415 - no sync needs it

    return _probe.probed(metrics, event, lambda: probe_operators(_lake.workspace().bench()))
