"""Where one platform's chaos plays: a small shop beside it, and the worlds that runs start from.

Nothing here knows a platform: its account and credentials are those of the contract suite's case,
and its members are what an undisturbed twin of the run has brought it to.
"""

from __future__ import annotations

import pickle
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from audiences.flows.refresh import refresh
from audiences.platforms.base import Access, Platform, Request
from shared.ports import HttpRequest
from tests.contract.cases.case import FLOWS, Case, case, there
from tests.flow import chaos_world
from tests.flow.chaos_stage import EVERY, do, replay, sync_all, take_in
from tests.flow.sync_world import ANYTHING_GOES, World

TO = "there"
SIZE = 24  # customers of the first round
ROUNDS = 2  # that are killed; the inputs of one more are ready as news
ROWS = 5  # in a request, where the platform takes more than one
ALL = 1_000  # in one that must hold everybody
_DESTINATION = """\
name: {to}
platform: {slug}
account: "{account}"
credentials: file:there.secret
base_url: {url}/{slug}
guard: {guard}
options: {{{options}}}
"""
Members = tuple[tuple[str, ...], ...]  # of each audience that has some


@dataclass(frozen=True, slots=True)
class Scene:
    """A world before a round, the next round's input, and what the platform shows after each."""

    folder: Path
    news: Path
    told: tuple[HttpRequest, ...]
    seconds: float  # length of an undisturbed sync
    points: int  # effects of it, twice
    before: Members
    after: Members
    after_news: Members


@dataclass(slots=True)
class Place:
    """One platform's scenes, or those of a further flow of one, made when first asked for."""

    folder: Path
    url: str
    name: str
    scenes: dict[tuple[int, int], Scene] = field(default_factory=dict)

    @property
    def case(self) -> Case:
        return case(self.name)

    @property
    def found(self) -> Platform:
        return there(self.name)

    @property
    def slug(self) -> str:
        return self.found.slug

    def scene(self, variant: int, number: int) -> Scene:
        """Return the scene of a variant of the world before a round."""
        if (variant, number) not in self.scenes:
            self._rehearse(variant)
        return self.scenes[variant, number]

    def set(
        self, scene: Scene, folder: Path, number: int, *, renews: bool, replaces: bool
    ) -> World:
        """Bring workspace and platform into a scene's state; return the world."""
        # A rehearsal's scratch files stay out: its processes' numbers may be others' by now.
        shutil.copytree(scene.folder, folder, ignore=shutil.ignore_patterns("scratch"))
        # What was sent before was sent before: some platforms go by the instant.
        world = World(folder / "shop", self.url, day=(number - 0.5) * EVERY)
        replay(world, [self._signed(one) for one in scene.told])
        world.day = number * EVERY
        self._lead(world, renews=renews, whole=replaces and self.case.one_file)
        if members(world, self.slug) != scene.before:
            raise AssertionError(f"{self.slug}: the replay went another way")
        return world

    def _signed(self, told: HttpRequest) -> HttpRequest:
        """Sign a request anew: a signature is good for some minutes."""
        access = Access(
            credentials=self.case.credentials, at=datetime.now(UTC), nonce=secrets.token_hex(16)
        )
        kind = told.headers["content-type"]
        request = Request(method=told.method, path=told.url, body=told.body, content_type=kind)
        return replace(told, headers={**told.headers, **self.found.authorise(request, access)})

    def _lead(
        self, world: World, *, at_once: int = 0, renews: bool = False, whole: bool = False
    ) -> None:
        rows = min(ALL if whole else ROWS, self.found.limits.rows)
        options = "".join(
            f"{name}: {said}, " for name, said in self.case.options.items() if self.name in FLOWS
        )
        options += f'rows_per_request: "{rows}", requests_per_second: "100000"'
        options += f', requests_at_once: "{at_once}"' if at_once else ""
        text = _DESTINATION.format(
            to=TO,
            slug=self.slug,
            account=self.case.account,
            url=self.url,
            guard=ANYTHING_GOES,
            options=options,
        )
        (world.folder / "destinations" / f"{TO}.yaml").write_text(text, encoding="utf-8")
        secret = self.case.credentials
        if renews:
            secret = self.case.client(f"{self.url}/{self.slug}", note=world.folder.parent.name)
        (world.folder / "there.secret").write_text(secret, encoding="utf-8")

    def _rehearse(self, variant: int) -> None:
        """Play all rounds once without a fault, one request after the other."""
        base = self.folder / f"variant-{variant}"
        base.mkdir()
        world, told = World(base / "shop", self.url), list[HttpRequest]()
        replay(world, ())
        do(partial(chaos_world.ingest, world, variant, 0, SIZE), base / "errors")
        self._lead(world, at_once=1)
        parts = []
        for number in range(ROUNDS + 1):
            world.day = number * EVERY
            # People and audience are found here, once, and not by each of a hundred killed syncs.
            do(lambda: refresh(world.open(), "gold"), base / "errors")
            before = self.folder / f"before-{variant}-{number}"
            shutil.copytree(base, before)
            seconds, points, sent = _played(world, base)
            parts.append((before, tuple(told), seconds, points, members(world, self.slug)))
            told += sent
            world.day += EVERY
            news = self.folder / f"news-{variant}-{number + 1}"
            take_in(world, news, partial(chaos_world.ingest, world, variant, number + 1, SIZE))
        shown = [(), *(part[-1] for part in parts)]
        for number in range(ROUNDS):
            folder, sent_before, seconds, points, _ = parts[number]
            news = self.folder / f"news-{variant}-{number + 1}"
            self.scenes[variant, number] = Scene(
                folder, news, sent_before, seconds, points, *shown[number : number + 3]
            )


def _played(world: World, base: Path) -> tuple[float, int, list[HttpRequest]]:
    world.clock()
    kept = base / "sent.pickle"
    seconds = do(lambda: sync_all(world, (TO,), base, kept=kept), base / "errors")
    points = len((base / "trace").read_text("utf-8").splitlines())
    sent: list[HttpRequest] = pickle.loads(kept.read_bytes())  # noqa: S301 - written above
    return seconds, points, sent


def members(world: World, slug: str) -> Members:
    """What each audience of a platform holds, of those that hold anybody."""
    shown = [
        tuple(sorted(map(unordered, world.look(f"state/{slug}/{each}")["members"])))
        for each, told in world.platform_audiences(slug).items()
        if told["count"]
    ]
    return tuple(sorted(shown))


def unordered(key: str) -> str:
    """Return a member's key with its identifiers in an order of their own."""
    return ",".join(sorted(key.split(",")))


def values(scenes: Iterable[Scene]) -> frozenset[str]:
    """Every identifier that the platform was ever told in these scenes."""
    shown = (one for scene in scenes for one in (scene.before, scene.after, scene.after_news))
    return frozenset(
        value for each in shown for audience in each for key in audience for value in key.split(",")
    )
