"""One chaos run of one platform: faults, kills at drawn moments, reruns to the end, checks."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from random import Random

from audiences.platforms.base import Op
from infra.sandbox.faults import KINDS
from tests.contract.cases.case import there
from tests.flow import chaos_place_check as check
from tests.flow.chaos_deal import Told
from tests.flow.chaos_place import ROUNDS, TO, Place, Scene, values
from tests.flow.chaos_stage import (
    EVERY,
    LONGER,
    LONGEST_SECONDS,
    MOST_PROCESSES,
    do,
    fork,
    sync_all,
    wait,
)
from tests.flow.sync_world import World

RATE = 0.2  # of calls that meet a fault
MAY_FAIL = {  # by mode: where rows are refused, a replacement of the whole stops
    "mirror": {"RetryableError", "CredentialError"},
    "replace": {"RetryableError", "CredentialError", "RejectedError"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """All that a seed decides of a platform's run."""

    variant: int
    round: int
    kind: str  # time | point
    mode: str
    kills: tuple[float, ...]  # each as a part of an undisturbed sync's length
    late: tuple[str, ...]  # what passes before each rerun: soon | stale | news
    once_more: bool  # whether a last sync must send nothing
    renews: bool  # whether the credentials can get tokens
    polls: int  # after how many questions the platform says what became of a request


def draw(name: str, seed: int) -> Draw:
    """Draw a run from its seed; each platform has its own of the same seed."""
    chance = Random(f"chaos {name} {seed}")
    replaces = Op.REPLACE in there(name).ops and chance.random() < 0.25
    more = chance.random() < 0.25 and not replaces  # a replacement sends everything on purpose
    return Draw(
        variant=seed // 2 % 2,
        round=chance.randrange(ROUNDS),
        kind="point" if seed % 2 else "time",
        mode="replace" if replaces else "mirror",
        kills=tuple(chance.random() for _ in range(chance.choice([1, 1, 2, 3]))),
        late=tuple(chance.choices(["soon", "stale", "news"], [8, 1, 1], k=MOST_PROCESSES)),
        once_more=more,
        renews=chance.random() < 0.5,
        polls=chance.choice([2, 2, 2, 14]),
    )


@dataclass(slots=True)
class _Play:
    """A run under way."""

    place: Place
    draw: Draw
    scene: Scene
    world: World
    told: Told
    seen: check.Seen
    known: frozenset[str]  # identifiers of the world
    pending: bool = True
    news: bool = False

    @property
    def folder(self) -> Path:
        return self.world.folder.parent

    def process(self, number: int) -> None:
        """Sync in a process, killed when that is drawn."""
        kills = self.draw.kills
        at = kills[number] if number < len(kills) else None
        point, after = 0, LONGEST_SECONDS
        if at is not None and self.draw.kind == "time":
            after = at * LONGER * self.scene.seconds
        elif at is not None:
            point = max(1, round(at * LONGER * self.scene.points))
        for name in ("trace", "ends"):
            (self.folder / name).write_bytes(b"")
        self.world.clock()
        mode = self.draw.mode
        pid = fork(
            lambda: sync_all(self.world, (TO,), self.folder, (point, ""), mode=mode),
            self.folder / "errors",
        )
        status, _ = wait(pid, after)
        self.told.counts["reruns"] += number > 0
        self.told.ended(self.folder, status, killed=at is not None)
        self._end_of_sync()
        now = check.look(self.world)
        self.told.violations += check.check_process(self.world, self.seen, now, self.known)
        self.seen = now

    def _end_of_sync(self) -> None:
        """Note whether the sync came to its end in the last process, or failed."""
        for line in (self.folder / "ends").read_text(encoding="utf-8").splitlines():
            end = json.loads(line)
            if "error" in end:
                self.told.counts[end["error"]] += 1
                if end["error"] not in MAY_FAIL[self.draw.mode]:
                    self.told.violations.append(f"{end['error']}: {end['said']}")
                continue
            self.told.counts[f"status {end['status']}"] += 1
            in_step = end["status"] == "done" and not (end["rejected"] or end["unknown"])
            self.pending = self.pending and not in_step

    def later(self, number: int) -> None:
        """Let time pass before a rerun, so long at times that plans grow stale, or bring news."""
        late = self.draw.late[number] if number <= len(self.draw.kills) else "soon"
        self.world.day += {"soon": 1 / 288, "stale": 26 / 24, "news": EVERY}[late]
        if late == "news" and not self.news:
            self.news = True
            shutil.copytree(self.scene.news, self.world.folder / "lake", dirs_exist_ok=True)

    def once_more(self) -> None:
        """Sync again: nothing is left to send."""
        before = len(self.seen.arrived)
        self.pending = True
        self.process(MOST_PROCESSES)
        fresh = self.seen.arrived[before:]
        if fresh or self.pending:
            self.told.violations.append(f"a sync with nothing to do sent {len(fresh)} requests")

    def end(self) -> None:
        """Check what must hold when all is done."""
        found = self.folder / "violations.json"
        wanted = self.scene.after_news if self.news else self.scene.after
        do(
            lambda: found.write_text(
                json.dumps(check.check_end(self.world, self.place.slug, wanted))
            ),
            self.folder / "errors",
        )
        self.told.violations += json.loads(found.read_text(encoding="utf-8"))


def run(place: Place, seed: int, again: str) -> Told:
    """Play one seed to its end and return what came of it."""
    drawn = draw(place.name, seed)
    scene = place.scene(drawn.variant, drawn.round)
    folder = place.folder / f"seed-{seed}"
    renews = drawn.renews and bool(place.case.tokens_at)
    replaces = drawn.mode == "replace"
    world = place.set(scene, folder, drawn.round, renews=renews, replaces=replaces)
    told = Told(again=again, group=place.name, folder=str(folder))
    world.post("limits", {place.slug: {"polls": drawn.polls, "milliseconds": 1e9}})
    quiet = {"partial"} if place.case.loses_quietly else set()  # which nobody could know of
    kinds = [kind for kind in KINDS if kind not in quiet]
    faults = {"rate": RATE, "kinds": kinds, "seed": seed, "timeout_seconds": 0.01}
    world.post("faults", faults)
    seen = check.look(world)
    play = _Play(place, drawn, scene, world, told, seen, values(place.scenes.values()))
    _play(play)
    for one in play.seen.arrived[len(seen.arrived) :]:
        told.counts[f"fault {one['fault']}"] += bool(one["fault"])
    told.counts["arrived"] = len(play.seen.arrived) - len(seen.arrived)
    if not told.violations:
        shutil.rmtree(folder)
    return told


def _play(play: _Play) -> None:
    for number in range(MOST_PROCESSES):
        play.process(number)
        if play.told.violations:
            return
        if not play.pending:
            break
        play.later(number)
    else:
        play.told.violations.append(f"not done after {MOST_PROCESSES} processes")
    if play.draw.once_more and not play.pending:
        play.once_more()
    play.end()
