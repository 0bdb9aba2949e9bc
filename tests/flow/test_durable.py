"""The sync as a durable function, under the official local runner, with workers that are killed."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests
from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.exceptions import RetryableSerDesError
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner
from aws_durable_execution_sdk_python_testing.executor import Executor

from audiences.flows.sync import sync
from functions import _lake
from functions.sync import durable
from functions.sync.run import run
from infra.sandbox import server
from tests.flow.fleet import HANDLERS, Fleet, make_stack
from tests.flow.sync_world import DiedError, LossyHttp, World, customers, sha
from tests.infra.stack import forget

_NUMBERS = itertools.count()
PEOPLE = customers(range(1, 10), device=False)


@dataclass(slots=True)
class Dying:
    """A durable context whose worker dies between or in steps, where the draw says so."""

    context: Any
    draw: Random | None
    deaths: list[str]

    @property
    def execution_context(self) -> Any:
        return self.context.execution_context

    def invoke(self, function: str, event: Any, name: str) -> Any:
        self._may_die(f"before {name}")
        answer = self.context.invoke(function, event, name=name)
        self._may_die(f"after {name}")
        return answer

    def step(self, do: Any, name: str) -> Any:
        def dying(context: Any) -> Any:
            made = do(context)
            self._may_die(f"in {name}")  # what it did is done, and not remembered
            return made

        return self.context.step(dying, name=name)

    def wait(self, duration: Any) -> None:
        self.context.wait(duration)

    def _may_die(self, where: str) -> None:
        if self.draw is not None and len(self.deaths) < 3 and self.draw.random() < 0.15:
            self.deaths.append(where)
            raise WorkerDiedError(where)


class WorkerDiedError(RetryableSerDesError):
    """Stands for the end of the worker that runs the durable function.

    Of all that can be raised only this passes through steps and handler as a death does.
    """


@pytest.fixture
def fleet(s3_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    monkeypatch.setattr(Executor, "RETRY_BACKOFF_SECONDS", 0)
    monkeypatch.setattr(durable, "_LEAST_PART", 2)
    monkeypatch.setattr(_lake, "SCRATCH", tmp_path / "scratch")
    before = dict(os.environ)
    running = server.start()
    try:
        free = {name: {"per_second": 1e6, "burst": 1e6} for name in ("meta", "google")}
        requests.post(f"{running.url}/_sandbox/limits", json=free, timeout=20).raise_for_status()
        environment = make_stack(s3_endpoint, next(_NUMBERS), running.url)
        forget()
        environment |= {"TEST_LOG": str(tmp_path / "log"), "TEST_SCRATCH": str(tmp_path / "work")}
        yield Fleet(World(tmp_path / "shop", running.url), environment)
    finally:
        running.stop()
        os.environ.clear()
        os.environ.update(before)
        forget()


def play(fleet: Fleet, name: str = "one", to: str = "meta-main", **asked: Any) -> dict[str, Any]:
    """Run one sync to its end under the official runner; return what it answered."""
    deaths: list[str] = []

    def handler(event: Any, context: Any) -> Any:
        return run(event, Dying(context, fleet.draw, deaths))  # type: ignore[arg-type]

    with DurableFunctionTestRunner(durable_execution(handler)) as runner, _loop_closed(runner):
        for each in HANDLERS:
            runner.register_function(each, fleet.handler(each))
        wish = {"audience": "gold", "destination": to, **asked}
        ended = runner.run(input=json.dumps(wish), execution_name=name, execution_timeout=240)
        kept = json.dumps(
            [_plain(operation) for operation in ended.get_all_operations()], default=str
        )
        for one in PEOPLE:
            private = (one.mail, one.phone, one.id, sha(one.mail), sha(one.phone[1:]))
            assert [value for value in private if value in kept] == []
    assert ended.status.value == "SUCCEEDED", ended.error
    told: dict[str, Any] = json.loads(ended.result)
    return told | {"deaths": deaths}


@contextmanager
def _loop_closed(runner: DurableFunctionTestRunner) -> Iterator[None]:
    """Close what the runner leaves open: its event loop, with two sockets."""
    try:
        yield
    finally:
        runner.close()
        runner._scheduler._loop.close()


def _plain(operation: Any) -> dict[str, Any]:
    return {name: getattr(operation, name, None) for name in ("name", "status", "result", "error")}


def test_a_sync_runs_as_a_durable_function(fleet: Fleet) -> None:
    fleet.customers(PEOPLE)
    told = play(fleet)
    assert (told["status"], told["accepted"], told["adds"]) == ("done", 9, 9)
    assert told["requests"] == 5  # and they went out in three pieces
    fleet.check("meta-main", PEOPLE)
    changed = [replace(PEOPLE[0], tier="iron"), *customers([20], device=False)]
    fleet.customers(changed)
    told = play(fleet, "two")
    assert (told["adds"], told["removes"]) == (1, 1)
    fleet.check("meta-main", [*PEOPLE[1:], *customers([20], device=False)])
    said = Path(fleet.environment["TEST_LOG"]).read_text()
    assert [one.mail for one in PEOPLE if one.mail in said] == []


def test_a_replacement_that_was_interrupted_is_brought_to_its_end_and_not_sent_again(
    fleet: Fleet,
) -> None:
    fleet.customers(PEOPLE)
    dying = LossyHttp(lambda request: "die" if ":removeAll" in request.url else "")
    with pytest.raises(DiedError):
        sync(replace(fleet.workspace(), http=dying), "gold", "google-main", mode="replace")
    told = play(fleet, to="google-main", mode="replace")
    assert (told["status"], told["resumed"], told["accepted"]) == ("done", told["run"], 9)
    sent = [one["path"].rpartition(":")[2] for one in fleet.world.requests("google")]
    assert (sent.count("ingest"), sent.count("removeAll")) == (1, 1)
    fleet.check("google-main", PEOPLE)


def killed(fleet: Fleet, seed: int, rounds: int) -> None:
    """Play rounds with workers dying at any moment: right in the end, and nothing is sent again."""
    fleet.draw = Random(seed)
    to = "google-main" if seed % 2 else "meta-main"
    now = PEOPLE
    for number in range(rounds):
        fleet.kills = 0
        fleet.customers(now)
        told = play(fleet, f"round-{number}", to)
        if told["status"] != "done":  # five deaths of one worker in a row: it is asked for again
            fleet.draw, draw = None, fleet.draw
            told = play(fleet, f"round-{number}-again", to)
            fleet.draw = draw
        assert told["status"] == "done", told
        fleet.check(to, [one for one in now if one.tier == "gold"])
        fleet.never_again()
        now = [replace(PEOPLE[n], tier="iron") for n in range(3)]
        now += [*PEOPLE[3:], *customers(range(30, 33), device=False)]


@pytest.mark.parametrize("seed", [0, 1])
def test_workers_may_die_at_any_moment(fleet: Fleet, seed: int) -> None:
    killed(fleet, seed, 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 52))
def test_workers_may_die_at_any_moment_often(fleet: Fleet, seed: int) -> None:
    killed(fleet, seed, 2)
