"""Paces requests: a token bucket shared by all lanes, and the waits between attempts."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.ports import Sleep


@dataclass(slots=True)
class Pace:
    """Lets through `per_second` requests a second, over all threads that share it."""

    per_second: float
    sleep: Sleep
    monotonic: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: float = 0.0

    def wait(self) -> None:
        """Return when the next request may go."""
        with self._lock:
            now = self.monotonic()
            at = max(now, self._next)
            self._next = at + 1.0 / self.per_second
        if at > now:
            self.sleep(at - now)

    def hold(self, seconds: float) -> None:
        """Let nothing through for so long: the platform says that the account has used it up."""
        with self._lock:
            self._next = max(self._next, self.monotonic() + seconds)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently a request is tried again, by what came in its way."""

    attempts: int = 8  # no answer, one of a broken server, or one that cannot be read
    throttled: int = 24  # too many requests: the platform is well, and says when to come back
    first_seconds: float = 0.5
    longest_seconds: float = 60.0

    def wait_seconds(self, attempt: int, said: float | None, seed: str) -> float:
        """Return the wait after a failed attempt: what the platform said, else doubling + jitter.

        The jitter is drawn from the request, so that lanes spread out and a rerun is the same.
        """
        if said is not None:
            return min(said, self.longest_seconds)
        base = min(self.first_seconds * 2.0 ** (attempt - 1), self.longest_seconds)
        return base * (0.5 + random.Random(f"{seed}|{attempt}").random())  # noqa: S311 - no secret
