"""Deliver in Lambda: one piece of a run, to its platform and back, in the time that is left."""

from __future__ import annotations

from typing import Any

from functions import _runtime, _work
from shared.errors import DataError

logger = _runtime.logger("deliver")
metrics = _runtime.metrics("deliver")
_PROBE = "probe"
_SPARE_SECONDS = 90.0  # what is on its way when the time is up still gets its answer


@logger.inject_lambda_context(clear_state=True)
@_runtime.counted(metrics)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Do one piece of work that `sync` asks for, or the probe that a schedule asks for."""
    if event.get("work") == _PROBE:
        return _probe(event)
    from audiences.flows.deliver import WORK, Piece  # noqa: PLC0415 - the platforms' ground

    piece = _work.asked(event, WORK, Piece)
    seconds = max(1.0, context.get_remaining_time_in_millis() / 1000 - _SPARE_SECONDS)

    def do() -> Any:
        return WORK[piece.work](_runtime.bench(), Piece(**{**piece.what, "seconds": seconds}))

    told = _work.answer(_runtime.turns, piece, do)
    _runtime.count_piece(metrics, told)
    return told


def _probe(event: dict[str, Any]) -> dict[str, Any]:
    """Ask every destination whether its credentials are taken, and count who wants a person."""
    from audiences.flows.probe import probe_all, summary  # noqa: PLC0415 - no sync needs it

    if set(event) != {"work"}:
        raise DataError('a probe is asked for by {"work": "probe"} alone')
    found = probe_all(_runtime.bench())
    told = {**summary(found)}
    _runtime.count_probed(metrics, found, told)
    return told
