"""The demo's story: the whole job on a generated shop, twice with a week between."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import requests

from audiences import schemas
from audiences.flows import load
from audiences.flows.bench import Progress
from audiences.flows.build import Built, build
from audiences.flows.expire import Expired, expire
from audiences.flows.ingest import Ingested, ingest_file
from audiences.flows.places import held_table
from audiences.flows.report import contrast_report, decay_report
from audiences.flows.resolve import Resolved, resolve_people
from audiences.flows.run_report import Report
from audiences.flows.runs import verify_ledger
from audiences.flows.sync import sync
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.lake.query import connect, one, timestamp
from audiences.platforms.bodies import PART
from audiences.reports.contrast import Contrast
from audiences.reports.decay import Decay
from infra.local.commands.init import make_workspace
from infra.local.demo.shop import Drop, generate
from infra.local.runtime import open_workspace
from infra.sandbox.server import start
from shared.clock import iso
from shared.errors import ConfigurationError

SEED = 7
SECRET = "demo" * 16  # fixed, so that two demos draw the same holdout
FIRST_DAY = date(2026, 7, 1)
KINDS = ("profiles", "events", "sightings")
_SYNCS_AT_ONCE = 3
_MARK = ".audience-bridge-demo"


@dataclass(frozen=True, slots=True)
class Holding:
    """What a platform holds of an audience, as it says itself, beside what we say it holds."""

    audience: str
    destination: str
    count: int
    same: bool  # the platform's member keys are exactly ours


@dataclass(frozen=True, slots=True)
class Week:
    """One round of the job."""

    as_of: datetime
    ingested: tuple[tuple[str, Ingested], ...]
    resolved: Resolved
    built: tuple[Built, ...]
    reports: tuple[Report, ...]
    holdings: tuple[Holding, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the demo did and found."""

    folder: Path
    people: int
    weeks: tuple[Week, ...]
    swept: Expired
    ledger_rows: int
    ledger_whole: bool
    contrast: Contrast
    decay: Decay

    def as_json(self) -> dict[str, Any]:
        """Return the numbers with stable names; they are the same for the same people."""
        return {
            "people": self.people,
            "weeks": [_week_json(week) for week in self.weeks],
            "expire": self.swept.as_json(),
            "ledger": {"rows": self.ledger_rows, "whole": self.ledger_whole},
            "contrast": self.contrast.as_json(),
            "decay": self.decay.as_json(),
        }


def _week_json(week: Week) -> dict[str, Any]:
    counts = ("adds", "removes", "changed", "refreshed", "accepted", "rejected", "unknown")
    return {
        "as_of": iso(week.as_of),
        "ingest": {
            kind: {"rows_in": i.rows_in, "kept": i.kept, "rejected": i.rejected}
            | {"reasons": i.reasons}
            for kind, i in week.ingested
        },
        "resolve": {"identifiers": week.resolved.identifiers, "people": week.resolved.people},
        "audiences": {b.audience: b.members for b in week.built},
        "syncs": [
            {"audience": r.audience, "destination": r.destination}
            | {name: getattr(r, name) for name in counts}
            for r in week.reports
        ],
        "platforms": [
            {"audience": h.audience, "destination": h.destination, "count": h.count}
            | {"equals_plan": h.same}
            for h in week.holdings
        ],
    }


def tell(folder: Path, people: int, progress: Progress, told: Callable[[Week], None]) -> Story:
    """Run the whole job in `folder`, which is made anew; `told` hears of each week when it ends.

    Raises:
        ConfigurationError: when the folder is there and was not made by a demo.
    """
    _clear(folder)
    progress("make a shop", 0)
    shop = generate(folder / "input", people, SEED, FIRST_DAY)
    home = folder / "workspace"
    make_workspace(home, secret=SECRET)
    sandbox = start()
    try:
        _point_at(home, sandbox.url)
        weeks = []
        for drop in (shop.first, shop.second):
            requests.post(
                f"{sandbox.url}/_sandbox/clock", json={"now": iso(drop.as_of)}, timeout=10
            ).raise_for_status()
            workspace = open_workspace(home, as_of=drop.as_of, progress=progress)
            weeks.append(_week(workspace, drop, sandbox.url))
            told(weeks[-1])
        ledger = verify_ledger(workspace)
        return Story(
            folder,
            people,
            tuple(weeks),
            expire(workspace),
            ledger.rows,
            not ledger.faults,
            contrast_report(workspace),
            decay_report(workspace),
        )
    finally:
        sandbox.stop()


def _clear(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise ConfigurationError(f"{folder} is not a demo's folder; choose another with --folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()


def _point_at(home: Path, url: str) -> None:
    for path in (home / "destinations").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("http://127.0.0.1:8900", url), encoding="utf-8")


def _week(workspace: Workspace, drop: Drop, url: str) -> Week:
    ingested = tuple(
        (kind, ingest_file(workspace, kind, getattr(drop, kind), "shop")) for kind in KINDS
    )
    resolved = resolve_people(workspace)
    rules = load.audiences(workspace)
    built: dict[str, Built] = {}
    for name in rules:
        built[name] = build(workspace, name)
    pairs = [(name, entry.to) for name, rule in rules.items() for entry in rule.sync]
    # A run waits for its platform and for the disk as often as it computes.
    with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
        reports = tuple(pool.map(lambda pair: sync(workspace, *pair), pairs))
        holdings = tuple(pool.map(lambda report: _holding(workspace, report, url), reports))
    return Week(drop.as_of, ingested, resolved, tuple(built.values()), reports, holdings)


def _holding(workspace: Workspace, report: Report, url: str) -> Holding:
    """Ask the platform's back door what it holds, and compare it with our own account."""
    count, digest = held_digest(workspace, report.destination, report.audience)
    to = load.destination(workspace, report.destination)
    state = requests.get(f"{url}/_sandbox/state", timeout=60).json()
    theirs = state.get(to.platform, {}).get(_list_id(workspace, report), {"count": 0})
    same = theirs["count"] == count and (not count or theirs["digest"] == digest)
    return Holding(report.audience, report.destination, theirs["count"], same)


def _list_id(workspace: Workspace, report: Report) -> str:
    held = snapshot.latest(workspace.lake, held_table(report.destination, report.audience))
    return str(held.about["audience_id"]) if held else report.audience


def held_digest(workspace: Workspace, destination: str, audience: str) -> tuple[int, str]:
    """Return the count and the digest of what we say that a destination holds.

    The digest is that of the sandbox's back door: SHA-256 over the sorted member keys, a member's
    key being the wire values of its row joined with a comma.
    """
    lake = workspace.lake
    held = snapshot.latest(lake, held_table(destination, audience))
    with connect(lake.scratch, workspace.memory) as con:
        con.register("held", snapshot.dataset(lake, held, schemas.HELD))
        # The parts of a joined value, such as an address, are parted by a sign of their own.
        values = f"list_transform(keys, lambda k: replace(k.value, chr({ord(PART)}), ','))"
        rows = (
            f"SELECT array_to_string({values}, ',') AS key FROM held "
            f"WHERE forgets_at IS NULL OR forgets_at > {timestamp(workspace.now())}"
        )
        count, text = one(
            con,
            f"SELECT count(*), coalesce(string_agg(key, chr(10) ORDER BY key), '') FROM ({rows})",
        )
    return int(count), hashlib.sha256(text.encode()).hexdigest()


def reasons(week: Week) -> Counter[str]:
    """Count why rows were rejected in a week, over all files."""
    total: Counter[str] = Counter()
    for _, done in week.ingested:
        total.update(done.reasons)
    return total
