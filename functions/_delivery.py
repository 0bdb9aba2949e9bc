"""Delivers in Lambda: one piece of a run, to its platform and back, in the time that is left.

`deliver` does so by HTTP and into buckets, and `drop` over SFTP, whose client is as large as all
that the other holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from functions import _probe, _runtime, _work

if TYPE_CHECKING:
    from audiences.flows.bench import Bench

_SPARE_SECONDS = 90.0  # what is on its way when the time is up still gets its answer


def delivering(
    name: str, bench: Callable[[], Bench], mine: Callable[[str], bool]
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Return a function's handler; `mine` says by the scheme which destinations it probes."""
    logger = _runtime.logger(name)
    metrics = _runtime.metrics("deliver")  # for both, so that one alarm hears of both

    @logger.inject_lambda_context(clear_state=True)
    @_runtime.counted(metrics)
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Do one piece of work that `sync` asks for, or the probe that a schedule asks for."""
        if event.get("work") == _probe.WORK:
            from audiences.flows.probe import probe_all  # noqa: PLC0415 - no sync needs it

            return _probe.probed(metrics, event, lambda: probe_all(bench(), mine))
        told = _done(bench, event, context.get_remaining_time_in_millis() / 1000)
        _runtime.count_piece(metrics, told)
        return told

    return handler


def _done(bench: Callable[[], Bench], event: dict[str, Any], seconds: float) -> dict[str, Any]:
    from audiences.flows.deliver import WORK, Piece  # noqa: PLC0415 - the platforms' ground

    piece = _work.asked(event, WORK, Piece)
    left = max(1.0, seconds - _SPARE_SECONDS)

    def do() -> Any:
        return WORK[piece.work](bench(), Piece(**{**piece.what, "seconds": left}))

    return _work.answer(_runtime.turns, piece, do)
