"""A collector and an API that are up on the loopback, with their ports in memory."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from audiences.flows.access import SCOPES, create_key
from audiences.flows.collect import Collector, read_write_keys
from audiences.flows.define import Files
from audiences.flows.exports import Desk
from functions.api.app import application as api_application
from functions.api.desk import Api
from functions.collect.app import application as collect_application
from infra.local.listen import start
from shared import log
from shared.clock import Clock
from tests.fakes import MemoryJobs, MemoryKeyValue, MemoryQueue, MemoryStore

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
CLOCK = Clock(NOW)
SECRET = "0123456789abcdef" * 4
ORIGIN = "https://shop.example"
WEB = ("web-key", "")
TRACK = {"userId": "u1", "event": "Order Completed", "messageId": "m1"}
KINDS = {
    "identify": {"userId": "u1", "traits": {"plan": "pro"}},
    "track": TRACK,
    "page": {"anonymousId": "a1", "name": "Home"},
    "screen": {"anonymousId": "a1"},
    "group": {"userId": "u1", "groupId": "g1"},
    "alias": {"userId": "u1", "previousId": "a1"},
}
GOLD = "name: gold\ntitle: Gold\nwhere: {profile: {field: country, is: VN}}\nsync: [{to: meta}]\n"


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Catch the log, down to what debugging shows."""
    stream = io.StringIO()
    log.configure("debug", stream)
    yield stream
    logging.getLogger("bridge").handlers.clear()


@dataclass(frozen=True, slots=True)
class CollectorUp:
    """A collector that is up."""

    url: str
    queue: MemoryQueue
    kv: MemoryKeyValue
    log: io.StringIO

    def post(self, path: str, value: Any, **how: Any) -> requests.Response:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        how.setdefault("auth", WEB)
        return requests.post(f"{self.url}{path}", data=data, timeout=10, **how)

    def get(self, path: str, **how: Any) -> requests.Response:
        return requests.get(f"{self.url}{path}", timeout=10, **how)

    def taken(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.queue.bodies]

    def empty(self) -> None:
        self.queue.bodies.clear()
        self.kv.entries.clear()
        self.queue.full, self.queue.trouble = 1_000_000, None


@contextmanager
def collector_up() -> Iterator[CollectorUp]:
    """Run a collector whose write keys are `web-key` (source web) and `plain-key`."""
    queue, kv = MemoryQueue(), MemoryKeyValue(CLOCK)
    keys = read_write_keys(["web=web-key", "plain-key"])
    collector = Collector(
        queue=queue,
        kv=kv,
        clock=CLOCK,
        secret=SECRET,
        write_keys=keys,
        partners=frozenset({"adco"}),
    )
    with logged() as stream:
        running = start(collect_application(collector, [ORIGIN]))
        yield CollectorUp(running.url, queue, kv, stream)
        running.stop()


@dataclass(frozen=True, slots=True)
class ApiUp:
    """An API that is up, and a key of each scope."""

    url: str
    api: Api
    keys: dict[str, str]
    log: io.StringIO

    def call(self, method: str, path: str, scope: str = "admin", **how: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.keys.get(scope, scope)}"}
        headers |= how.pop("headers", {})
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=10, **how)

    def put(self, name: str, text: str | bytes, **headers: str) -> requests.Response:
        named = {name_.replace("_", "-"): value for name_, value in headers.items()}
        return self.call("PUT", f"/audiences/{name}", data=text, headers=named)

    @property
    def files(self) -> dict[str, bytes]:
        store: Any = self.api.files.audiences
        return store.files

    @property
    def lake(self) -> dict[str, bytes]:
        store: Any = self.api.desk.store
        return store.files

    @property
    def jobs(self) -> list[tuple[str, str]]:
        jobs: Any = self.api.desk.jobs
        return jobs.started

    @property
    def kv(self) -> MemoryKeyValue:
        kv: Any = self.api.desk.kv
        return kv

    def empty(self) -> None:
        for held in (self.files, self.lake, self.jobs, self.kv.entries):
            held.clear()
        made = {scope: create_key(self.kv, CLOCK, "test", scope)[1] for scope in SCOPES}
        self.keys.update(made)
        self.files.update({"gold.yaml": GOLD.encode()})


@contextmanager
def api_up() -> Iterator[ApiUp]:
    """Run an API over one audience and one destination."""
    kv = MemoryKeyValue(CLOCK)
    files = Files(MemoryStore(), MemoryStore(files={"meta.yaml": b"name: meta"}), kv)
    api = Api(files, Desk(MemoryStore(), kv, MemoryJobs(), CLOCK))
    with logged() as stream:
        running = start(api_application(api))
        yield ApiUp(running.url, api, {}, stream)
        running.stop()


def problem(answer: requests.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    value: dict[str, Any] = answer.json()
    assert value["status"] == status
    return value
