"""Chaos: seeded runs of sync, killed at any moment under faults, rerun, and checked to the byte.

`python -m tests.flow.chaos --runs 200` prints a summary as Markdown; `--seed S` repeats one run.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

# Arrow's allocator would start a thread, and a process with threads must not be forked.
os.environ["JE_ARROW_MALLOC_CONF"] = "background_thread:false"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a kill loses nothing that was written; no disk is needed
Told = dict[str, Any]


def main() -> int:
    """Play the runs that are asked for; return 1 when anything was violated."""
    asked = _asked()
    seeds = asked.seed or list(range(asked.first, asked.first + asked.runs))
    fast = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=fast))
    begun, told = time.monotonic(), []
    try:
        told = _play(folder, seeds, min(asked.jobs, len(seeds)), asked.broken)
    finally:
        wrong = [one for one in told if one["violations"]]
        if not wrong or asked.broken:
            shutil.rmtree(folder)
    print(_summary(told, time.monotonic() - begun))
    for one in wrong:
        _explain(one)
    missing = set(seeds) - {one["seed"] for one in told}
    for seed in sorted(missing):
        print(f"seed {seed}: the run came to no end; repeat it with --seed {seed}")
    return 1 if wrong or missing else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.flow.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, action="append", help="play just this one")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--broken", default="", help="break the code first: see chaos_break.py")
    return parser.parse_args()


def _play(folder: Path, seeds: list[int], jobs: int, broken: str) -> list[Told]:
    """Deal the seeds out to workers, each a process with a sandbox of its own."""
    from tests.flow import chaos_break, chaos_stage

    chaos_stage.warm_up()
    if broken:
        chaos_break.BREAKS[broken]()
    pids = []
    for number in range(jobs):
        mine = [seed for seed in seeds if seed // 2 % jobs == number]
        own = folder / f"worker-{number}"
        own.mkdir()
        pids.append(chaos_stage.fork(partial(_work, own, mine), own / "errors"))
    for number, pid in enumerate(pids):
        _, status = os.waitpid(pid, 0)
        if status:
            print((folder / f"worker-{number}" / "errors").read_text(), file=sys.stderr)
    lines = [line for path in folder.glob("worker-*/told") for line in path.open()]
    return sorted((json.loads(line) for line in lines), key=lambda one: one["seed"])


def _work(folder: Path, seeds: list[int]) -> None:
    from tests.flow import chaos_run, chaos_stage

    gc.freeze()  # else each fork copies what its collector touches
    parent = os.getppid()
    pid, url = chaos_stage.start_sandbox()
    try:
        stage = chaos_stage.Stage(folder, url)
        with (folder / "told").open("w") as file:
            for seed in seeds:
                if os.getppid() != parent:
                    return
                told = chaos_run.run(stage, seed).as_json()
                file.write(f"{json.dumps(told)}\n")
                file.flush()
    finally:
        os.kill(pid, signal.SIGKILL)


def _explain(one: Told) -> None:
    print(f"seed {one['seed']}: repeat it with: python -m tests.flow.chaos --seed {one['seed']}")
    print(f"  its workspace: {one['folder']}")
    for kill in one["kills"]:
        print(f"  killed {kill}")
    for violation in one["violations"]:
        print(f"  VIOLATION {violation}")


def _summary(told: list[Told], seconds: float) -> str:
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in ("time", "point")}
    for one in told:
        mine = counts[one["kind"]]
        mine.update(one["counts"])
        mine.update({"runs": 1, "kills": len(one["kills"]), "violations": len(one["violations"])})
        mine.update(_phases(one["kills"]))
    rows = [
        "| | killed at a random time | killed at a point | all |",
        "|---|---:|---:|---:|",
        *(_row(title, name, counts) for title, name in _lines()),
        "",
        f"{len(told)} runs in {seconds:.0f} s on {os.cpu_count()} cores.",
    ]
    return "\n".join(rows)


def _row(title: str, name: str, counts: dict[str, Counter[str]]) -> str:
    numbers = [found[name] for found in counts.values()]
    return f"| {title} | " + " | ".join(f"{n:,}" for n in (*numbers, sum(numbers))) + " |"


def _phases(kills: list[str]) -> Counter[str]:
    from tests.flow.chaos_ports import phase_of

    return Counter(f"phase {phase_of(kill)}" for kill in kills)


def _lines() -> list[tuple[str, str]]:
    from tests.flow.chaos_ports import PHASES

    return [
        ("runs", "runs"),
        ("processes", "processes"),
        ("kills", "kills"),
        *((f"… {says}", f"phase {name}") for name, says in PHASES.items()),
        ("syncs that ended: done", "status done"),
        ("… of them after bringing an interrupted run to its end", "resumed"),
        ("syncs that ended: waiting for the platform", "status waiting"),
        ("syncs that ended: RetryableError", "RetryableError"),
        ("syncs that ended: CredentialError", "CredentialError"),
        ("plans that were given up and made anew", "run abandoned"),
        ("reruns minutes later", "late soon"),
        ("reruns 26 hours later, when every plan is stale", "late stale"),
        ("reruns after new records", "late news"),
        ("requests that arrived", "arrived"),
        *((f"… met by {kind}", f"fault {kind}") for kind in FAULTS),
        ("**violations**", "violations"),
    ]


FAULTS = ("429", "500", "timeout", "reset_after_commit", "partial", "expired_token")

if __name__ == "__main__":
    sys.exit(main())
