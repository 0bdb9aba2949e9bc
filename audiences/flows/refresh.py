"""Refresh: resolve and build again, but only what is older than its inputs."""

from __future__ import annotations

from audiences.flows import load
from audiences.flows.build import build
from audiences.flows.resolve import resolve_people
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from shared.clock import iso


def refresh(workspace: Workspace, audience: str) -> None:
    """Bring people and an audience up to this instant and to all that was ingested."""
    lake, at = workspace.lake, iso(workspace.now())
    commits = sorted(lake.committed())
    people = snapshot.latest(lake, "people")
    if people is None or (people.about["at"], people.about["commits"]) != (at, commits):
        resolve_people(workspace)
        people = snapshot.latest(lake, "people")
    members = snapshot.latest(lake, f"members/{audience}")
    wanted = {
        "at": at,
        "rule": load.audience(workspace, audience).digest,
        "people": people.number if people else None,
        "commits": commits,
    }
    if members is None or any(members.about.get(k) != v for k, v in wanted.items()):
        build(workspace, audience)
