"""Measures the whole job at two sizes: seconds, CPU and peak memory of every stage.

    python -m tests.bench.run                 1 million people beside 100 thousand
    python -m tests.bench.run --people 50000  a quick look

Each stage runs in a process of its own, so its peak memory is its own. The limit to compare with
is in the same run: how the time grows from a tenth of the people to all of them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from infra.local.commands.init import make_workspace
from infra.local.demo.shop import generate
from infra.local.runtime import open_workspace
from shared.clock import iso, parse_instant

AUDIENCE = """\
name: buyers
title: Everybody who bought this year
of: people
where:
  event: {name: order, times: {at_least: 1}, within_days: 365}
suppress: [do-not-contact]
"""
STAGES = ("ingest profiles", "ingest events", "ingest sightings", "resolve", "build", "plan")


def measure(stage: str, folder: Path, as_of: str) -> dict[str, Any]:
    """Run one stage in a fresh process; return its wall and CPU seconds and peak megabytes."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_child, args=(there, stage, folder, as_of))
    child.start()
    there.close()
    try:
        result: dict[str, Any] = here.recv()
    except EOFError as error:
        raise SystemExit(f"{stage}: the stage died") from error
    child.join()
    return result


def _child(answer: Any, stage: str, folder: Path, as_of: str) -> None:
    work = _work(stage, folder, as_of)
    began = time.perf_counter()
    said = work()
    seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    answer.send(
        {
            "stage": stage,
            "seconds": round(seconds, 2),
            "cpu": round(used.ru_utime + used.ru_stime, 2),
            "peak_mb": used.ru_maxrss // 1024,
            "said": said,
        }
    )


def _work(stage: str, folder: Path, as_of: str) -> Callable[[], dict[str, Any]]:
    from audiences.flows.build import build
    from audiences.flows.ingest import ingest_file
    from audiences.flows.resolve import resolve_people
    from audiences.flows.sync import sync

    workspace = open_workspace(folder / "workspace", as_of=parse_instant(as_of))
    if stage.startswith("ingest "):
        kind = stage.split()[1]
        path = next((folder / "input" / "week1").glob(f"{kind}.*"))
        return lambda: ingest_file(workspace, kind, path, "shop").as_json()
    return {
        "resolve": lambda: resolve_people(workspace).as_json(),
        "build": lambda: build(workspace, "buyers").as_json(),
        "plan": lambda: sync(workspace, "buyers", "meta-main", dry_run=True).as_json(),
    }[stage]


def run(people: int, folder: Path) -> list[dict[str, Any]]:
    """Generate a shop of this size and measure every stage on it."""
    began = time.perf_counter()
    shop = generate(
        folder / "input",
        people,
        7,
        date(2026, 7, 1),
        90,
        events_per_person=5.0,
        sightings_per_person=5.0,
    )
    rows = ", ".join(f"{count:,} {kind}" for kind, count in shop.first.rows.items())
    print(f"generated {rows} in {time.perf_counter() - began:.0f} s", flush=True)
    make_workspace(folder / "workspace", secret="bench" * 8)
    (folder / "workspace" / "audiences" / "buyers.yaml").write_text(AUDIENCE)
    measured = []
    for stage in STAGES:
        measured.append(measure(stage, folder, iso(shop.first.as_of)))
        print(json.dumps(measured[-1], default=str), flush=True)
    return measured


def main() -> None:
    """Measure at both sizes and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None)
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="bridge-bench-"))
    try:
        small = run(asked.people // 10, folder / "small")
        large = run(asked.people, folder / "large")
    finally:
        if asked.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    _show(asked.people, small, large)


def _show(people: int, small: list[dict[str, Any]], large: list[dict[str, Any]]) -> None:
    cores = os.cpu_count()
    print(f"\n{platform.machine()}, {cores} cores, Python {platform.python_version()}\n")
    print(f"| stage | {people // 10:,} people | {people:,} people | growth | CPU | peak memory |")
    print("|---|---:|---:|---:|---:|---:|")
    for a, b in zip(small, large, strict=True):
        growth = b["seconds"] / a["seconds"]
        print(
            f"| {a['stage']} | {a['seconds']:.1f} s | {b['seconds']:.1f} s | {growth:.1f}x "
            f"| {b['cpu']:.1f} s | {b['peak_mb']:,} MB |"
        )
    total = sum(item["seconds"] for item in large)
    peak = max(item["peak_mb"] for item in large)
    print(
        f"| **all** | {sum(i['seconds'] for i in small):.1f} s | {total:.1f} s | | | {peak:,} MB |"
    )


if __name__ == "__main__":
    main()
