"""A queue on this machine: one SQLite file that outlives its processes, with a dead-letter box."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.clock import Clock
from shared.errors import ConfigurationError, IntegrityError, RetryableError

LARGEST = 256 * 1024  # bytes, as on SQS
MOST_RECEIVES = 5  # a message that was received this often and never acknowledged is dead
_WAIT_SECONDS = 30.0
_TABLE = """
create table if not exists messages (
    id integer primary key autoincrement,
    queue text not null,
    body text not null,
    visible_at real not null,
    receives integer not null default 0,
    dead integer not null default 0
) strict
"""
_INDEX = "create index if not exists waiting on messages (queue, dead, visible_at)"
_PUT = "insert into messages (queue, body, visible_at) values (?, ?, ?)"
_BURY = """
update messages set dead = 1
where queue = ? and dead = 0 and visible_at <= ? and receives >= ?
"""
_RECEIVE = """
update messages set visible_at = ?, receives = receives + 1
where id in (
    select id from messages where queue = ? and dead = 0 and visible_at <= ? order by id limit ?
)
returning id, body, receives
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it was received, and how often it has been."""

    id: str
    body: str
    receives: int


class LocalQueue:
    """Keeps messages by name of queue until they are acknowledged; for their owner's eyes only."""

    def __init__(self, path: Path, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._path = path
        self._lock = threading.Lock()
        with self._told():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(
                path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            weakref.finalize(self, self._connection.close)
            # What was acknowledged holds personal data: it must not stay in the file's free pages.
            self._connection.execute("pragma secure_delete = on")
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute(_TABLE)
            self._connection.execute(_INDEX)

    def put(self, bodies: Sequence[str]) -> list[int]:
        """Add messages; return the places in `bodies` of those that were not taken.

        Raises:
            RetryableError: when nothing can be taken now.

        """
        failed = [place for place, body in enumerate(bodies) if len(body.encode()) > LARGEST]
        now = self._now()
        rows = [(self._name, b, now) for place, b in enumerate(bodies) if place not in set(failed)]
        with self._change() as connection:
            connection.executemany(_PUT, rows)
        return failed

    def receive(self, most: int, visibility_seconds: float) -> list[Message]:
        """Take messages, which nobody else gets for some seconds; too often received ones die."""
        now = self._now()
        with self._change() as connection:
            connection.execute(_BURY, (self._name, now, MOST_RECEIVES))
            taken = (now + visibility_seconds, self._name, now, most)
            rows = connection.execute(_RECEIVE, taken).fetchall()
        return [Message(str(number), body, receives) for number, body, receives in sorted(rows)]

    def acknowledge(self, ids: Sequence[str]) -> None:
        """Remove messages whose work is done."""
        with self._change() as connection:
            connection.executemany("delete from messages where id = ?", [(int(i),) for i in ids])

    def release(self, ids: Sequence[str], delay_seconds: float = 0.0) -> None:
        """Give messages back, to be received again after some seconds."""
        at = self._now() + delay_seconds
        with self._change() as connection:
            connection.executemany(
                "update messages set visible_at = ? where id = ?", [(at, int(i)) for i in ids]
            )

    def recover(self) -> None:
        """Give back all that is out; only for who knows that nobody else is receiving."""
        with self._change() as connection:
            connection.execute(
                "update messages set visible_at = ? "
                "where queue = ? and dead = 0 and visible_at > ?",
                (self._now(), self._name, self._now()),
            )

    def redrive(self) -> int:
        """Bring the dead back to be received anew; return how many there were."""
        with self._change() as connection:
            return connection.execute(
                "update messages set dead = 0, receives = 0, visible_at = ? "
                "where queue = ? and dead = 1",
                (self._now(), self._name),
            ).rowcount

    def depth(self) -> tuple[int, int]:
        """Return how many messages are waiting or out, and how many are dead."""
        with self._change() as connection:
            alive, dead = connection.execute(
                "select count(*) - coalesce(sum(dead), 0), coalesce(sum(dead), 0) "
                "from messages where queue = ?",
                (self._name,),
            ).fetchone()
        return int(alive), int(dead)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    @contextlib.contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._told(), self._lock:
            self._connection.execute("begin immediate")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"cannot write in {self._path.parent}: {error.strerror}"
            raise ConfigurationError(message) from error
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                message = f"{self._path} is damaged: move it away and look at it first"
                raise IntegrityError(message) from error
            raise RetryableError(f"{self._path} is busy or its disk is full") from error
