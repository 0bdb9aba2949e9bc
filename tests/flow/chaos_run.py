"""One chaos run: a scene, faults, kills at drawn moments, reruns to the end, and the checks."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.flow import chaos_check, chaos_world
from tests.flow.chaos_deal import Told
from tests.flow.chaos_stage import (
    EVERY,
    LONGER,
    LONGEST_SECONDS,
    MOST_PROCESSES,
    ROUNDS,
    Scene,
    Stage,
    do,
    fork,
    sync_all,
    wait,
)
from tests.flow.sync_world import PLATFORMS, World

RATES = (0.2, 0.2, 0.2, 0.5)  # of calls that meet a fault
MAY_FAIL = {"RetryableError", "CredentialError"}
GOLDEN = 0.6180339887498949  # its multiples sweep the interval evenly, however many are taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """All that a seed decides."""

    seed: int
    variant: int
    round: int
    kind: str  # time | point
    kills: tuple[float, ...]  # each as a part of an undisturbed run's length
    late: tuple[str, ...]  # what passes before each rerun: soon | stale | news
    names: tuple[str, ...]
    once_more: bool  # whether a last sync must send nothing
    rate: float
    polls: int  # after how many questions Google says what became of a request
    phase: int  # which phase is killed, where it is one


def draw(seed: int) -> Draw:
    """Draw a run from its seed."""
    chance = Random(f"chaos {seed}")
    names = list(PLATFORMS)
    chance.shuffle(names)
    first = (seed // 2 * GOLDEN) % 1.0 if seed % 2 else chance.random()
    more = [chance.random() for _ in range(chance.choice([0, 0, 1, 2]))]
    return Draw(
        seed=seed,
        variant=seed // 2 % 2 + 2 * (seed // 100),
        round=chance.randrange(ROUNDS),
        kind="point" if seed % 2 else "time",
        kills=(first, *more),
        late=tuple(chance.choices(["soon", "stale", "news"], [7, 2, 2], k=MOST_PROCESSES)),
        names=tuple(names),
        once_more=chance.random() < 0.25,
        rate=chance.choice(RATES),
        polls=chance.choice([2, 2, 2, 14]),
        phase=seed // 2,
    )


@dataclass(slots=True)
class _Play:
    """A run under way."""

    draw: Draw
    scene: Scene
    world: World
    told: Told
    pending: set[str]
    seen: chaos_check.Seen
    before: int  # requests that had arrived when the scene was set
    news: int = 0

    @property
    def folder(self) -> Path:
        return self.world.folder.parent

    def process(self, number: int) -> None:
        """Sync what is not done in a process, killed when that is drawn."""
        kills = self.draw.kills
        at = kills[number] if number < len(kills) else None
        point, after = (0, ""), LONGEST_SECONDS
        if at is not None and self.draw.kind == "time":
            after = at * LONGER * self.scene.seconds
        elif at is not None:
            point = self._point(at)
        names = tuple(name for name in self.draw.names if name in self.pending)
        for name in ("trace", "ends"):
            (self.folder / name).write_bytes(b"")
        self.world.clock()
        pid = fork(lambda: sync_all(self.world, names, self.folder, point), self.folder / "errors")
        status, _ = wait(pid, after)
        self.told.counts["processes"] += 1
        self.told.ended(self.folder, status, killed=at is not None)

    def _point(self, at: float) -> tuple[int, str]:
        """Choose a point of the whole sync, or every other time of one of its phases."""
        phase = self.draw.phase % (2 * len(self.scene.points))
        if phase % 2:
            return max(1, round(at * LONGER * self.scene.points.total())), ""
        name = sorted(self.scene.points)[phase // 2]
        return 1 + int(at * self.scene.points[name]), name

    def ends(self) -> None:
        """Note which syncs came to their end in the last process, and which failed."""
        for line in (self.folder / "ends").read_text(encoding="utf-8").splitlines():
            end = json.loads(line)
            if "error" in end:
                self.told.counts[end["error"]] += 1
                if end["error"] not in MAY_FAIL:
                    self.told.violations.append(f"{end['to']}: {end['error']}: {end['said']}")
                continue
            self.told.counts[f"status {end['status']}"] += 1
            self.told.counts["resumed"] += bool(end["resumed"])
            self.told.counts["rows"] += end["rows"]
            if end["status"] == "done" and not (end["rejected"] or end["unknown"]):
                self.pending.discard(end["to"])

    def check(self) -> None:
        """Compare what arrived with what was recorded."""
        now = chaos_check.look(self.world)
        self.told.violations += chaos_check.check_process(self.world, self.seen, now)
        self.seen = now

    def later(self, number: int) -> None:
        """Let time pass before a rerun, so long at times that plans grow stale, or bring news."""
        late = self.draw.late[number] if number <= len(self.draw.kills) else "soon"
        self.world.day += {"soon": 1 / 288, "stale": 26 / 24, "news": EVERY}[late]
        self.told.counts[f"late {late}"] += 1
        if late == "news" and not self.news:
            self.news = 1
            shutil.copytree(self.scene.news, self.world.folder / "lake", dirs_exist_ok=True)
            self.pending = set(PLATFORMS)

    def end(self) -> None:
        """Check what must hold when all is done."""
        found = self.folder / "violations.json"
        people = chaos_world.people(self.draw.variant, self.draw.round + self.news)
        do(
            lambda: found.write_text(json.dumps(chaos_check.check_end(self.world, people))),
            self.folder / "errors",
        )
        self.told.violations += json.loads(found.read_text(encoding="utf-8"))
        self.told.violations += chaos_check.check_order(self.world, self.seen)
        mine = self.seen.arrived[self.before :]
        for one in mine:
            self.told.counts[f"fault {one['fault']}"] += bool(one["fault"])
        self.told.counts["arrived"] = len(mine)
        for path in (self.world.folder / "lake" / "runs").glob("*.json"):
            self.told.counts[f"run {json.loads(path.read_bytes())['status']}"] += 1


def run(stage: Stage, seed: int, again: str) -> Told:
    """Play one seed to its end and return what came of it."""
    drawn = draw(seed)
    scene = stage.scene(drawn.variant, drawn.round)
    folder = stage.folder / f"seed-{seed}"
    world = stage.set(scene, folder, drawn.round)
    told = Told(again=again, group=drawn.kind, folder=str(folder))
    world.post("limits", {"google": {"polls": drawn.polls, "milliseconds": 1e9}})
    world.post("faults", {"rate": drawn.rate, "seed": seed, "timeout_seconds": 0.01})
    seen = chaos_check.look(world)
    _play(_Play(drawn, scene, world, told, set(PLATFORMS), seen, len(seen.arrived)))
    if not told.violations:
        shutil.rmtree(folder)
    return told


def _play(play: _Play) -> None:
    for number in range(MOST_PROCESSES):
        play.process(number)
        play.ends()
        play.check()
        if play.told.violations:
            return
        if not play.pending:
            break
        play.later(number)
    else:
        play.told.violations.append(f"not done after {MOST_PROCESSES} processes")
        play.end()  # what lies open says why: a run that nobody goes on with, for one
        return
    if play.draw.once_more:
        _once_more(play)
    play.end()


def _once_more(play: _Play) -> None:
    """Sync all again: nothing is left to send."""
    before = len(play.seen.arrived)
    play.pending = set(PLATFORMS)
    play.process(MOST_PROCESSES)
    play.ends()
    play.check()
    fresh = play.seen.arrived[before:]
    if fresh or play.pending:
        play.told.violations.append(f"a sync with nothing to do sent {len(fresh)} requests")
