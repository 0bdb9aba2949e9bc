"""Jobs in Lambda: starts syncs by name, and makes what the API only shows."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

from audiences.flows import exports
from functions import _runtime
from functions._parsed import parsed
from shared.errors import DataError

logger = _runtime.logger("jobs")
metrics = _runtime.metrics("jobs")


class Scheduled(BaseModel):
    """A sync that is due, as EventBridge Scheduler sends it."""

    model_config = ConfigDict(extra="forbid")
    job: Literal["sync"]
    audience: str
    to: str
    mode: Literal["mirror", "add", "replace"] | None = None
    at: str


class Job(BaseModel):
    """A job of the API, described under an id."""

    model_config = ConfigDict(extra="forbid")
    job: Literal["export", "report", "estimate", "person", "publish"]
    id: str


@logger.inject_lambda_context(clear_state=True)
@_runtime.traced("jobs")
@_runtime.counted(metrics)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:  # noqa: ARG001
    """Do one job, or start the sync that it is."""
    # One model of two forms, told apart by the job's name.
    model: Any = Annotated[Scheduled | Job, Field(discriminator="job")]
    asked: Scheduled | Job = parsed(event, model)
    metrics.add_metric(name="Jobs", unit="Count", value=1)
    if isinstance(asked, Scheduled):
        return _due(asked)
    return _export(asked.id) if asked.job == exports.JOB else _made(asked)


def _due(asked: Scheduled) -> dict[str, str]:
    # A schedule may fire twice for one instant: the name makes that one sync.
    text = f"{asked.audience}|{asked.to}|{asked.at}"
    name = f"due-{hashlib.sha256(text.encode()).hexdigest()[:40]}"
    wish = {"audience": asked.audience, "destination": asked.to, "mode": asked.mode}
    _runtime.executions().start(name, wish)
    return {"status": "started", "execution": name}


def _export(id_: str) -> dict[str, str]:
    export = exports.find(_runtime.store("BRIDGE_LAKE"), id_)
    if export is None:
        raise DataError("there is no such export")
    wish: dict[str, Any] = {
        "audience": export.audience,
        "destination": export.to,
        "mode": export.mode,
        "dry_run": export.dry_run,
        "approve": export.approve,
        "export": export.id,
    }
    if export.repair:
        wish["repair"] = True
    _runtime.executions().start(export.id, wish)
    return {"status": "started", "execution": export.id}


def _made(asked: Job) -> dict[str, str]:
    from audiences.flows.jobs import carry_out  # noqa: PLC0415 - starting a sync needs no lake
    from functions import _lake  # noqa: PLC0415

    return {"status": carry_out(_lake.workspace(), asked.job, asked.id)}
