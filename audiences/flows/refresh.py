"""Refresh: resolve and build again, but only what is older than its inputs or than an hour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from audiences.flows import load
from audiences.flows.build import build, rules_digest
from audiences.flows.compact import compact
from audiences.flows.resolve import resolve_people
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.lake.snapshot import Snapshot
from shared.clock import parse_instant
from shared.errors import BridgeError
from shared.log import log

# Within this time a snapshot of the same inputs stands: readers drop what has expired meanwhile,
# and one that rests on sightings says itself when the first of them ends.
FRESH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """Which audiences are up to now, which could not be built, and for which time was too short."""

    built: list[str]
    failed: list[str]
    left: list[str]

    def as_json(self) -> dict[str, Any]:
        """Return the names with stable keys."""
        return asdict(self)


def refresh_all(workspace: Workspace, time_is_up: Callable[[], bool] = lambda: False) -> Refreshed:
    """Compact the lake, then bring people and all audiences up to now, whatever befalls one."""
    done = Refreshed([], [], [])
    try:
        compact(workspace)
    except BridgeError as error:  # many small files are slow, and not wrong
        log("not_compacted", level="warning", error=error)
    for name in sorted(workspace.audiences):
        if time_is_up():
            done.left.append(name)
            continue
        try:
            refresh(workspace, name)
            done.built.append(name)
        except BridgeError as error:
            log("not_built", level="error", error=error, audience=name)
            done.failed.append(name)
    return done


def refresh(workspace: Workspace, audience: str) -> None:
    """Bring people and an audience up to this instant and to all that was ingested."""
    lake, at = workspace.lake, workspace.now()
    rules = rules_digest(load.needed(workspace, audience), audience)
    commits = lake.records()
    people = snapshot.latest(lake, "people")
    made_of = {"commits": commits, "lifetimes": dict(lake.lifetimes)}
    if people is None or not _stands(people, at) or _other(people, made_of):
        resolve_people(workspace)
        people = snapshot.latest(lake, "people")
    members = snapshot.latest(lake, f"members/{audience}")
    wanted = {
        "rules": rules,
        "people": people.number if people else None,
        "commits": commits,
    }
    if members is None or not _stands(members, at) or _other(members, wanted):
        build(workspace, audience)


def _other(made: Snapshot, wanted: Mapping[str, Any]) -> bool:
    return any(made.about.get(name) != value for name, value in wanted.items())


def _stands(made: Snapshot, at: datetime) -> bool:
    """Say whether a snapshot is young, and nothing has ended since that it was made from."""
    until = made.about.get("until")
    if until is not None and at >= parse_instant(until):
        return False
    return timedelta(0) <= at - parse_instant(made.about["at"]) <= FRESH
