"""Build: run an audience's rule over the people of now and keep its members as a snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences import schemas
from audiences.flows import load
from audiences.flows.workspace import Workspace
from audiences.lake import now, snapshot
from audiences.lake.lake import Lake
from audiences.lake.query import batches, connect, one
from audiences.lake.snapshot import Snapshot
from audiences.rules.compile import Compiled, compile_audience
from audiences.rules.explain import explain, plain_words, plan_tree
from audiences.rules.graph import named, order
from audiences.rules.spec import Audience
from shared.clock import iso, parse_instant
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class Built:
    """One audience as it was built: who is delivered, who is held out, who was taken out."""

    audience: str
    of: str
    members: int
    held_out: int
    suppressed: int
    snapshot: str

    def as_json(self) -> dict[str, Any]:
        """Return the counts with stable names."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Explained:
    """An audience said three ways: in plain words, as named SQL steps, and as the query plan."""

    words: str
    steps: tuple[tuple[str, str, str], ...]  # name, what it says, SQL
    sql: str
    plan: str
    tree: Mapping[str, Any]  # the plan's steps: name, children, extra_info


def build(workspace: Workspace, name: str) -> Built:
    """Build an audience and, before it, the audiences that it names.

    Raises:
        ConfigurationError: for faults in the rule or in those that it names.
    """
    load.audience(workspace, name)
    every = load.needed(workspace, name)
    # What comes in meanwhile is neither read nor said to have been read.
    fixed = replace(workspace.lake, only=workspace.lake.committed())
    workspace = replace(workspace, lake=fixed)
    built = [_build_one(workspace, every, each) for each in order(every, name)]
    return built[-1]


def rules_digest(every: Mapping[str, Audience], name: str) -> str:
    """Digest an audience's rule with those of all audiences that it names."""
    rules = "|".join(f"{each}={every[each].digest}" for each in order(every, name))
    return hashlib.sha256(rules.encode()).hexdigest()


def explain_audience(workspace: Workspace, name: str) -> Explained:
    """Say what an audience means, and how it is computed."""
    every = load.needed(workspace, name)
    rule = load.audience(workspace, name)
    order(every, name)
    compiled = compile_audience(rule, workspace.now())
    with connect(workspace.lake.scratch, workspace.memory) as con:
        _tables(workspace, con, compiled, every)
        plan = explain(con, compiled, _bound(workspace, compiled))
        tree = plan_tree(con, compiled, _bound(workspace, compiled))
    steps = tuple((step.name, step.says, step.sql) for step in compiled.steps)
    return Explained(plain_words(rule), steps, compiled.sql, plan, tree)


def _build_one(workspace: Workspace, every: Mapping[str, Audience], name: str) -> Built:
    lake, at, rule = workspace.lake, workspace.now(), every[name]
    table = f"members/{rule.name}"
    before = snapshot.latest(lake, table)
    people = snapshot.latest(lake, "people")
    compiled = compile_audience(rule, at)
    workspace.progress(f"build {rule.name}", 0)
    with connect(lake.scratch, workspace.memory) as con:
        _tables(workspace, con, compiled, every)
        con.execute(
            f"CREATE TEMP TABLE matching AS {compiled.sql}", _bound(workspace, compiled) or None
        )
        members, held_out, suppressed = one(
            con,
            "SELECT count(*) FILTER (WHERE NOT suppressed AND NOT held_out), "
            "count(*) FILTER (WHERE NOT suppressed AND held_out), "
            "count(*) FILTER (WHERE suppressed) FROM matching",
        )
        about = _about(workspace, rule, people) | {"rules": rules_digest(every, name)}
        about |= {"suppressed": suppressed}
        made = snapshot.write(
            lake,
            table,
            schemas.MEMBERS,
            _member_rows(con),
            run=new_id(at),
            after=before.number if before else None,
            about=about | {"until": _until(lake, con, rule, compiled)},
        )
    return Built(rule.name, rule.of, members, held_out, suppressed, made.name)


def _until(lake: Lake, con: Connection, rule: Audience, compiled: Compiled) -> str | None:
    """Return when the first evidence ends of those that membership rests on, or None.

    A person's membership has no end of its own: it would outlast the sightings that made it.
    """
    ends = []
    if "sightings_now" in compiled.sql:
        (first,) = one(con, "SELECT epoch_us(min(expires_at)) FROM sightings_now")
        ends += [] if first is None else [iso(datetime.fromtimestamp(first / 1e6, UTC))]
    for name in named(rule):
        found = snapshot.latest(lake, f"members/{name}")
        ends += [found.about["until"]] if found and found.about.get("until") else []
    return min(ends, key=parse_instant, default=None)


def _member_rows(con: Connection) -> Iterable[pa.RecordBatch]:
    return batches(con, "SELECT member, held_out, expires_at FROM matching WHERE NOT suppressed")


def _about(workspace: Workspace, rule: Audience, people: Snapshot | None) -> dict[str, Any]:
    return {
        "at": iso(workspace.now()),
        "of": rule.of,
        "rule": rule.digest,
        "people": people.number if people else None,
        "commits": workspace.lake.records(),
    }


def _bound(workspace: Workspace, compiled: Compiled) -> dict[str, str]:
    return {name: workspace.secret for name in compiled.params if name == "secret"}


def _tables(
    workspace: Workspace, con: Connection, compiled: Compiled, audiences: Iterable[str]
) -> None:
    """Make the relations that the compiled SQL reads, and no others."""
    lake, at, sql = workspace.lake, workspace.now(), compiled.sql
    now.people(con, lake, snapshot.latest(lake, "people"), at)
    if "profiles_now" in sql:
        now.profiles(con, lake, at, sql)
    if "events_now" in sql:
        now.events(con, lake, at, sql, compiled.events)
    if "sightings_now" in sql:
        now.sightings(con, lake, at)
    if "members_now" in sql:
        now.members(con, lake, audiences, at)
