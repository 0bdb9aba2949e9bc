"""Every key-value store keeps the same promises: on disk, in DynamoDB, and the fake."""

from __future__ import annotations

import itertools
import multiprocessing
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from infra.local.kv import SqliteKeyValue
from shared.aws.kv import DynamoKeyValue
from shared.clock import Clock
from shared.errors import ConfigurationError, IntegrityError
from shared.ports import KeyValue
from tests.fakes import MemoryKeyValue

START = datetime(2026, 11, 21, 6, tzinfo=UTC)
_NUMBERS = itertools.count()


class Hands:
    """A clock whose hands a test can move."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def hands() -> Hands:
    return Hands()


def in_dynamodb(endpoint: str, clock: Clock) -> DynamoKeyValue:
    client = boto3.client("dynamodb", endpoint_url=endpoint, config=Config(max_pool_connections=16))
    table = f"state-{next(_NUMBERS)}"
    client.create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return DynamoKeyValue(table, client, clock)


@pytest.fixture(params=["sqlite", "dynamodb", "memory"])
def kv(request: pytest.FixtureRequest, tmp_path: Path, hands: Hands) -> KeyValue:
    clock: Clock = hands  # type: ignore[assignment]
    if request.param == "sqlite":
        return SqliteKeyValue(tmp_path / "state" / "kv.sqlite", clock)
    if request.param == "dynamodb":
        return in_dynamodb(request.getfixturevalue("endpoint"), clock)
    return MemoryKeyValue(clock)


def test_a_value_comes_back(kv: KeyValue) -> None:
    assert kv.get("k") is None
    assert kv.put("k", "one")
    assert kv.put("k", "zwei é")
    assert kv.get("k") == "zwei é"
    assert kv.put("empty", "")
    assert kv.get("empty") == ""


def test_a_value_dies_at_its_time(kv: KeyValue, hands: Hands) -> None:
    kv.put("k", "v", ttl_seconds=60)
    kv.put("for-ever", "v")
    hands.at = START + timedelta(seconds=59)
    assert kv.get("k") == "v"
    hands.at = START + timedelta(seconds=60)
    assert kv.get("k") is None
    assert not kv.delete("k")
    assert kv.get("for-ever") == "v"


def test_a_new_value_takes_a_new_life(kv: KeyValue, hands: Hands) -> None:
    kv.put("k", "v", ttl_seconds=60)
    kv.put("k", "v")
    hands.at = START + timedelta(days=900)
    assert kv.get("k") == "v"


def test_if_absent_yields_to_a_live_value_only(kv: KeyValue, hands: Hands) -> None:
    assert kv.put("lock", "a", ttl_seconds=60, if_absent=True)
    assert not kv.put("lock", "b", ttl_seconds=60, if_absent=True)
    assert kv.get("lock") == "a"
    hands.at = START + timedelta(seconds=61)
    assert kv.put("lock", "b", ttl_seconds=60, if_absent=True)
    assert kv.get("lock") == "b"


def test_delete_may_ask_for_the_value(kv: KeyValue) -> None:
    kv.put("lock", "mine")
    assert not kv.delete("lock", if_value="yours")
    assert kv.get("lock") == "mine"
    assert kv.delete("lock", if_value="mine")
    assert not kv.delete("lock")
    assert kv.get("lock") is None


def test_put_may_ask_for_the_value_that_it_replaces(kv: KeyValue, hands: Hands) -> None:
    assert not kv.put("count", "2", if_value="1")
    assert kv.get("count") is None
    kv.put("count", "1", ttl_seconds=60)
    assert not kv.put("count", "3", if_value="2")
    assert kv.put("count", "2", ttl_seconds=60, if_value="1")
    assert not kv.put("count", "2", if_value="1")
    assert kv.get("count") == "2"
    hands.at = START + timedelta(seconds=61)
    assert not kv.put("count", "3", if_value="2")


def test_threads_share_one_store(kv: KeyValue) -> None:
    won: list[int] = []

    def take(number: int) -> None:
        if kv.put("lock", str(number), if_absent=True):
            won.append(number)

    threads = [threading.Thread(target=take, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert kv.get("lock") == str(won[0])


def _take(path: str, number: int, won: multiprocessing.Queue[int]) -> None:
    kv = SqliteKeyValue(Path(path), Clock())
    for step in range(25):
        if kv.put(f"lock-{step}", str(number), if_absent=True):
            won.put(step)


def test_of_many_processes_one_takes_each_lock(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    won = context.Queue()
    path = str(tmp_path / "kv.sqlite")
    processes = [context.Process(target=_take, args=(path, n, won)) for n in range(3)]
    for process in processes:
        process.start()
    taken = sorted(won.get(timeout=60) for _ in range(25))
    for process in processes:
        process.join()
    assert [p.exitcode for p in processes] == [0, 0, 0]
    assert taken == list(range(25))
    assert won.empty()


KILLED = """
import os, sys
from pathlib import Path
from infra.local.kv import SqliteKeyValue
from shared.clock import Clock
kv = SqliteKeyValue(Path(sys.argv[1]), Clock())
kv.put("a", "kept")
kv._connection.execute("begin immediate")
kv._connection.execute("update entries set value = 'half'")
os._exit(9)
"""


def test_what_was_put_outlives_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "kv.sqlite"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=root, check=False)
    assert done.returncode == 9
    kv = SqliteKeyValue(path, Clock())
    assert kv.get("a") == "kept"
    assert kv.put("a", "new")


def test_expired_values_leave_the_disk(tmp_path: Path, hands: Hands) -> None:
    path = tmp_path / "kv.sqlite"
    kv = SqliteKeyValue(path, hands)  # type: ignore[arg-type]
    kv.put("old", "v", ttl_seconds=1)
    hands.at = START + timedelta(seconds=2)
    kv.put("new", "v")
    connection = sqlite3.connect(path)
    assert connection.execute("select key from entries").fetchall() == [("new",)]
    connection.close()


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    SqliteKeyValue(tmp_path / "kv.sqlite", Clock()).put("a", "b")
    assert (tmp_path / "kv.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="file"):
        SqliteKeyValue(tmp_path / "file" / "kv.sqlite", Clock())


def test_a_damaged_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "kv.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(IntegrityError, match="damaged"):
        SqliteKeyValue(path, Clock())
    assert path.read_bytes().startswith(b"not a database")


def test_the_sweep_of_dynamodb_never_comes_before_the_end_of_a_life(
    endpoint: str, hands: Hands
) -> None:
    hands.at = START + timedelta(milliseconds=300)
    kv = in_dynamodb(endpoint, hands)  # type: ignore[arg-type]
    kv.put("k", "v", ttl_seconds=60)
    item = kv._client.get_item(TableName=kv._table, Key={"key": {"S": "k"}})["Item"]
    assert int(item["ttl"]["N"]) == int(START.timestamp()) + 61
    hands.at = START + timedelta(milliseconds=60_300)
    assert kv.get("k") is None


def test_a_put_that_was_sent_twice_has_won(endpoint: str) -> None:
    """The first answer of DynamoDB gets lost; boto sends the same bytes again."""
    kv = in_dynamodb(endpoint, Clock())
    put = kv._client.put_item

    class Twice:
        def put_item(self, **arguments: object) -> object:
            put(**arguments)
            return put(**arguments)

    again = DynamoKeyValue(kv._table, Twice(), Clock())
    assert again.put("lock", "mine", if_absent=True)
    assert not kv.put("lock", "yours", if_absent=True)


def test_a_table_that_is_not_there_is_a_configuration_error(endpoint: str) -> None:
    kv = DynamoKeyValue("no-such", boto3.client("dynamodb", endpoint_url=endpoint), Clock())
    for use in (lambda: kv.get("k"), lambda: kv.put("k", "v", if_absent=True)):
        with pytest.raises(ConfigurationError, match="no-such"):
            use()
