"""Chaos for every platform of the registry: seeded runs of a sync, killed, rerun, and checked.

`python -m tests.flow.chaos_platforms --runs 100` prints a line for each platform as Markdown, and
`--write docs/chaos.md` puts the table there; `--platform meta --seed 7` plays one run again.
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
BEGIN, END = "<!-- platforms: made by make chaos-platforms -->", "<!-- /platforms -->"
Told = dict[str, Any]


def main() -> int:
    """Play the runs that are asked for; return 1 when anything was violated."""
    asked = _asked()
    seeds = asked.seed or list(range(asked.first, asked.first + asked.runs))
    fast = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=fast))
    begun, told, wrong = time.monotonic(), list[Told](), list[Told]()
    try:
        told = _played(folder, asked.platform, seeds, asked.jobs, asked.broken)
    finally:
        wrong = [one for one in told if one["violations"]]
        if not wrong or asked.broken:
            shutil.rmtree(folder)
    lost = [(s, n) for s in asked.platform for n in seeds]
    lost = sorted(set(lost) - {(one["slug"], one["seed"]) for one in told})
    table = summary(told, time.monotonic() - begun)
    print(table)
    for one in wrong:
        _explain(one)
    for slug, seed in lost:
        print(f"{slug} {seed}: the run came to no end; repeat it: {_again(slug, seed)}")
    if asked.write and not wrong and not lost:
        _write(asked.write, table)
    return 1 if wrong or lost else 0


def _asked() -> argparse.Namespace:
    from audiences.platforms import MODULES

    slugs = sorted(MODULES)
    parser = argparse.ArgumentParser(prog="python -m tests.flow.chaos_platforms")
    parser.add_argument("--runs", type=int, default=3, help="of each platform")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, action="append", help="play just this one")
    parser.add_argument("--platform", action="append", choices=slugs, help="of all, just this one")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--broken", default="", help="break the code first: see chaos_break.py")
    parser.add_argument("--write", type=Path, help="put the table into this page")
    asked = parser.parse_args()
    asked.platform = asked.platform or slugs
    return asked


def _played(folder: Path, slugs: list[str], seeds: list[int], jobs: int, broken: str) -> list[Told]:
    """Let workers take platform after platform, each with a sandbox of its own."""
    from tests.flow import chaos_break, chaos_stage

    chaos_stage.warm_up(small=False)
    if broken:
        chaos_break.BREAKS[broken]()
    pids = []
    for number in range(jobs):
        errors = folder / f"errors-{number}"
        pids.append(chaos_stage.fork(partial(_work, folder, slugs, seeds), errors))
    for number, pid in enumerate(pids):
        _, status = os.waitpid(pid, 0)
        errors = folder / f"errors-{number}"
        if status and errors.exists():  # a worker that was killed has written none
            print(errors.read_text(encoding="utf-8"), file=sys.stderr)
    lines = [line for path in folder.glob("*/told") for line in path.open()]
    return sorted((json.loads(line) for line in lines), key=lambda one: (one["slug"], one["seed"]))


def _work(folder: Path, slugs: list[str], seeds: list[int]) -> None:
    from tests.flow import chaos_place, chaos_place_run, chaos_stage

    gc.freeze()  # else each fork copies what its collector touches
    parent = os.getppid()
    pid, url = chaos_stage.start_sandbox()
    try:
        for slug in slugs:
            if not _takes(folder / slug):
                continue
            place = chaos_place.Place(folder / slug, url, slug)
            with (folder / slug / "told").open("w") as file:
                for seed in seeds:
                    if os.getppid() != parent:
                        return
                    told = chaos_place_run.run(place, seed).as_json()
                    file.write(f"{json.dumps(told)}\n")
                    file.flush()
    finally:
        os.kill(pid, signal.SIGKILL)


def _takes(folder: Path) -> bool:
    """Take a platform unless another worker has it."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def _again(slug: str, seed: int) -> str:
    return f"python -m tests.flow.chaos_platforms --platform {slug} --seed {seed}"


def _explain(one: Told) -> None:
    print(f"{one['slug']} {one['seed']}: repeat it with: {_again(one['slug'], one['seed'])}")
    print(f"  its workspace: {one['folder']}")
    for kill in one["kills"]:
        print(f"  killed {kill}")
    for violation in one["violations"]:
        print(f"  VIOLATION {violation}")


def summary(told: list[Told], seconds: float) -> str:
    """Write what came of the runs as a table, a line for each platform."""
    counts: dict[str, Counter[str]] = {}
    for one in told:
        mine = counts.setdefault(one["slug"], Counter())
        mine.update(one["counts"])
        mine.update({"runs": 1, "kills": len(one["kills"]), "violations": len(one["violations"])})
    everything: Counter[str] = Counter()
    for mine in counts.values():
        everything.update(mine)
    rows = [
        "| platform | " + " | ".join(COLUMNS) + " |",
        "|---|" + "---:|" * len(COLUMNS),
        *(_row(f"`{slug}`", counts[slug]) for slug in sorted(counts)),
        _row("**all**", everything),
        "",
        f"{len(told):,} runs in {seconds:.0f} s on {os.cpu_count()} cores.",
    ]
    return "\n".join(rows)


def _row(title: str, counts: Counter[str]) -> str:
    return f"| {title} | " + " | ".join(f"{counts[name]:,}" for name in COLUMNS.values()) + " |"


def _write(page: Path, table: str) -> None:
    head, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, tail = rest.partition(END)
    page.write_text(f"{head}{BEGIN}\n{table}\n{END}{tail}", encoding="utf-8")


FAULTS = ("429", "500", "timeout", "reset_after_commit", "partial", "expired_token")
COLUMNS = {
    "runs": "runs",
    "kills": "kills",
    "reruns": "reruns",
    "requests": "arrived",
    **{kind.replace("_", " "): f"fault {kind}" for kind in FAULTS},
    "violations": "violations",
}

if __name__ == "__main__":
    sys.exit(main())
