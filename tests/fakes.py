"""The ports in memory: what flows and stages are tested with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared import keys as checked
from shared.clock import Clock
from shared.errors import ConfigurationError
from shared.ports import HttpAnswer, HttpRequest, Schedule, StoredFile


@dataclass(slots=True)
class MemoryStore:
    """A store in a dictionary; `files` may be looked at and changed by a test."""

    url: str = "memory://store"
    files: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        if checked.check(key) in self.files and if_absent:
            return False
        self.files[key] = bytes(data)
        return True

    def upload(self, path: Path, key: str, *, if_absent: bool = False) -> bool:
        if not self.put(key, path.read_bytes(), if_absent=if_absent):
            return False
        path.unlink()
        return True

    def get(self, key: str) -> bytes | None:
        return self.files.get(checked.check(key))

    def list(self, prefix: str) -> Iterator[StoredFile]:
        for key in sorted(self.files):
            if key.startswith(prefix) and key in self.files:
                yield StoredFile(key, len(self.files[key]))

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.files.pop(checked.check(key), None)


@dataclass(slots=True)
class MemoryKeyValue:
    """A key-value store in a dictionary."""

    clock: Clock = field(default_factory=Clock)
    entries: dict[str, tuple[str, float | None]] = field(default_factory=dict)

    def get(self, key: str) -> str | None:
        value, expires_at = self.entries.get(key, ("", 0.0))
        return value if expires_at is None or expires_at > self._now() else None

    def put(
        self,
        key: str,
        value: str,
        *,
        ttl_seconds: int | None = None,
        if_absent: bool = False,
        if_value: str | None = None,
    ) -> bool:
        if (if_absent and self.get(key) is not None) or if_value not in (None, self.get(key)):
            return False
        self.entries[key] = (value, None if ttl_seconds is None else self._now() + ttl_seconds)
        return True

    def delete(self, key: str, *, if_value: str | None = None) -> bool:
        live = self.get(key)
        if live is None or if_value not in (None, live):
            return False
        del self.entries[key]
        return True

    def _now(self) -> float:
        return self.clock.now().timestamp()


@dataclass(slots=True)
class FakeHttp:
    """The network as a function from request to answer; `requests` is what was sent."""

    answer: Callable[[HttpRequest], HttpAnswer]
    requests: list[HttpRequest] = field(default_factory=list)

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpAnswer:
        self.requests.append(request)
        return self.answer(request)


@dataclass(slots=True)
class FakeSecrets:
    """Secrets by reference."""

    values: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, reference: str) -> str:
        if reference not in self.values:
            raise ConfigurationError(f"{reference} names nothing")
        return self.values[reference]

    def store(self, reference: str, text: str) -> None:
        self.values = {**self.values, reference: text}


@dataclass(slots=True)
class FakeSleep:
    """Waits no time and remembers for how long it was asked to."""

    waited: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)


@dataclass(slots=True)
class MemoryQueue:
    """A queue as a list; `full` makes it take nothing that comes after so many messages."""

    bodies: list[str] = field(default_factory=list)
    full: int = 1_000_000
    trouble: Exception | None = None  # what it raises instead

    def put(self, bodies: Sequence[str]) -> list[int]:
        if self.trouble is not None:
            raise self.trouble
        room = max(self.full - len(self.bodies), 0)
        self.bodies += bodies[:room]
        return list(range(room, len(bodies)))


@dataclass(slots=True)
class MemoryJobs:
    """Jobs that are remembered and not done."""

    started: list[tuple[str, str]] = field(default_factory=list)

    def start(self, kind: str, id_: str) -> None:
        self.started.append((kind, id_))


@dataclass(slots=True)
class MemorySchedules:
    """Schedules in a dictionary; `writes` names those that were made or changed."""

    kept: dict[str, Schedule] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)

    def names(self) -> list[str]:
        return list(self.kept)

    def put(self, name: str, schedule: Schedule) -> bool:
        if self.kept.get(name) == schedule:
            return False
        self.kept[name] = schedule
        self.writes.append(name)
        return True

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)
