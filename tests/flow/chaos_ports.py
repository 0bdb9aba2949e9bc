"""Ports that count what a sync writes and hears, and kill its process at a chosen moment."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from audiences.flows.workspace import Workspace
from shared.ports import Http, HttpAnswer, HttpRequest, KeyValue, Store, StoredFile

LONGEST_SLEEP = 0.002
ROWS_CALLS = ("/users", ":ingest", ":remove", "/data/advertiser")
Made = TypeVar("Made")


@dataclass(slots=True)
class Points:
    """Numbers the moments before and after each effect, and dies at one of them.

    Each goes to a file at once, so that it is known afterwards where a process died.
    """

    trace: int  # a file descriptor
    kill_at: int = 0  # 0: never
    phase: str = ""  # count only the points of this phase
    count: int = 0
    sent: list[HttpRequest] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def around(self, what: str, act: Callable[[], Made]) -> Made:
        """Do something between two points."""
        self._reach(f"before {what}")
        made = act()
        self._reach(f"after {what}")
        return made

    def _reach(self, what: str) -> None:
        with self._lock:
            os.write(self.trace, f"{what}\n".encode())
            self.count += not self.phase or self.phase == phase_of(what)
            if self.count == self.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)


@dataclass(slots=True)
class PointStore:
    """A store whose every change lies between two points."""

    store: Store
    points: Points
    url: str

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        return self.points.around(
            f"put {key}", lambda: self.store.put(key, data, if_absent=if_absent)
        )

    def upload(self, path: Path, key: str, *, if_absent: bool = False) -> bool:
        return self.points.around(
            f"put {key}", lambda: self.store.upload(path, key, if_absent=if_absent)
        )

    def get(self, key: str) -> bytes | None:
        return self.store.get(key)

    def list(self, prefix: str) -> Iterator[StoredFile]:
        return self.store.list(prefix)

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.points.around(f"delete {key}", partial(self.store.delete, [key]))


@dataclass(frozen=True, slots=True)
class PointKeyValue:
    """Small state whose every change lies between two points."""

    kv: KeyValue
    points: Points

    def get(self, key: str) -> str | None:
        return self.kv.get(key)

    def put(
        self,
        key: str,
        value: str,
        *,
        ttl_seconds: int | None = None,
        if_absent: bool = False,
        if_value: str | None = None,
    ) -> bool:
        return self.points.around(
            f"note {key}",
            lambda: self.kv.put(
                key, value, ttl_seconds=ttl_seconds, if_absent=if_absent, if_value=if_value
            ),
        )

    def delete(self, key: str, *, if_value: str | None = None) -> bool:
        return self.points.around(f"unnote {key}", lambda: self.kv.delete(key, if_value=if_value))


@dataclass(frozen=True, slots=True)
class PointHttp:
    """A network on which every request and its answer lie between two points."""

    http: Http
    points: Points

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpAnswer:
        self.points.sent.append(request)
        path = request.url.split("://", 1)[-1].partition("/")[2].partition("?")[0]
        return self.points.around(
            f"{request.method} {path}", lambda: self.http.send(request, timeout_seconds)
        )


def with_points(workspace: Workspace, points: Points) -> Workspace:
    """Return the workspace with points around its effects, and next to no time between tries."""
    store = workspace.lake.store
    return replace(
        workspace,
        lake=replace(workspace.lake, store=PointStore(store, points, store.url)),
        kv=PointKeyValue(workspace.kv, points),
        http=PointHttp(workspace.http, points),
        sleep=lambda seconds: time.sleep(min(seconds, LONGEST_SLEEP)),
    )


PHASES = {
    "start": "before its first write",
    "refresh": "resolve and build",
    "plan": "writing the outbox",
    "open": "noting the open run",
    "audience": "making the audience",
    "send": "sending, keeping outcomes",
    "follow": "asking for the outcome",
    "ledger": "writing the ledger",
    "held": "writing what is held",
    "close": "closing the run",
}


def phase_of(point: str) -> str:
    """Name the phase of a sync in which a point lies."""
    what = point.split(" ", 2)[1:]
    if len(what) < 2:
        return "start"
    verb, where = what
    first = where.split("/")[0]
    if verb in ("GET", "POST"):
        if "requestStatus" in where:
            return "follow"
        return "send" if where.endswith(ROWS_CALLS) else "audience"
    if first == "outcomes":
        return "follow" if where.endswith(".status.json") else "send"
    if first == "open":
        return "open" if verb == "note" else "close"
    known = {"people": "refresh", "members": "refresh", "outbox": "plan"}
    known |= {"audience_id": "audience", "making": "audience", "per_day": "send"}
    return (known | {"sends": "ledger", "held": "held", "runs": "close"})[first]
