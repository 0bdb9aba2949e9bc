"""Small mutable state on this machine: one SQLite file that several processes may share."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from shared.clock import Clock
from shared.errors import BridgeError, ConfigurationError, IntegrityError, RetryableError

_WAIT_SECONDS = 30.0
_TABLE = """
create table if not exists entries (
    key text primary key,
    value text not null,
    expires_at real
) without rowid, strict
"""
# Without it every put would read the whole table to find what has expired.
_BY_EXPIRY = (
    "create index if not exists by_expiry on entries (expires_at) where expires_at is not null"
)
_LIVE = "(expires_at is null or expires_at > :now)"
_SWEEP = "delete from entries where expires_at <= :now"
_GET = f"select value from entries where key = :key and {_LIVE}"
_PUT = """
insert into entries (key, value, expires_at) values (:key, :value, :expires_at)
on conflict (key) do update set value = excluded.value, expires_at = excluded.expires_at
where :anyway or entries.expires_at <= :now
returning 1
"""
_SWAP = f"""
update entries set value = :value, expires_at = :expires_at
where key = :key and {_LIVE} and value = :expected
returning 1
"""
_DELETE = f"""
delete from entries
where key = :key and {_LIVE} and (:expected is null or value = :expected)
returning 1
"""


class SqliteKeyValue:
    """Keeps text by key until it expires; every call is one transaction."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        with self._told():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(
                path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            weakref.finalize(self, self._connection.close)
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute(_TABLE)
            self._connection.execute(_BY_EXPIRY)

    def get(self, key: str) -> str | None:
        """Return a live value, never one that has expired."""
        row = self._run(_GET, key=key)
        return None if not row else str(row[0][0])

    def put(
        self,
        key: str,
        value: str,
        *,
        ttl_seconds: int | None = None,
        if_absent: bool = False,
        if_value: str | None = None,
    ) -> bool:
        """Set a value; with `if_absent`, return False when a live one exists.

        With `if_value` it takes the place of just that live one, else return False.
        """
        expires_at = None if ttl_seconds is None else self._now() + ttl_seconds
        if if_value is not None:
            new = {"value": value, "expires_at": expires_at, "expected": if_value}
            return bool(self._run(_SWAP, key=key, **new))
        return bool(
            self._run(_PUT, key=key, value=value, expires_at=expires_at, anyway=not if_absent)
        )

    def delete(self, key: str, *, if_value: str | None = None) -> bool:
        """Remove a value, or only when it equals `if_value`; return whether it was removed."""
        return bool(self._run(_DELETE, key=key, expected=if_value))

    def _run(self, sql: str, **values: Any) -> Sequence[Any]:
        values["now"] = self._now()
        with self._told(), self._lock:
            if sql is _PUT:
                self._connection.execute(_SWEEP, {"now": values["now"]})
            return self._connection.execute(sql, values).fetchall()

    def _now(self) -> float:
        return self._clock.now().timestamp()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"cannot write in {self._path.parent}: {error.strerror}"
            raise ConfigurationError(message) from error
        except sqlite3.DatabaseError as error:
            raise _error(error, self._path) from error


def _error(error: sqlite3.DatabaseError, path: Path) -> BridgeError:
    match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF:
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return ConfigurationError(f"cannot write {path}: check who owns it")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return IntegrityError(f"{path} is damaged: move it away and look at it first")
        case _:
            return RetryableError(f"{path} is busy or its disk is full")
