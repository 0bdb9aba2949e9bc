"""Where a chaos run plays: forked processes, the sandbox in one of them, and worlds to start from.

The process that forks must have no thread but its own, so whatever touches DuckDB or Arrow is done
in a fork of it.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import requests

from audiences.flows.sync import sync
from audiences.platforms import MODULES, platform
from audiences.rules.compile import compile_audience
from audiences.rules.spec import parse
from infra.sandbox import server
from shared.errors import BridgeError
from shared.ports import HttpRequest
from tests.flow import chaos_world
from tests.flow.chaos_ports import Points, phase_of, with_points
from tests.flow.sync_world import DAY0, GOLD, PLATFORMS, World

ROUNDS = 3  # that are killed; the inputs of one more are ready as news
EVERY = 0.25  # days from round to round
ROWS = {"meta": 40, "google": 40, "the_trade_desk": 60}  # in a request: enough for several lanes
LONGEST_SECONDS = 120.0
LONGER = 1.2  # a run under faults, than an undisturbed one
MOST_PROCESSES = 40  # of a run


def fork(work: Callable[[], object], errors: Path) -> int:
    """Run some work in a fork of this process and return its id; what it raises goes to a file."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - nothing may escape into the parent's code
        errors.write_text(traceback.format_exc(), encoding="utf-8")
    finally:
        os._exit(code)


def wait(pid: int, kill_after: float = LONGEST_SECONDS) -> tuple[int, float]:
    """Wait for a fork's end, killing it when the time is over; return its status and its length."""
    begun = time.monotonic()
    killed = False
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        length = time.monotonic() - begun
        if ended:
            return status, length
        if length >= kill_after and not killed:
            os.kill(pid, signal.SIGKILL)
            killed = True
        time.sleep(0.0005)


def do(work: Callable[[], object], errors: Path) -> float:
    """Run some work in a fork to its end, which must be good; return how long it took."""
    status, length = wait(fork(work, errors))
    if status:
        said = errors.read_text(encoding="utf-8") if errors.exists() else ""
        raise RuntimeError(f"a fork ended with status {status}\n{said}")
    return length


def start_sandbox() -> tuple[int, str]:
    """Start the sandbox in a process that ends with this one; return its id and address."""
    reading, writing = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        os.close(writing)
        with os.fdopen(reading) as told:
            return pid, told.read()
    running = server.start()
    os.write(writing, running.url.encode())
    os.close(writing)
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(0)


def warm_up(*, small: bool = True) -> None:
    """Import what a sync imports when it is first needed, and make requests small."""
    for slug in MODULES:
        platform(slug)
    for slug, rows in ROWS.items() if small else ():
        module, name = MODULES[slug].split(":")
        small = replace(platform(slug), limits=replace(platform(slug).limits, rows=rows))
        setattr(import_module(module), name, small)
    compile_audience(parse(GOLD, "gold.yaml"), DAY0)


def replay(world: World, told: Iterable[HttpRequest]) -> None:
    """Bring empty platforms into the state that these requests had left."""
    world.post("reset", {})
    world.post("limits", {slug: {"per_second": 1e6, "burst": 1e6} for slug in MODULES})
    world.clock()
    with requests.Session() as session:
        for one in told:
            session.request(
                one.method, one.url, headers=dict(one.headers), data=one.body, timeout=20
            )


def take_in(world: World, news: Path, ingest: Callable[[], object]) -> None:
    """Take records in, and keep the files that come of it, to be laid over a lake later."""
    lake = world.folder / "lake"
    before = {path for path in lake.rglob("*") if path.is_file()}
    do(ingest, world.folder.parent / "errors")
    for path in lake.rglob("*"):
        if path.is_file() and path not in before:
            (news / path.relative_to(lake)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, news / path.relative_to(lake))


@dataclass(frozen=True, slots=True)
class Scene:
    """A world before a round: its folder, its news, and what the platforms were told so far."""

    folder: Path
    news: Path  # the next round's input, as files to lay over the lake
    told: tuple[HttpRequest, ...]
    seconds: float  # length of an undisturbed round
    points: Counter[str]  # of an undisturbed round, by phase


@dataclass(slots=True)
class Stage:
    """One worker's sandbox and its scenes, made when first asked for."""

    folder: Path
    url: str
    scenes: dict[tuple[int, int], Scene] = field(default_factory=dict)

    def scene(self, variant: int, number: int) -> Scene:
        """Return the scene of a variant of the world before a round."""
        if (variant, number) not in self.scenes:
            self._rehearse(variant)
        return self.scenes[variant, number]

    def set(self, scene: Scene, folder: Path, number: int) -> World:
        """Bring workspace and platforms into a scene's state; return the world."""
        shutil.copytree(scene.folder, folder)
        world = World(folder / "shop", self.url, day=number * EVERY)
        replay(world, scene.told)
        return world

    def _rehearse(self, variant: int) -> None:
        """Play all rounds once without a fault, keeping the state before each."""
        base = self.folder / f"variant-{variant}"
        world = World(base / "shop", self.url)
        base.mkdir()
        told: list[HttpRequest] = []
        replay(world, ())
        do(lambda: chaos_world.ingest(world, variant, 0), base / "errors")
        for number in range(ROUNDS):
            world.day = number * EVERY
            before = self.folder / f"before-{variant}-{number}"
            shutil.copytree(base, before)
            seconds, points, sent = self._play(world, base)
            news = self.folder / f"news-{variant}-{number + 1}"
            world.day += EVERY
            take_in(world, news, partial(chaos_world.ingest, world, variant, number + 1))
            self.scenes[variant, number] = Scene(before, news, tuple(told), seconds, points)
            told += sent

    def _play(self, world: World, base: Path) -> tuple[float, Counter[str], list[HttpRequest]]:
        world.clock()
        kept = base / "sent.pickle"
        seconds = do(lambda: sync_all(world, tuple(PLATFORMS), base, kept=kept), base / "errors")
        points = Counter(map(phase_of, (base / "trace").read_text("utf-8").splitlines()))
        sent: list[HttpRequest] = pickle.loads(kept.read_bytes())  # noqa: S301 - written above
        return seconds, points, sent


def sync_all(
    world: World,
    names: tuple[str, ...],
    folder: Path,
    kill: tuple[int, str] = (0, ""),
    *,
    mode: str | None = None,
    kept: Path | None = None,
) -> None:
    """Sync the destinations one after the other; write a line for each as soon as it ended."""
    trace = os.open(folder / "trace", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    ends = os.open(folder / "ends", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    points = Points(trace, *kill)
    workspace = with_points(world.open(), points)
    for name in names:
        line: dict[str, Any] = {"to": name}
        try:
            line |= sync(workspace, "gold", name, mode=mode).as_json()
        except BridgeError as error:
            line |= {"error": type(error).__name__, "said": str(error)}
        os.write(ends, f"{json.dumps(line)}\n".encode())
    if kept is not None:
        kept.write_bytes(pickle.dumps(points.sent))
