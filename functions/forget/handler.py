"""Forget in Lambda: on a schedule, sweep what has outlived its time."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict

from audiences.flows.expire import expire
from functions import _lake, _once, _runtime
from functions._parsed import parsed
from shared.errors import ConfigurationError

logger = _runtime.logger("forget")
metrics = _runtime.metrics("forget")


class Scheduled(BaseModel):
    """What EventBridge Scheduler sends: when this call was due."""

    model_config = ConfigDict(extra="forbid")
    scheduled: str


@logger.inject_lambda_context(clear_state=True)
@_runtime.traced("forget")
@_runtime.counted(metrics)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Delete partitions and files whose time is over, and say how many there were.

    Raises:
        ConfigurationError: when it is asked to erase a person.
    """
    if "erase" in event:
        raise ConfigurationError("erasing a person is not available in this version")
    due = parsed(event, Scheduled)

    def sweep(asked: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - known by its event
        return {**expire(_lake.workspace()).as_json()}

    told = _once.once(sweep, {"forget": due.scheduled}, context)
    for name, count in told.items():
        metrics.add_metric(name=f"Expired{name.title()}", unit="Count", value=count)
    return told
