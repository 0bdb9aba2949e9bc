"""The quota of a day: how many requests an account may still be sent, over all processes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from shared.clock import day
from shared.errors import RetryableError
from shared.ports import KeyValue

_BLOCK = 50  # requests that are counted in one write, at most
_TRIES = 200  # to count beside others who count
_KEPT_SECONDS = 2 * 86_400


@dataclass(slots=True)
class Quota:
    """Lets through `per_day` requests of an account in a day of UTC.

    Requests are counted before they go out, in small blocks; what a process does not use it gives
    back. One that is killed has counted a block at most in vain.
    """

    kv: KeyValue
    place: str  # platform, address and account
    title: str
    per_day: int
    now: Callable[[], datetime]
    _left: int = 0
    _day: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> None:
        """Count one request that is about to go out.

        Raises:
            RetryableError: when the day's requests are used up; it says until when.
        """
        with self._lock:
            today = day(self.now()).isoformat()
            if today != self._day:
                self._day, self._left = today, 0
            if not self._left:
                self._left = self._count(min(_BLOCK, max(1, self.per_day // 100)))
            self._left -= 1

    def give_back(self) -> None:
        """Give back what was counted and not used."""
        with self._lock:
            if self._left and self._day == day(self.now()).isoformat():
                self._count(-self._left)
            self._left = 0

    def _count(self, requests: int) -> int:
        """Add to the day's count what there is room for, and return that."""
        key = f"per_day/{self.place}/{self._day}"
        for _ in range(_TRIES):
            text = self.kv.get(key)
            used = int(text or 0)
            granted = min(requests, self.per_day - used)
            if requests > 0 and granted <= 0:
                raise RetryableError(self._used_up())
            new, was = str(max(0, used + granted)), text
            if self.kv.put(
                key, new, ttl_seconds=_KEPT_SECONDS, if_absent=was is None, if_value=was
            ):
                return granted
        raise RetryableError(f"too many processes count the requests to {self.title}: run again")

    def _used_up(self) -> str:
        tomorrow = date.fromisoformat(self._day) + timedelta(days=1)
        return (
            f"{self.title} takes {self.per_day:,} requests of an account a day, and those of "
            f"{self._day} are used up; run again after {tomorrow}T00:00Z: the run goes on where "
            "it stopped"
        )
