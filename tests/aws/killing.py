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
_MOST = {"sync": 3, "refresh": 3, "plan": 3, "deliver": 3, "jobs": 2}
_ALL = 3
_LONGEST = 12.0  # seconds until the next worker dies
_EFFECTS = 20  # or so many effects: files written and requests sent, of 20 to 50 in a sync
_READ = ("0", "63")  # the system call by processor, x86_64 and arm64


@dataclass(slots=True)
class Killer:
    """Draws moments and workers, and counts whom it killed.

    A moment is after some time, or after some effects: at work that takes little time, too.
    """

    folder: Path
    draw: Random
    effects: Callable[[], int]
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
        for _ in range(self.draw.randint(0, _ALL)):
            self._wait(over)
            busy = [(pid, name) for pid, name in self._busy() if now[name] < _MOST[name]]
            if busy and not over.is_set():
                pid, name = self.draw.choice(busy)
                os.kill(pid, signal.SIGKILL)
                now[name] += 1
                self.after()

    def _wait(self, over: threading.Event) -> None:
        seconds = self.draw.uniform(0.02, _LONGEST)
        goal = self.draw.randint(1, _EFFECTS)
        if self.draw.random() < 0.3:
            over.wait(seconds)
            return
        begun = self.effects()
        while not over.wait(0.1) and self.effects() < begun + goal:
            pass

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
