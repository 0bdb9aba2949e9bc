"""Chaos: seeded runs of sync, killed at any moment under faults, rerun, and checked to the byte.

`python -m tests.flow.chaos --runs 200` prints a summary as Markdown; `--seed S` repeats one run.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.flow.chaos_deal import FAULTS, Deal, Told, asking, counted, play, seeds

COMMAND = "python -m tests.flow.chaos"


def main() -> int:
    """Play the runs that are asked for; return 1 when anything was violated."""
    asked = asking(COMMAND, __doc__, runs=20).parse_args()
    chosen = seeds(asked)
    jobs = min(asked.jobs, len(chosen))

    def work(folder: Path, number: int, url: str) -> Iterator[Told]:
        from tests.flow import chaos_run, chaos_stage

        own = folder / f"worker-{number}"
        own.mkdir()
        stage = chaos_stage.Stage(own, url)
        for seed in chosen:
            if seed // 2 % jobs == number:
                yield chaos_run.run(stage, seed, again(seed))

    runs = [again(seed) for seed in chosen]
    deal = Deal(runs=runs, work=work, jobs=jobs, broken=asked.broken, small=True)
    _, well = play(deal, _summary)
    return 0 if well else 1


def again(seed: int) -> str:
    """Write the command that repeats a run."""
    return f"{COMMAND} --seed {seed}"


def _summary(told: list[Told], seconds: float) -> str:
    counts = {"time": Counter[str](), "point": Counter[str](), **counted(told)}
    for one in told:
        counts[one.group].update(_phases(one.kills))
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


if __name__ == "__main__":
    sys.exit(main())
