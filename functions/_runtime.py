"""Wires what light functions need of AWS, from the environment, on the first call.

| Variable | What it says |
|---|---|
| `BRIDGE_LAKE` | the lake, `s3://bucket/prefix` |
| `BRIDGE_CONFIG` | where `audiences/` and `destinations/` are, `s3://bucket/prefix` |
| `BRIDGE_TABLE` | the DynamoDB table of small state |
| `BRIDGE_QUEUE` | the URL of the queue of calls |
| `BRIDGE_JOBS` | the function that carries out jobs |
| `BRIDGE_SECRET`, `BRIDGE_WRITE_KEYS` | references, `secret://NAME` |
| `BRIDGE_ORIGINS` | the pages that may call the collector, separated by spaces |
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics

from shared import log
from shared.clock import Clock
from shared.errors import ConfigurationError, Fault
from shared.redact import scrub

if TYPE_CHECKING:
    from audiences.flows.collect import Collector
    from functions.api.desk import Api
    from shared.ports import KeyValue, Store

NAMESPACE = "AudienceBridge"
# What Powertools writes of itself; a trace id would else be taken for a digest.
_OWN = frozenset({"timestamp", "xray_trace_id", "function_request_id", "function_arn", "location"})


def setting(name: str) -> str:
    """Return a setting of the environment.

    Raises:
        ConfigurationError: when it is not set.
    """
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigurationError(Fault(name, "is not set", "set it on the function"))
    return value


def logger(service: str) -> Logger:
    """Return a function's logger, which scrubs whatever it is given, errors of others too."""
    log.configure(os.environ.get("BRIDGE_LOG") or "info")
    return Logger(service=service, json_serializer=_scrubbed)


def metrics(service: str) -> Metrics:
    """Return a function's metrics."""
    return Metrics(namespace=NAMESPACE, service=service)


def _scrubbed(line: dict[str, Any]) -> str:
    safe = {key: value if key in _OWN else _safe(value) for key, value in line.items()}
    return json.dumps(safe, ensure_ascii=False, default=lambda value: type(value).__name__)


def _safe(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _safe(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_safe(item) for item in value]
    return scrub(value) if isinstance(value, str) else value


@cache
def secret(name: str) -> str:
    """Return the secret that a setting refers to, read once in a function's life."""
    from shared.aws.secrets import connect  # noqa: PLC0415 - boto3 loads at the first call

    return connect().resolve(setting(name))


@cache
def key_value() -> KeyValue:
    """Open the table of small state."""
    from shared.aws.kv import connect  # noqa: PLC0415

    return connect(setting("BRIDGE_TABLE"), Clock())


@cache
def store(name: str, below: str = "") -> Store:
    """Open the store that a setting names, or a part of it."""
    from shared.aws.store import connect  # noqa: PLC0415

    return connect("/".join(part for part in (setting(name).rstrip("/"), below) if part))


@cache
def collector() -> Collector:
    """Wire the collector."""
    from audiences.flows.collect import Collector, read_write_keys  # noqa: PLC0415
    from shared.aws.queue import connect  # noqa: PLC0415

    return Collector(
        queue=connect(setting("BRIDGE_QUEUE")),
        kv=key_value(),
        clock=Clock(),
        secret=secret("BRIDGE_SECRET"),
        write_keys=read_write_keys(secret("BRIDGE_WRITE_KEYS").split()),
    )


def origins() -> tuple[str, ...]:
    """Return the origins of pages that may call the collector with the visitor's cookie."""
    return tuple(os.environ.get("BRIDGE_ORIGINS", "").split())


@cache
def api() -> Api:
    """Wire the API."""
    from audiences.flows.define import Files  # noqa: PLC0415
    from audiences.flows.exports import Desk  # noqa: PLC0415
    from functions.api.desk import Api  # noqa: PLC0415
    from shared.aws.jobs import connect  # noqa: PLC0415

    files = Files(
        store("BRIDGE_CONFIG", "audiences"), store("BRIDGE_CONFIG", "destinations"), key_value()
    )
    desk = Desk(store("BRIDGE_LAKE"), key_value(), connect(setting("BRIDGE_JOBS")), Clock())
    return Api(files, desk)
