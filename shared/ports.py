"""Ports: what the flows need of the world, as Protocols; adapters lie elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One stored object: its key below the root, and its size in bytes."""

    key: str
    size: int


class Store(Protocol):
    """A flat space of whole files under one root; every write appears complete or not at all."""

    url: str

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        """Write a file; with `if_absent`, return False and change nothing when it exists."""
        ...

    def upload(self, path: Path, key: str, *, if_absent: bool = False) -> bool:
        """Move a finished local file to `key`; one that exists under that key is replaced.

        With `if_absent` one that exists stays as it is: return False, and keep the local file.
        """
        ...

    def get(self, key: str) -> bytes | None:
        """Return a file's bytes, or None when there is none."""
        ...

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """Yield the files whose key begins with `prefix`, in the order of their keys."""
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Remove files; one that is not there is no error."""
        ...


class KeyValue(Protocol):
    """Small mutable state with expiry: names of audiences on platforms, locks, run status."""

    def get(self, key: str) -> str | None:
        """Return a live value, never one that has expired."""
        ...

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
        ...

    def delete(self, key: str, *, if_value: str | None = None) -> bool:
        """Remove a value, or only when it equals `if_value`; return whether it was removed."""
        ...


class Queue(Protocol):
    """Carries messages to whoever works on them, each at least once, in no promised order."""

    def put(self, bodies: Sequence[str]) -> list[int]:
        """Add messages; return the places in `bodies` of those that were not taken.

        Raises:
            RetryableError: when nothing can be taken now.

        """
        ...


class Jobs(Protocol):
    """Starts work that needs the lake, somewhere else, and returns at once."""

    def start(self, kind: str, id_: str) -> None:
        """Start the job of a kind that is described under an id; it may be started twice."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something is started by itself: `cron(…)` or `rate(…)`, its time zone, and the event.

    It may start so many minutes later, so that not everything starts at once.
    """

    expression: str
    timezone: str
    event: Mapping[str, str]
    window_minutes: int = 0


class Schedules(Protocol):
    """Starts things when they are due; one that is put again as it is goes on undisturbed."""

    def names(self) -> list[str]:
        """Return the names of all schedules."""
        ...

    def put(self, name: str, schedule: Schedule) -> bool:
        """Make or change a schedule; return False when it was there as it is."""
        ...

    def delete(self, name: str) -> None:
        """Remove a schedule; one that is not there is no error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that a person should hear of; no field holds an identifier."""

    kind: str  # failed | stopped | unmapped | match_rate | drift
    title: str
    text: str  # what happened
    next: str  # what to do about it
    facts: Mapping[str, str] = field(default_factory=dict)  # run, audience, destination, …


class Notify(Protocol):
    """Tells people what happened, somewhere where they look."""

    def tell(self, notice: Notice) -> None:
        """Tell it once.

        Raises:
            BridgeError: when it could not be told.

        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request as it goes on the wire: absolute URL, exact body bytes."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


FAULT = "x-bridge-fault"  # header on a status 0: refused (nothing was sent) | timeout | reset


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """One answer; status 0 means that none came, and `FAULT` among its headers says why."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


class Http(Protocol):
    """The one seam for network I/O; a test passes a function from request to answer."""

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpAnswer:
        """Send one request and return its answer; never raises for a network fault."""
        ...


class Secrets(Protocol):
    """Resolves a reference such as `env:META_TOKEN` or `secret://ads/meta` to its value."""

    def resolve(self, reference: str) -> str:
        """Return the secret's text.

        Raises:
            ConfigurationError: when the reference names nothing.

        """
        ...

    def store(self, reference: str, text: str) -> None:
        """Replace the secret's text, as for a refresh token that was rotated.

        Raises:
            ConfigurationError: when what the reference names cannot be written.

        """
        ...


class Sleep(Protocol):
    """Waits; injected so that tests and durable functions decide what waiting means."""

    def __call__(self, seconds: float, /) -> None:
        """Wait for so many seconds."""
        ...
