"""Wires what functions need of AWS, from the environment, on the first call.

| Variable | What it says | Who reads it |
|---|---|---|
| `BRIDGE_LAKE` | the lake, `s3://bucket/prefix` | all but collect and sync |
| `BRIDGE_CONFIG` | where `audiences/` and `destinations/` are, `s3://bucket/prefix` | the same |
| `BRIDGE_TABLE` | the DynamoDB table of small state | all |
| `BRIDGE_SECRET` | the workspace's secret, `secret://NAME` | collect, those with a lake |
| `BRIDGE_WRITE_KEYS` | the collector's write keys, a reference | collect |
| `BRIDGE_QUEUE` | the URL of the queue of calls | collect |
| `BRIDGE_ORIGINS` | pages that may call the collector, separated by spaces | collect, optional |
| `BRIDGE_PARTNERS` | partners whose ids `/v1/sync` keeps, separated by spaces | collect, optional |
| `BRIDGE_JOBS` | the function `jobs` | api |
| `BRIDGE_SYNC` | the durable function `sync`, with its alias or version | jobs |
| `BRIDGE_REFRESH`, `BRIDGE_PLAN`, `BRIDGE_DELIVER`, `BRIDGE_DROP` | functions so named | sync |
| `BRIDGE_SCHEDULES` | the group of schedules of syncs | api, refresh, optional |
| `BRIDGE_SCHEDULE_TARGET`, `BRIDGE_SCHEDULE_ROLE` | whom they call, and as whom (ARNs) | the same |
| `BRIDGE_SCHEDULE_FAILED` | the queue of calls that fail (ARN) | the same |
| `BRIDGE_NAME`, `BRIDGE_DEFAULT_COUNTRY`, `BRIDGE_MEMORY` | as in `bridge.toml` | lake, optional |
| `BRIDGE_NOTIFY_TOPIC` | the SNS topic that hears of runs wanting a look (ARN) | sync, refresh |
| `BRIDGE_NOTIFY_SECRET` | a secret's name: URLs of a webhook, of Slack | the same, optional |
| `BRIDGE_NOTIFY_DROP` | loss of match rate that is told of, in percentage points | sync, optional |
| `BRIDGE_LOG` | the level of the log | all, optional |

Each handler is `functions.NAME.handler.handler`. With a lake (pyarrow, DuckDB) are `ingest`,
`refresh`, `plan`, `forget` and `jobs`; light are `collect`, `api`, `sync`, `deliver` and `drop`. A
piece of a sync may take 900 seconds, the whole durable execution a day (`ExecutionTimeout`).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics

from functions._texts import Texts
from shared import log
from shared.clock import Clock
from shared.errors import ConfigurationError, Fault
from shared.leases import Leases
from shared.redact import scrub

if TYPE_CHECKING:
    from audiences.flows.bench import Bench
    from audiences.flows.collect import Collector
    from audiences.flows.notices import Teller
    from functions.api.desk import Api
    from shared.aws.executions import Executions
    from shared.ports import Http, KeyValue, Notify, Schedules, Secrets, Store

_NOTIFY = ("TOPIC", "SECRET", "DROP")
NAMESPACE = "AudienceBridge"
# A piece of work lasts 15 minutes at most and takes the turn anew; a wait between two, 10 minutes.
TURN_SECONDS = 1_800
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


def traced(service: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what traces a handler of the lake; the tracer is made at the first call.

    It takes as long as boto3, as its SDK makes a client of its own: light functions go without, and
    are in traces as Lambda itself writes them.
    """

    def decorated(handler: Callable[..., Any]) -> Callable[..., Any]:
        @cache
        def traced_handler() -> Callable[..., Any]:
            from aws_lambda_powertools import Tracer  # noqa: PLC0415

            tracer = Tracer(service=service, auto_patch=False)
            made: Callable[..., Any] = tracer.capture_lambda_handler(
                handler, capture_response=False, capture_error=False
            )
            return made

        @wraps(handler)
        def call(event: Any, context: Any) -> Any:
            return traced_handler()(event, context)

        return call

    return decorated


def counted(metrics: Metrics) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what sends off the metrics of a handler, where it counted anything."""

    def decorated(handler: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(handler)
        def call(event: Any, context: Any) -> Any:
            try:
                return handler(event, context)
            finally:
                if metrics.metric_set:
                    metrics.flush_metrics()

        return call

    return decorated


def count_piece(metrics: Metrics, told: Mapping[str, Any]) -> None:
    """Count a piece of work by how it ended."""
    metrics.add_metric(name="PiecesFailed", unit="Count", value=int("error" in told))
    metrics.add_metric(name="PiecesDone", unit="Count", value=int("done" in told))


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
    return secrets().resolve(setting(name))


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
def http() -> Http:
    """Open the network."""
    from shared.requests_http import RequestsHttp  # noqa: PLC0415 - half of a light start
    from shared.transports import transports  # noqa: PLC0415 - it goes with that

    return transports(RequestsHttp())


@cache
def secrets() -> Secrets:
    """Open the secrets."""
    from shared.aws.secrets import connect  # noqa: PLC0415

    return connect()


def turns() -> Leases:
    """Return the turns of syncs: one execution at a time is at a pair."""
    return Leases(key_value(), TURN_SECONDS)


def teller() -> Teller:
    """Wire what tells people of runs."""
    from audiences.flows.notices import Teller  # noqa: PLC0415
    from shared.notify import notifying  # noqa: PLC0415

    found = {name: os.environ.get(f"BRIDGE_NOTIFY_{name}", "") for name in _NOTIFY}

    def topic() -> Notify:
        from shared.aws.topic import connect  # noqa: PLC0415

        return connect(found["TOPIC"])

    notify = notifying(
        http,
        secrets,
        either=f"secret://{found['SECRET']}" if found["SECRET"] else None,
        topic=topic if found["TOPIC"] else None,
    )
    return Teller(notify, key_value(), float(found["DROP"] or 10))


@cache
def bench() -> Bench:
    """Wire what delivering works with."""
    return bench_over(http())


def bench_over(network: Http) -> Bench:
    """Wire what delivering works with over a network."""
    from audiences.flows.bench import Bench  # noqa: PLC0415

    return Bench(
        store=store("BRIDGE_LAKE"),
        kv=key_value(),
        http=network,
        secrets=secrets(),
        clock=Clock(),
        sleep=time.sleep,
        destinations=Texts(store("BRIDGE_CONFIG", "destinations")),
    )


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
        partners=frozenset(os.environ.get("BRIDGE_PARTNERS", "").split()),
    )


@cache
def executions() -> Executions:
    """Open the durable function that syncs."""
    from shared.aws.executions import connect  # noqa: PLC0415

    return connect(setting("BRIDGE_SYNC"))


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
    return Api(files, desk, schedules())


@cache
def schedules() -> Schedules | None:
    """Open the schedules of this stack, if it has any."""
    from shared.aws.scheduler import Group, connect  # noqa: PLC0415

    if not os.environ.get("BRIDGE_SCHEDULES"):
        return None
    names = ("SCHEDULES", "SCHEDULE_TARGET", "SCHEDULE_ROLE", "SCHEDULE_FAILED")
    return connect(Group(*(setting(f"BRIDGE_{name}") for name in names)))
