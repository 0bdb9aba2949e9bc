"""The API in Lambda, behind an HTTP API."""

from __future__ import annotations

from functools import cache
from typing import Any

from mangum import Mangum

from functions import _runtime
from functions.api.app import application

logger = _runtime.logger("api")
metrics = _runtime.metrics("api")


@cache
def _adapter() -> Mangum:
    texts = ["text/", "application/json", "application/problem", "application/yaml"]
    app: Any = application(_runtime.api())
    return Mangum(app, lifespan="off", text_mime_types=texts)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request; what it holds is never logged."""
    answer = _adapter()(event, context)
    metrics.add_metric(name=f"Answered{answer['statusCode'] // 100}xx", unit="Count", value=1)
    return answer
