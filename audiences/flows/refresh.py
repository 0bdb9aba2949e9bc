"""Refresh: resolve and build again, but only what is older than its inputs or than an hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from audiences.flows import load
from audiences.flows.build import build, rules_digest
from audiences.flows.resolve import resolve_people
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.lake.snapshot import Snapshot
from shared.clock import parse_instant

# Within this time a snapshot of the same inputs stands: readers drop what has expired meanwhile.
FRESH = timedelta(hours=1)


def refresh(workspace: Workspace, audience: str) -> None:
    """Bring people and an audience up to this instant and to all that was ingested."""
    lake, at = workspace.lake, workspace.now()
    commits = sorted(lake.committed())
    people = snapshot.latest(lake, "people")
    if people is None or not _stands(people, at) or people.about["commits"] != commits:
        resolve_people(workspace)
        people = snapshot.latest(lake, "people")
    members = snapshot.latest(lake, f"members/{audience}")
    wanted = {
        "rules": rules_digest(load.needed(workspace, audience), audience),
        "people": people.number if people else None,
        "commits": commits,
    }
    if (
        members is None
        or not _stands(members, at)
        or any(members.about.get(name) != value for name, value in wanted.items())
    ):
        build(workspace, audience)


def _stands(made: Snapshot, at: datetime) -> bool:
    return timedelta(0) <= at - parse_instant(made.about["at"]) <= FRESH
