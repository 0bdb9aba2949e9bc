"""The collector in Lambda, behind an HTTP API."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from functions import _http, _runtime

if TYPE_CHECKING:
    from mangum import Mangum

logger = _runtime.logger("collect")
metrics = _runtime.metrics("collect")


@cache
def _adapter() -> Mangum:
    from functions.collect.app import application  # noqa: PLC0415 - the web framework is half of a cold start

    return _http.adapter(application(_runtime.collector(), _runtime.origins()))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one request; what it holds is never logged."""
    return _http.answer(_adapter(), event, context, metrics)
