"""Every queue keeps the same promises: the one on disk and the one on SQS."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from infra.local.queue import MOST_RECEIVES, LocalQueue
from shared.aws.queue import SqsQueue
from shared.clock import Clock
from shared.errors import BridgeError, ConfigurationError, IntegrityError
from shared.ports import Queue

START = datetime(2026, 11, 21, 6, tzinfo=UTC)
_NUMBERS = itertools.count()
LARGEST = 256 * 1024


class Hands:
    """A clock whose hands a test can move."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture(params=["local", "sqs"])
def queue(
    request: pytest.FixtureRequest, tmp_path: Path, hands: Hands
) -> tuple[Queue, Callable[[], list[str]]]:
    """A queue, and what takes all messages out of it."""
    if request.param == "local":
        local = LocalQueue(tmp_path / "queue.sqlite", "calls", hands)  # type: ignore[arg-type]
        return local, lambda: [m.body for m in local.receive(10_000, 30)]
    client = boto3.client("sqs", endpoint_url=request.getfixturevalue("endpoint"))
    url = client.create_queue(QueueName=f"calls-{next(_NUMBERS)}")["QueueUrl"]

    def take() -> list[str]:
        taken: list[str] = []
        while found := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            taken += [message["Body"] for message in found]
        return taken

    return SqsQueue(url, client), take


def test_messages_come_out_as_they_went_in(queue: tuple[Queue, Callable[[], list[str]]]) -> None:
    port, take = queue
    bodies = ['{"a": "é \\u0000 \\ud800"}', " spaces \n", "x"]
    assert port.put(bodies) == []
    assert sorted(take()) == sorted(bodies)


def test_many_messages_go_in_one_call(queue: tuple[Queue, Callable[[], list[str]]]) -> None:
    port, take = queue
    bodies = [f"{number:04d}" + "x" * 9_000 for number in range(57)]  # over one call's bytes
    assert port.put(bodies) == []
    assert sorted(take()) == bodies


def test_a_message_that_is_too_large_is_named_and_costs_no_other(
    queue: tuple[Queue, Callable[[], list[str]]],
) -> None:
    port, take = queue
    assert port.put(["a", "x" * (LARGEST + 1), "b", "é" * (LARGEST // 2 + 1)]) == [1, 3]
    assert sorted(take()) == ["a", "b"]


def test_nothing_is_a_batch_too(queue: tuple[Queue, Callable[[], list[str]]]) -> None:
    port, take = queue
    assert port.put([]) == []
    assert take() == []


def local(tmp_path: Path, hands: Hands, name: str = "calls") -> LocalQueue:
    return LocalQueue(tmp_path / "queue.sqlite", name, hands)  # type: ignore[arg-type]


def test_a_message_that_is_out_is_not_given_twice(tmp_path: Path, hands: Hands) -> None:
    queue = local(tmp_path, hands)
    queue.put(["a"])
    (first,) = queue.receive(10, 30)
    assert queue.receive(10, 30) == []
    hands.at = START + timedelta(seconds=30)
    (again,) = queue.receive(10, 30)
    assert (again.id, again.receives) == (first.id, 2)
    queue.acknowledge([again.id])
    hands.at = START + timedelta(days=1)
    assert queue.receive(10, 30) == []
    assert queue.depth() == (0, 0)


def test_a_message_that_was_received_too_often_is_dead_until_it_is_redriven(
    tmp_path: Path, hands: Hands
) -> None:
    queue = local(tmp_path, hands)
    queue.put(["poison"])
    for _ in range(MOST_RECEIVES):
        (message,) = queue.receive(10, 30)
        queue.release([message.id])
    assert queue.receive(10, 30) == []
    assert queue.depth() == (0, 1)
    assert queue.redrive() == 1
    assert [m.body for m in queue.receive(10, 30)] == ["poison"]


def test_a_released_message_waits_as_long_as_it_is_told(tmp_path: Path, hands: Hands) -> None:
    queue = local(tmp_path, hands)
    queue.put(["a"])
    queue.release([queue.receive(1, 30)[0].id], 5)
    assert queue.receive(1, 30) == []
    hands.at = START + timedelta(seconds=5)
    assert queue.receive(1, 30)


def test_queues_in_one_file_know_nothing_of_each_other(tmp_path: Path, hands: Hands) -> None:
    calls, jobs = local(tmp_path, hands), local(tmp_path, hands, "jobs")
    calls.put(["a"])
    assert jobs.receive(10, 30) == []
    assert len(calls.receive(10, 30)) == 1


def test_of_many_threads_each_message_goes_to_one(tmp_path: Path) -> None:
    queue = LocalQueue(tmp_path / "queue.sqlite", "calls", Clock())
    queue.put([str(number) for number in range(100)])
    got: list[str] = []

    def take() -> None:
        while found := queue.receive(7, 30):
            got.extend(message.body for message in found)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=int) == [str(number) for number in range(100)]


KILLED = """
import os, sys
from pathlib import Path
from infra.local.queue import LocalQueue
from shared.clock import Clock
queue = LocalQueue(Path(sys.argv[1]), "calls", Clock())
queue.put(["a", "b"])
queue.receive(1, 3600)
queue._connection.execute("begin immediate")
queue._connection.execute("delete from messages")
os._exit(9)
"""


def test_messages_outlive_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    command = [sys.executable, "-c", KILLED, str(path)]
    root = Path(__file__).parents[2]
    assert subprocess.run(command, cwd=root, check=False).returncode == 9
    queue = LocalQueue(path, "calls", Clock())
    queue.recover()
    assert [m.body for m in queue.receive(10, 30)] == ["a", "b"]


def test_an_acknowledged_message_leaves_no_trace_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    queue = LocalQueue(path, "calls", Clock())
    queue.put(["ada.canary@example.com " * 50])
    queue.acknowledge([queue.receive(1, 30)[0].id])
    del queue
    assert b"ada.canary" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_damaged_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(IntegrityError, match="damaged"):
        LocalQueue(path, "calls", Clock())


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="file"):
        LocalQueue(tmp_path / "file" / "queue.sqlite", "calls", Clock())


def test_a_queue_on_sqs_that_is_not_there_raises(endpoint: str) -> None:
    client = boto3.client("sqs", endpoint_url=endpoint)
    with pytest.raises(BridgeError, match="queue"):
        SqsQueue(f"{endpoint}/123456789012/no-such", client).put(["a"])
