"""Deals runs of chaos out to processes, each with a sandbox of its own; says what came of them."""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

# Arrow's allocator would start a thread, and a process with threads must not be forked.
os.environ["JE_ARROW_MALLOC_CONF"] = "background_thread:false"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a kill loses nothing that was written; no disk is needed
FAULTS = ("429", "500", "timeout", "reset_after_commit", "partial", "expired_token")


@dataclass(slots=True, kw_only=True)
class Told:
    """What a run came to."""

    again: str  # the command that repeats it
    group: str  # what it is counted with
    folder: str
    counts: Counter[str] = field(default_factory=Counter)
    kills: list[str] = field(default_factory=list)  # the last point before each
    violations: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept until all workers are through."""
        return {name: getattr(self, name) for name in self.__slots__}

    def ended(self, folder: Path, status: int, *, killed: bool) -> None:
        """Note how a process ended, and where it stood if it was to be killed."""
        code = os.waitstatus_to_exitcode(status)
        if code == -signal.SIGKILL and killed:
            trace = (folder / "trace").read_text(encoding="utf-8").splitlines()
            self.kills.append(trace[-1] if trace else "start")
        elif code:
            errors = folder / "errors"
            said = errors.read_text(encoding="utf-8") if errors.exists() else "it hung"
            self.violations.append(f"a process ended with status {status}: {said}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """The runs that are asked for."""

    runs: Sequence[str]  # by the command that repeats each
    work: Callable[[Path, int, str], Iterable[Told]]  # a worker's folder, number and sandbox
    jobs: int
    broken: str  # how to break the code first: see chaos_break.py
    small: bool  # whether requests hold few rows, so that there are many


def played(module: str, *words: str) -> tuple[int, str]:
    """Play runs in a process of its own, because one that has threads must not be forked."""
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def asking(command: str, doc: str | None, runs: int) -> argparse.ArgumentParser:
    """Make a parser of what every kind of chaos can be asked for."""
    parser = argparse.ArgumentParser(prog=command, description=doc)
    parser.add_argument("--runs", type=int, default=runs)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, action="append", help="play just this one")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--broken", default="", help="break the code first: see chaos_break.py")
    return parser


def seeds(asked: argparse.Namespace) -> list[int]:
    """Return the seeds that are asked for."""
    return asked.seed or list(range(asked.first, asked.first + asked.runs))


def play(deal: Deal, summary: Callable[[list[Told], float], str]) -> tuple[str, bool]:
    """Play the runs and print what came of them; return the summary, and whether all is well."""
    fast = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=fast))
    begun, told = time.monotonic(), list[Told]()
    try:
        told = _dealt(deal, folder)
    finally:
        wrong = [one for one in told if one.violations]
        if not wrong or deal.broken:
            shutil.rmtree(folder)
    table = summary(told, time.monotonic() - begun)
    print(table)
    for one in wrong:
        _explain(one)
    ended = {one.again for one in told}
    lost = [again for again in deal.runs if again not in ended]
    for again in lost:
        print(f"a run came to no end; repeat it with: {again}")
    return table, not wrong and not lost


def counted(told: Iterable[Told]) -> dict[str, Counter[str]]:
    """Add up the counts of each group's runs."""
    counts: dict[str, Counter[str]] = {}
    for one in told:
        mine = counts.setdefault(one.group, Counter())
        mine.update(one.counts)
        mine.update({"runs": 1, "kills": len(one.kills), "violations": len(one.violations)})
    return counts


def _dealt(deal: Deal, folder: Path) -> list[Told]:
    from tests.flow import chaos_break, chaos_stage

    chaos_stage.warm_up(small=deal.small)
    if deal.broken:
        chaos_break.BREAKS[deal.broken]()
    pids = [
        chaos_stage.fork(partial(_work, deal, folder, number), folder / f"errors-{number}")
        for number in range(deal.jobs)
    ]
    for number, pid in enumerate(pids):
        _, status = os.waitpid(pid, 0)
        errors = folder / f"errors-{number}"
        if status and errors.exists():  # a worker that was killed has written none
            print(errors.read_text(encoding="utf-8"), file=sys.stderr)
    lines = [line for path in folder.glob("told-*") for line in path.open(encoding="utf-8")]
    told = [Told(**json.loads(line)) for line in lines]
    return sorted(told, key=lambda one: deal.runs.index(one.again))


def _work(deal: Deal, folder: Path, number: int) -> None:
    from tests.flow import chaos_stage

    gc.freeze()  # else each fork copies what its collector touches
    parent = os.getppid()
    pid, url = chaos_stage.start_sandbox()
    try:
        with (folder / f"told-{number}").open("w", encoding="utf-8") as file:
            for told in deal.work(folder, number, url):
                file.write(f"{json.dumps(told.as_json())}\n")
                file.flush()
                if os.getppid() != parent:
                    return
    finally:
        os.kill(pid, signal.SIGKILL)


def _explain(one: Told) -> None:
    print(f"repeat it with: {one.again}")
    print(f"  its workspace: {one.folder}")
    for kill in one.kills:
        print(f"  killed {kill}")
    for violation in one.violations:
        print(f"  VIOLATION {violation}")
