"""The worker of `bridge serve`: absorbs calls within a second, carries out jobs, keeps time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audiences.flows.absorb import absorb
from audiences.flows.exports import Desk
from audiences.flows.jobs import carry_out, give_up
from audiences.flows.queued import Delivered
from audiences.flows.workspace import Workspace
from infra.local.jobs import QueueJobs
from infra.local.queue import MOST_RECEIVES, LocalQueue, Message
from infra.local.runtime import STATE, open_workspace, texts
from infra.local.timer import Timer
from shared.clock import Clock
from shared.errors import DataError, RetryableError
from shared.log import log

_AT_ONCE = 2_000
_OUT_SECONDS = 24 * 3600  # the worker is alone: what is out when it starts is given back
_REST_SECONDS = 0.2
_LONGEST_WAIT = 60.0
_TICK_SECONDS = 5.0
_CATCH_UP_SECONDS = 300.0


def calls_queue(folder: Path) -> LocalQueue:
    """Open the queue of tracking calls of a workspace."""
    return LocalQueue(folder / STATE / "queue.sqlite", "calls", Clock())


def jobs_queue(folder: Path) -> LocalQueue:
    """Open the queue of jobs of a workspace."""
    return LocalQueue(folder / STATE / "queue.sqlite", "jobs", Clock())


@dataclass(frozen=True, slots=True)
class Worker:
    """Works on one workspace's queues; there is one worker at a time."""

    folder: Path
    calls: LocalQueue
    jobs: LocalQueue

    def absorb_once(self, workspace: Workspace) -> int:
        """Absorb what is waiting; return how many messages there were."""
        messages = self.calls.receive(_AT_ONCE, _OUT_SECONDS)
        if not messages:
            return 0
        try:
            done = absorb(workspace, [Delivered(m.id, m.body) for m in messages])
        except Exception as error:  # noqa: BLE001 - the calls stay queued, whatever went wrong
            log("crash", level="error", error=error)
            self._again(self.calls, messages)
            return len(messages)
        failed = set(done.failed)
        self.calls.acknowledge([m.id for m in messages if m.id not in failed])
        self._again(self.calls, [m for m in messages if m.id in failed])
        return len(messages)

    def work_once(self) -> int:
        """Carry out one job that is waiting; return how many there were."""
        messages = self.jobs.receive(1, _OUT_SECONDS)
        for message in messages:
            over = False
            try:
                over = self._is_over(message)
            except Exception as error:  # noqa: BLE001 - bridge.toml may be half written just now
                log("crash", level="error", error=error)
            if over:
                self.jobs.acknowledge([message.id])
            else:
                self._again(self.jobs, [message], 2.0)
        return len(messages)

    def _is_over(self, message: Message) -> bool:
        job = json.loads(message.body)
        kind, id_ = str(job["job"]), str(job["id"])
        # Opened anew: audiences and destinations may have changed.
        workspace = open_workspace(self.folder)
        try:
            carry_out(workspace, kind, id_)
        except DataError as error:
            log("no_job", level="error", error=error)
        except RetryableError as error:
            log("job_waits", level="warning", error=error)
            if message.receives < MOST_RECEIVES:
                return False
            give_up(workspace, kind, id_)
        except Exception as error:  # noqa: BLE001 - other jobs must go on
            log("crash", level="error", error=error)
            give_up(workspace, kind, id_)
        return True

    def _again(self, queue: LocalQueue, messages: list[Message], first: float = 0.5) -> None:
        for message in messages:
            queue.release([message.id], min(first * 2**message.receives, _LONGEST_WAIT))


@contextmanager
def working(folder: Path) -> Iterator[Worker]:
    """Work in threads while the block runs; what is begun is brought to its end.

    Raises:
        RetryableError: when another worker is at this workspace.
    """
    workspace = open_workspace(folder)
    worker = Worker(folder, calls_queue(folder), jobs_queue(folder))
    jobs = QueueJobs(worker.jobs)
    timer = Timer(Desk(workspace.lake.store, workspace.kv, jobs, workspace.clock))
    over = threading.Event()
    with workspace.lock("serve"):
        for queue in (worker.calls, worker.jobs):
            queue.recover()
        steps: tuple[tuple[Callable[[], int], float], ...] = (
            (lambda: worker.absorb_once(workspace), _REST_SECONDS),
            (worker.work_once, _REST_SECONDS),
            (lambda: timer.tick(texts(folder / "audiences")), _TICK_SECONDS),
            (lambda: _catch_up(workspace), _CATCH_UP_SECONDS),
        )
        threads = [threading.Thread(target=_loop, args=(step, rest, over)) for step, rest in steps]
        for thread in threads:
            thread.start()
        try:
            yield worker
        finally:
            over.set()
            for thread in threads:
                thread.join()


def _catch_up(workspace: Workspace) -> int:
    workspace.teller().catch_up()
    return 0


def _loop(step: Callable[[], int], rest: float, over: threading.Event) -> None:
    while not over.is_set():
        try:
            found = step()
        except Exception as error:  # noqa: BLE001 - a full disk now need not be one later
            log("crash", level="error", error=error)
            found = 0
        if not found:
            over.wait(rest)
