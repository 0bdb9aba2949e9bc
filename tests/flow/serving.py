"""`bridge serve` as it runs: real HTTP, a real queue, the real lake, the stand-in platforms."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from audiences.flows.access import create_key
from audiences.flows.workspace import Workspace
from infra.local.commands.serve import both
from infra.local.listen import start
from infra.local.runtime import open_workspace
from infra.local.worker import Worker, working
from shared import log
from tests.builders import new_workspace

BUYERS = "name: buyers\nwhere: {event: {name: order, times: {at_least: 1}, within_days: 30}}\n"
META = """\
name: meta
platform: meta
account: act_12
credentials: sandbox
base_url: %s/meta
"""


@dataclass(frozen=True, slots=True)
class Up:
    """A workspace that is served."""

    url: str
    folder: Path
    worker: Worker
    key: str
    log: io.StringIO

    def call(self, method: str, path: str, **how: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key}", **how.pop("headers", {})}
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=20, **how)

    def workspace(self) -> Workspace:
        return open_workspace(self.folder)


@contextmanager
def serving(folder: Path, sandbox: str) -> Iterator[Up]:
    """Serve a new workspace with one audience and one destination."""
    requests.post(f"{sandbox}/_sandbox/reset", timeout=20).raise_for_status()
    destinations = {"meta": META % sandbox}
    workspace = new_workspace(
        folder, as_of=None, audiences={"buyers": BUYERS}, destinations=destinations
    )
    key = create_key(workspace.kv, workspace.clock, "test", "admin")[1]
    stream = io.StringIO()
    with working(folder) as worker:
        running = start(both(folder, worker, []))
        log.configure("debug", stream)
        yield Up(running.url, folder, worker, key, stream)
        running.stop()
    logging.getLogger("bridge").handlers.clear()


def until(check: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait until a check holds, and return what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come in time")


def ended(up: Up, where: str) -> dict[str, Any]:
    over = ("done", "failed", "stopped", "dry_run")
    shown: Callable[[], dict[str, Any]] = lambda: up.call("GET", where).json()  # noqa: E731
    return until(lambda: (found := shown())["status"] in over and found)
