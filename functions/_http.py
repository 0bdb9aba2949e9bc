"""An ASGI application behind API Gateway's HTTP API, with the metrics of its answers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Metrics

if TYPE_CHECKING:
    import asyncio

    from mangum import Mangum

_TEXTS = ["text/", "application/json", "application/problem", "application/yaml"]


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Make the loop of this worker; Mangum takes the current one, and Python makes none."""
    import asyncio  # noqa: PLC0415 - loads at the first call, as the application does

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop


def adapter(app: Any) -> Mangum:
    """Return what turns events into requests and answers into results."""
    from mangum import Mangum  # noqa: PLC0415 - with the application, at the first call

    _loop()
    return Mangum(app, lifespan="off", text_mime_types=_TEXTS)


def answer(adapted: Mangum, event: dict[str, Any], context: Any, metrics: Metrics) -> Any:
    """Answer one event and count it by the class of its status."""
    result = adapted(event, context)
    name = f"Answered{result['statusCode'] // 100}xx"
    metrics.add_metric(name=name, unit="Count", value=1)
    return result
