"""Kills workers of a deployed stack at random moments, as a machine that is lost does."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

# How often in one sync a function is let die at most: a piece is asked for five times, a durable
# function is begun anew five times, and what an event starts is tried three times.
_MOST = {"sync": 4, "refresh": 4, "plan": 4, "deliver": 4, "jobs": 2}
_ALL = 4
_READ = ("0", "63")  # the system call by processor, x86_64 and arm64


@dataclass(slots=True)
class Killer:
    """Draws moments and workers, and counts whom it killed."""

    folder: Path
    draw: Random
    after: Callable[[], None]
    killed: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def at_work(self) -> Iterator[Counter[str]]:
        """Kill workers until the end of the block; yield by function how many."""
        over, now = threading.Event(), Counter[str]()
        thread = threading.Thread(target=self._kill, args=(over, now))
        thread.start()
        try:
            yield now
        finally:
            over.set()
            thread.join()
            self.killed += now

    def _kill(self, over: threading.Event, now: Counter[str]) -> None:
        while now.total() < _ALL and not over.wait(self.draw.uniform(0.02, 2.5)):
            busy = [(pid, name) for pid, name in self._busy() if now[name] < _MOST[name]]
            if busy:
                pid, name = self.draw.choice(busy)
                os.kill(pid, signal.SIGKILL)
                now[name] += 1
                self.after()

    def _busy(self) -> list[tuple[int, str]]:
        """Find the workers that are at an event: others wait for the next line of their input."""
        found = []
        for each in sorted(Path("/proc").glob("[0-9]*")):
            try:
                words = (each / "cmdline").read_bytes().split(b"\0")
                place = Path(words[1].decode()) if len(words) > 1 else Path()
                if not place.is_relative_to(self.folder) or place.name != "_worker.py":
                    continue
                call = (each / "syscall").read_text().split()
            except OSError:  # it has ended meanwhile
                continue
            name = place.parent.name.split("-")[3]
            if name in _MOST and not (call[0] in _READ and int(call[1], 16) == 0):
                found.append((int(each.name), name))
        return found
