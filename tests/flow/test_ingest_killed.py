"""A process killed at any write: the lake reads, and the same again gives the same rows once."""

from __future__ import annotations

import multiprocessing
import shutil
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audiences.flows.expire import expire
from audiences.flows.resolve import resolve_people
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from tests.builders import (
    AS_OF,
    KillingStore,
    every_log,
    ingest,
    new_workspace,
    people,
    stored,
    with_store,
)

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.builders", "audiences.flows.expire"])
DAY = timedelta(days=1)
ALL_DONE, KILLED = 0, -signal.SIGKILL
# Cookies of several ages: a day later one of them has expired, and a try that was broken off has
# put rows into partitions that the next one does not write.
SEEN = ("2026-08-23T12:00Z", "2026-11-20")
SIGHTINGS = [
    {
        "id_type": "cookie",
        "id": f"c{n}",
        "seen_at": seen,
        "link_type": "email",
        "link_value": "a@x.co",
    }
    for n, seen in enumerate(SEEN)
] + [{"id_type": "fax", "id": "1", "seen_at": "2026-11-20"}]
PROFILES = [{"email": "a@x.co"}, {"email": "b@x.co", "phone": "bad"}]


def take_in(workspace: Workspace) -> None:
    ingest(workspace, "sightings", SIGHTINGS)


def resolve(workspace: Workspace) -> None:
    resolve_people(workspace)


def sweep(workspace: Workspace) -> None:
    expire(workspace)


World = dict[str, list[dict[str, Any]]]
FLOWS = {"ingest": take_in, "resolve": resolve, "expire": sweep}


def work(folder: Path, flow: str, left: int) -> None:
    as_of = AS_OF + 40 * DAY if flow == "expire" else AS_OF
    workspace = new_workspace(folder, as_of=as_of)
    FLOWS[flow](with_store(workspace, KillingStore(workspace.lake.store, left)))


def killed(folder: Path, flow: str, left: int) -> bool:
    process = CONTEXT.Process(target=work, args=(folder, flow, left))
    process.start()
    process.join(60)
    assert process.exitcode in (ALL_DONE, KILLED)
    return process.exitcode == KILLED


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """A workspace with profiles, sightings and people."""
    folder = tmp_path / "start"
    workspace = new_workspace(folder)
    ingest(workspace, "profiles", PROFILES)
    rows = [{"id_type": "cookie", "id": "first", "seen_at": "2026-11-01", "party": "2"}]
    ingest(workspace, "sightings", rows)
    resolve(workspace)
    return folder


def every_kill(start: Path, flow: str, check: Callable[[Path], None]) -> None:
    """Run a flow on copies of a workspace, killed after 0, 1, 2 … changes until it is done."""
    for left in range(60):
        folder = start.parent / f"{flow}-{left}"
        shutil.copytree(start, folder)
        dead = killed(folder, flow, left)
        check(folder)
        if not dead:
            assert left > 2
            return
    raise AssertionError(flow)


def test_an_ingest_killed_anywhere_loses_and_doubles_nothing(start: Path) -> None:
    nothing, before = every_log(new_workspace(start)), set(stored(new_workspace(start)))
    straight = shutil.copytree(start, start.parent / "straight")
    take_in(new_workspace(straight, as_of=AS_OF + DAY))
    later = every_log(new_workspace(straight))
    first = shutil.copytree(start, start.parent / "first")
    take_in(new_workspace(first))
    at_once = every_log(new_workspace(first))
    assert len({len(world["sightings"]) for world in (nothing, later, at_once)}) == 3

    def check(folder: Path) -> None:
        left = every_log(new_workspace(folder))
        assert left in (nothing, at_once), "all of a file is there, or nothing of it"
        never_again(shutil.copytree(folder, folder.with_name(f"{folder.name}-swept")), left)
        again = new_workspace(folder, as_of=AS_OF + DAY)
        take_in(again)
        assert every_log(again) == (at_once if left == at_once else later)
        scratch = folder / ".bridge" / "scratch"
        leftovers = [p for p in scratch.rglob("*") if p.is_file() and p.name != "x.csv"]
        assert leftovers == [], "what a killed process had put aside is gone"

    def never_again(folder: Path, left: World) -> None:
        """What was stored is kept for as long as somebody may be at it, then it is swept."""
        for days in (0.5, 2):
            workspace = new_workspace(folder, as_of=AS_OF + days * DAY)
            expire(workspace)
        found = {k for k in set(stored(workspace)) - before if not k.startswith("landing/")}
        assert not any(key.startswith("attempts/") for key in found)
        assert (found == set()) == (left == nothing)

    every_kill(start, "ingest", check)


def test_a_resolve_killed_anywhere_leaves_people_as_they_were_or_are(start: Path) -> None:
    ingest(new_workspace(start), "profiles", [{"email": "c@x.co"}], "2.csv")
    before = people(new_workspace(start))
    straight = shutil.copytree(start, start.parent / "straight")
    resolve(new_workspace(straight))
    after = people(new_workspace(straight))

    def check(folder: Path) -> None:
        workspace = new_workspace(folder)
        assert people(workspace) in (before, after)
        resolve(workspace)
        assert people(workspace) == after
        numbers = snapshot.snapshots(workspace.lake, "people")
        assert numbers == [*range(1, len(numbers) + 1)]

    for left in range(3):
        folder = shutil.copytree(start, start.parent / f"resolve-{left}")
        assert killed(folder, "resolve", left) == (left < 2)
        check(folder)


def test_an_expire_killed_anywhere_is_brought_to_its_end(start: Path) -> None:
    take_in(new_workspace(start))
    straight = shutil.copytree(start, start.parent / "straight")
    sweep(new_workspace(straight, as_of=AS_OF + 40 * DAY))
    wanted = stored(new_workspace(straight))

    def check(folder: Path) -> None:
        workspace = new_workspace(folder, as_of=AS_OF + 40 * DAY)
        every_log(workspace)
        sweep(workspace)
        assert stored(workspace) == wanted

    every_kill(start, "expire", check)
