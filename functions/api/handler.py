"""The API in Lambda, behind an HTTP API."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from functions import _http, _runtime

if TYPE_CHECKING:
    from mangum import Mangum

logger = _runtime.logger("api")
metrics = _runtime.metrics("api")


@cache
def _adapter() -> Mangum:
    from functions.api.app import application  # noqa: PLC0415 - FastAPI alone takes longer than boto3

    return _http.adapter(application(_runtime.api()))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: Any) -> Any:
    """Answer one request; what it holds is never logged."""
    return _http.answer(_adapter(), event, context, metrics)
