"""Plan in Lambda: one piece of a sync that reads the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from audiences.flows.prepare import WORK, LakePiece
from audiences.flows.publish import publish
from audiences.flows.workspace import Workspace
from functions import _lake, _runtime, _work

logger = _runtime.logger("plan")
metrics = _runtime.metrics("plan")


def _publish(workspace: Workspace, piece: LakePiece) -> Mapping[str, Any]:
    return publish(workspace, piece.audience).as_json()


_WORK: Mapping[str, Callable[[Workspace, LakePiece], Mapping[str, Any]]] = {
    **{name: work for name, work in WORK.items() if name != "refresh"},
    "publish": _publish,
}


@logger.inject_lambda_context(clear_state=True)
@_runtime.traced("plan")
@_runtime.counted(metrics)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Do one piece of work that `sync` asks for."""
    piece = _work.asked(event, _WORK, LakePiece)

    def do() -> Any:
        what = {**piece.what, "owner": piece.owner}
        return _WORK[piece.work](_lake.workspace(), LakePiece(**what))

    told = _work.answer(_runtime.turns, piece, do)
    _runtime.count_piece(metrics, told)
    return told
