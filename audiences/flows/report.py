"""Reports: what reaches audiences now and in the days to come, and what platforms took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from duckdb import DuckDBPyConnection as Connection

from audiences import schemas
from audiences.flows import load
from audiences.flows.workspace import Workspace
from audiences.lake import now, snapshot
from audiences.lake.query import connect
from audiences.reports.contrast import Contrast, contrast
from audiences.reports.decay import Decay, decay
from audiences.reports.match_rate import MatchRate, match_rate
from shared.errors import ConfigurationError


def built_audiences(workspace: Workspace, wanted: Sequence[str]) -> list[str]:
    """Return the audiences to report on: those asked for, or all that were built.

    Raises:
        ConfigurationError: when one is unknown or was never built, or none was.
    """
    for name in wanted:
        load.audience(workspace, name)
    names = list(wanted) or sorted(workspace.audiences)
    built = [name for name in names if snapshot.latest(workspace.lake, f"members/{name}")]
    missing = [name for name in wanted if name not in built]
    if missing or not built:
        what = f"audience '{missing[0]}' was not" if missing else "no audience was"
        name = missing[0] if missing else "NAME"
        raise ConfigurationError(f"{what} built yet (run bridge audience build {name})")
    return built


def contrast_report(workspace: Workspace, audiences: Sequence[str] = ()) -> Contrast:
    """Measure how much of each audience is durable and how much is on a clock."""
    names = built_audiences(workspace, audiences)
    with _now(workspace, names) as con:
        return contrast(con, names, workspace.now())


def decay_report(workspace: Workspace, audiences: Sequence[str] = (), days: int = 90) -> Decay:
    """Forecast how the reach of each audience falls when nobody is seen again."""
    names = built_audiences(workspace, audiences)
    with _now(workspace, names) as con:
        return decay(con, names, workspace.now(), days)


def match_rate_report(workspace: Workspace, audiences: Sequence[str] = ()) -> MatchRate:
    """Say what was sent of each audience to each destination, and what was taken."""
    for name in audiences:
        load.audience(workspace, name)
    lake = workspace.lake
    files = [found.key for found in lake.store.list("sends/day=")]
    with connect(lake.scratch, workspace.memory) as con:
        con.register("all_sends", lake.dataset(files, schemas.SENDS))
        return match_rate(con, audiences, workspace.now())


@contextmanager
def _now(workspace: Workspace, names: Sequence[str]) -> Iterator[Connection]:
    lake, at = workspace.lake, workspace.now()
    with connect(lake.scratch, workspace.memory) as con:
        now.people(con, lake, snapshot.latest(lake, "people"), at)
        now.members(con, lake, names, at)
        con.execute("DELETE FROM members_now WHERE held_out")  # they are never reached
        yield con
