"""Sync in Lambda: a durable function that brings one destination in step with one audience."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from functions import _runtime

logger = _runtime.logger("sync")
metrics = _runtime.metrics("sync")
_COUNTED = {"done": "SyncsDone", "stopped": "GuardStops", "failed": "SyncsFailed"}


@logger.inject_lambda_context(clear_state=True)
@_runtime.counted(metrics)
def handler(event: dict[str, Any], context: Any) -> Any:
    """Begin a sync, or go on with it where the last call stopped."""
    return _durable()(event, context)


@cache
def _durable() -> Callable[[Any, Any], Any]:
    # The SDK imports boto3, which takes longer than all the rest: not before it is needed.
    from aws_durable_execution_sdk_python import durable_execution  # noqa: PLC0415

    from functions.sync.run import run  # noqa: PLC0415
    from shared.aws.executions import checkpoints  # noqa: PLC0415

    def counted(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        told = run(event, context)
        metrics.add_metric(name=_COUNTED.get(told["status"], "SyncsOther"), unit="Count", value=1)
        if "credential" in (told.get("code"), told.get("unasked", {}).get("code")):
            metrics.add_metric(name="CredentialsRefused", unit="Count", value=1)
        return told

    made: Callable[[Any, Any], Any] = durable_execution(counted, boto3_client=checkpoints())
    return made
