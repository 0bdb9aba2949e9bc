"""Measures delivery over loopback: a first sync and a day's change, beside the vendors' clients.

    python -m tests.bench.delivery                    1 million members
    python -m tests.bench.delivery --members 50000    a quick look

Every stage is a process of its own, as in AWS; the sender is the one that speaks with the platform.
The stand-ins and the clients are those of the same run, and the clients send the very rows that
the bridge sent. The pace that platforms ask for is off: it would be all that is measured.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.bench import delivery_stages as stages

VENDORS = Path(".venv/vendors/bin/python")
LANES = {  # how `senders.py` and the tables call the vendor's client; its most rows, as it is slow
    "meta": ("facebook", "`facebook-business`", 1_000_000_000),
    "google": ("google", "`google-ads-datamanager`", 200_000),
}
MOST_MEMORY_MB = 256  # of the sender
LEAST_RATIO = 5.0  # of facebook-business's processor time to the sender's
ENOUGH = 20_000  # rows, below which what is done once for a run is most of it
WAIT = 120.0
Taken = dict[str, Any]


@contextmanager
def sandbox() -> Iterator[str]:
    """Run the stand-ins in a process of their own; yield their address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from infra.local.cli import main; main()", "sandbox"]
    process = subprocess.Popen(
        [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url)
        yield url
    finally:
        process.terminate()
        process.wait()


def _await(url: str) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            return requests.get(f"{url}/_sandbox/state", timeout=WAIT).raise_for_status()
        except requests.ConnectionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def door(url: str, what: str, body: Any) -> None:
    """Tell the sandbox's back door something."""
    requests.post(f"{url}/_sandbox/{what}", json=body, timeout=WAIT).raise_for_status()


def counted(url: str, slug: str) -> tuple[int, int]:
    """Return how many calls with rows a platform has had, and the bytes that carried them."""
    listed = requests.get(f"{url}/_sandbox/requests", timeout=WAIT).json()
    # facebook-business writes a removal's rows into the address.
    sizes = [max(one["size"], len(one["path"])) for one in listed if one["platform"] == slug]
    carrying = [size for size in sizes if size > 500]
    return len(carrying), sum(carrying)


def measure(stage: str, *told: Any) -> Taken:
    """Run one stage in a fresh process; return its seconds, CPU seconds, peak and own word."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_child, args=(there, stage, told))
    child.start()
    there.close()
    try:
        result: Taken = here.recv()
    except EOFError as error:
        raise SystemExit(f"{stage}: the stage died") from error
    child.join()
    return result


def _child(answer: Any, stage: str, told: tuple[Any, ...]) -> None:
    work = stages.STAGES[stage](*told)
    began, cpu = time.perf_counter(), time.process_time()
    said = work()
    taken = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    # The peak of this very process: that of getrusage begins with its parent's.
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    taken |= {"start_cpu": cpu, "peak_mb": peak / 1024}
    answer.send({**taken, **said})


def peer(slug: str, url: str, folder: Path) -> Taken:
    """Let the vendor's client send the rows that were written last; return what it took."""
    files = [str(folder / f"{slug}-{op}.jsonl") for op in ("add", "remove")]
    lane, _, most = LANES[slug]
    command = [str(VENDORS), "tests/bench/senders.py", lane, url, *files, str(most)]
    came = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    taken: Taken = json.loads(came.stdout)
    return taken


def sync(folder: Path, url: str, day: int, slug: str) -> dict[str, Taken]:
    """Plan, send and settle one destination, then let the vendor's client send the same rows."""
    at, work = stages.instant(day), folder / "workspace"
    door(url, "clock", {"now": at})
    taken = {"plan": measure("plan", work, at, slug)}
    run, before = taken["plan"]["run"], counted(url, slug)
    taken["send"] = measure("send", work, at, slug, run)
    after = counted(url, slug)
    taken["send"] |= {"calls": after[0] - before[0], "bytes": after[1] - before[1]}
    counts = stages.rows(work, slug, run)
    taken["settle"] = measure("settle", work, at, slug, run)
    planned = taken["plan"]["rows"]
    if (taken["settle"]["status"], taken["settle"]["accepted"]) != ("done", planned):
        raise SystemExit(f"{slug}: {taken['settle']} of {planned} rows")
    before = counted(url, slug)
    taken["peer"] = peer(slug, url, folder)
    after = counted(url, slug)
    taken["peer"] |= {"bytes": after[1] - before[1]}
    wanted = sum(min(count, LANES[slug][2]) for count in counts.values())
    if (taken["peer"]["rows"], sum(counts.values())) != (wanted, planned):
        raise SystemExit(f"{slug}: the client sent {taken['peer']['rows']} rows of {planned}")
    return taken


def run(members: int, folder: Path) -> list[tuple[str, str, dict[str, Taken]]]:
    """Play the first sync and the day after; return what each took."""
    done = []
    with sandbox() as url:
        free = {"per_second": 1e9, "burst": 1e9, "polls": 1}
        door(url, "limits", dict.fromkeys(LANES, free))
        stages.make(folder / "workspace", url)
        for day, title in enumerate(("first sync", "a day's 2 %")):
            at = stages.instant(day)
            measure("ingest", folder / "workspace", at, members, day)
            for slug in LANES:
                done.append((slug, title, sync(folder, url, day, slug)))
                print(json.dumps(done[-1]), flush=True)
    return done


def show(members: int, done: list[tuple[str, str, dict[str, Taken]]]) -> list[str]:
    """Print the tables; return what is not as it must be."""
    cores = os.cpu_count()
    print(f"\n{platform.machine()}, {cores} cores, Python {platform.python_version()}; ", end="")
    print(f"{members:,} members, load {os.getloadavg()[0]:.0f}\n")
    print("| | who sends | members | members a second | CPU, s | CPU, s a million | peak memory |")
    print("|---|---|---:|---:|---:|---:|---:|")
    wrong = []
    for slug, title, taken in done:
        mine, theirs = taken["send"] | {"rows": taken["plan"]["rows"]}, taken["peer"]
        names = ("**the sender**", LANES[slug][1])
        for name, one in zip(names, (mine, theirs), strict=True):
            print(_row(f"`{slug}`, {title}", name, one))
        ratio = _ratio(taken)
        if mine["peak_mb"] > MOST_MEMORY_MB:
            wrong.append(f"{slug}, {title}: the sender took {mine['peak_mb']:.0f} MB")
        if slug == "meta" and mine["rows"] >= ENOUGH and ratio < LEAST_RATIO:
            wrong.append(f"{slug}, {title}: {ratio:.1f} times less processor time than the client")
    print("\n| | plan, CPU s | send, CPU s | settle, CPU s | the client's, over the sender's |")
    print("|---|---:|---:|---:|---:|")
    for slug, title, taken in done:
        cells = " | ".join(f"{taken[stage]['cpu']:.2f}" for stage in ("plan", "send", "settle"))
        print(f"| `{slug}`, {title} | {cells} | {_ratio(taken):.1f}x |")
    return wrong


def _ratio(taken: dict[str, Taken]) -> float:
    """Return the client's processor time for a row over the sender's."""
    theirs = taken["peer"]["cpu"] / taken["peer"]["rows"]
    return float(theirs / (taken["send"]["cpu"] / taken["plan"]["rows"]))


def _row(what: str, who: str, one: Taken) -> str:
    rows = one["rows"]
    return (
        f"| {what} | {who} | {rows:,} | {rows / one['seconds']:,.0f} | {one['cpu']:.2f} "
        f"| {one['cpu'] * 1e6 / rows:.1f} | {one['peak_mb']:.0f} MB |"
    )


def show_bytes(done: list[tuple[str, str, dict[str, Taken]]]) -> None:
    """Print the bytes of a member on the wire."""
    print("\n| | who sends | calls | bytes a member | |\n|---|---|---:|---:|---|")
    for slug, title, taken in done:
        what, theirs, name = f"`{slug}`, {title}", taken["peer"], LANES[slug][1]
        mine = taken["send"]["bytes"] / taken["plan"]["rows"]
        print(f"| {what} | **the bridge** | {taken['send']['calls']:,} | {mine:.1f} | |")
        each = theirs["bytes"] / theirs["rows"]
        print(f"| {what} | {name} | {theirs['calls']:,} | {each:.1f} | {each / mine:.2f}x |")
        if theirs["message_bytes"]:
            each = theirs["message_bytes"] / theirs["rows"]
            print(f"| {what} | {name}, over gRPC | | {each:.1f} | {each / mine:.2f}x |")


def main() -> int:
    """Measure and print the tables; return 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=1_000_000)
    members = parser.parse_args().members
    folder = Path(tempfile.mkdtemp(prefix="bridge-bench-"))
    try:
        done = run(members, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    wrong = show(members, done)
    show_bytes(done)
    for one in wrong:
        print(f"MISSED {one}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
