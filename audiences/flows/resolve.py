"""Resolve: read the evidence that is alive, find the people, write them as a new snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audiences import schemas
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.lake.query import batches, connect, one, view_links, view_sightings
from audiences.resolve.people import STRONG, resolve
from shared.clock import iso
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class Resolved:
    """What was found: live identifiers, people with a durable identifier, lone devices, hubs."""

    identifiers: int
    people: int
    anonymous: int
    hubs: int
    snapshot: str

    def as_json(self) -> dict[str, Any]:
        """Return the counts with stable names."""
        return {name: getattr(self, name) for name in self.__slots__}


def resolve_people(workspace: Workspace) -> Resolved:
    """Find who is who at this instant and keep it as the newest `people` snapshot."""
    lake, now = workspace.lake, workspace.now()
    before = snapshot.latest(lake, "people")
    commits = lake.records()
    with connect(lake.scratch, workspace.memory) as con:
        view_links(con, lake, now)
        view_sightings(con, lake, now)
        con.register("all_match_keys", lake.log("match_keys"))
        con.register("earlier", snapshot.dataset(lake, before, schemas.PEOPLE))
        workspace.progress("resolve", 0)
        after = before.number if before else None
        rows = resolve(con, now, workspace.settings.max_shared, f"{after or 0}")
        identifiers, people, anonymous, hubs = one(
            con,
            "SELECT count(*), count(DISTINCT person) FILTER (WHERE strong), "
            "count(DISTINCT person) - count(DISTINCT person) FILTER (WHERE strong), "
            "(SELECT count(*) FROM hubs) "
            f"FROM (SELECT person, type IN {STRONG} AS strong FROM people)",
        )
        made = snapshot.write(
            lake,
            "people",
            schemas.PEOPLE,
            batches(con, rows),
            run=new_id(now),
            after=after,
            about={"at": iso(now), "commits": commits, "lifetimes": dict(lake.lifetimes)},
        )
    return Resolved(identifiers, people, anonymous, hubs, made.name)
