"""Deliver in Lambda: one piece of a run, to its platform and back, in the time that is left."""

from __future__ import annotations

from typing import Any

from functions import _probe, _runtime, _work

logger = _runtime.logger("deliver")
metrics = _runtime.metrics("deliver")
_SPARE_SECONDS = 90.0  # what is on its way when the time is up still gets its answer


@logger.inject_lambda_context(clear_state=True)
@_runtime.counted(metrics)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Do one piece of work that `sync` asks for, or the probe that a schedule asks for."""
    if event.get("work") == _probe.WORK:
        return _probed(event)
    from audiences.flows.deliver import WORK, Piece  # noqa: PLC0415 - the platforms' ground

    piece = _work.asked(event, WORK, Piece)
    seconds = max(1.0, context.get_remaining_time_in_millis() / 1000 - _SPARE_SECONDS)

    def do() -> Any:
        return WORK[piece.work](_runtime.bench(), Piece(**{**piece.what, "seconds": seconds}))

    told = _work.answer(_runtime.turns, piece, do)
    _runtime.count_piece(metrics, told)
    return told


def _probed(event: dict[str, Any]) -> dict[str, Any]:
    """Ask every destination whether its credentials are taken."""
    from audiences.flows.probe import probe_all  # noqa: PLC0415 - no sync needs it

    return _probe.probed(metrics, event, lambda: probe_all(_runtime.bench()))
