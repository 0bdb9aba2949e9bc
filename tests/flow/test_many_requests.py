"""A run of 10,000 requests, as 100 million members make, fits into Lambda and a durable execution.

The store answers as slowly as S3 does; what takes its time is waiting for it, so the pieces are
held to Lambda's own limit.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from audiences.flows import deliver, prepare
from audiences.flows.deliver import Piece
from audiences.flows.prepare import LakePiece
from audiences.flows.runs import verify_ledger
from audiences.flows.steps import Wish, bring_in_step
from audiences.flows.workspace import Workspace
from functions.sync.durable import DurableSteps, Functions
from shared.ports import Store, StoredFile
from tests.flow.sync_world import World, customers

LAMBDA_SECONDS = 900.0
MOST_OPERATIONS = 3_000
TO = "google-main"  # it takes requests at once and judges them later: each is asked for


@dataclass(slots=True)
class SlowStore:
    """A store that needs some time for each file, and counts what is asked of it."""

    store: Store
    seconds: float
    counts: Counter[str] = field(default_factory=Counter)
    most: int = 0  # of reads at once
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return self.store.url

    def get(self, key: str) -> bytes | None:
        with self._lock:
            self.counts[f"get {key.split('/', maxsplit=1)[0]}"] += 1
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(self.seconds)
        try:
            return self.store.get(key)
        finally:
            with self._lock:
                self._now -= 1

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        time.sleep(self.seconds)
        return self.store.put(key, data, if_absent=if_absent)

    def upload(self, path: Path, key: str, *, if_absent: bool = False) -> bool:
        time.sleep(self.seconds)
        return self.store.upload(path, key, if_absent=if_absent)

    def list(self, prefix: str) -> Iterator[StoredFile]:
        for number, found in enumerate(self.store.list(prefix)):
            if number % 1_000 == 0:  # S3's page
                time.sleep(self.seconds)
            yield found

    def delete(self, keys: Iterable[str]) -> None:
        self.store.delete(keys)


@dataclass(slots=True)
class Counted:
    """Steps as the durable function has them: cut as it cuts, with its operations counted."""

    workspace: Workspace
    store: SlowStore
    patience_seconds: float = 6 * 3600.0
    operations: int = 0
    longest: dict[str, float] = field(default_factory=dict)
    reads: dict[str, Counter[str]] = field(default_factory=dict)

    def lake(self, work: str, what: Mapping[str, Any]) -> Mapping[str, Any]:
        told = LakePiece(**{**what, "owner": "a"})
        return self._timed(work, lambda: prepare.WORK[work](self.workspace, told))

    def light(self, work: str, what: Mapping[str, Any]) -> Mapping[str, Any]:
        told = Piece(**{**what, "seconds": LAMBDA_SECONDS - 90})
        return self._timed(work, lambda: deliver.WORK[work](self.workspace.bench(), told))

    def wait(self, seconds: float) -> None:
        self.operations += 1

    def part_size(self, requests: int) -> int:
        functions = Functions("r", "p", "d", "s")
        return DurableSteps(None, functions, "o", "t").part_size(requests)  # type: ignore[arg-type]

    def _timed(self, work: str, do: Any) -> Any:
        self.operations += 1
        self.store.counts.clear()
        begun = time.monotonic()
        told = do()
        self.longest[work] = max(self.longest.get(work, 0.0), time.monotonic() - begun)
        self.reads[work] = self.store.counts.copy()
        return told


def play(world: World, requests: int, seconds: float) -> tuple[Counted, Any]:
    """Sync so many customers, each in a request of its own."""
    world.customers(customers(range(1, requests + 1), device=False))
    free = {"per_second": 1e9, "burst": 1e9}
    world.post("limits", {"google": {**free, "polls": 3, "milliseconds": 1e12}})
    options = 'options: {rows_per_request: "1", requests_per_second: "1000000"}\n'
    world.put("destinations", TO, world.destination(TO) + options)
    world.clock()
    workspace = world.open()
    store = SlowStore(workspace.lake.store, seconds)
    steps = Counted(replace(workspace, lake=replace(workspace.lake, store=store)), store)
    return steps, bring_in_step(steps, Wish(audience="gold", destination=TO))


def check(world: World, steps: Counted, report: Any, requests: int) -> None:
    assert (report.status, report.requests, report.accepted) == ("done", requests, requests)
    assert len(world.members(TO)) == requests
    found = verify_ledger(world.open())
    assert (found.faults, found.rows) == ((), requests)
    assert steps.operations < MOST_OPERATIONS
    assert steps.reads["settle"]["get outcomes"] == requests  # one for each, and none in vain
    assert steps.reads["ask"]["get outcomes"] <= 2 * requests  # what is open, and then each of it
    assert 1 < steps.store.most <= 16


def test_three_hundred_requests_are_read_at_once_and_each_only_once(world: World) -> None:
    steps, report = play(world, 300, 0.002)
    check(world, steps, report, 300)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_requests_fit_into_lambda_and_a_durable_execution(world: World) -> None:
    """Each file takes 15 ms, as on S3; every piece stays below half of Lambda's time."""
    steps, report = play(world, 10_500, 0.015)
    check(world, steps, report, 10_500)
    print({"operations": steps.operations, **{k: round(v, 1) for k, v in steps.longest.items()}})
    assert max(steps.longest.values()) < LAMBDA_SECONDS / 2, steps.longest
