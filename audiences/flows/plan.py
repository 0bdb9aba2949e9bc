"""Plan: decide everything that a run will send, to the byte, and ask the guard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences import schemas
from audiences.delivery.batches import write_requests
from audiences.delivery.outbox import Plan, digest_of, write_plan
from audiences.destinations import Destination
from audiences.flows.again import nothing_left
from audiences.flows.bar import bar
from audiences.flows.guarded import guarded
from audiences.flows.places import held_table, identity_of, operator_of, place_of
from audiences.flows.taking import check, taking
from audiences.flows.terms import starts_at, terms_at, terms_of
from audiences.flows.workspace import Workspace
from audiences.lake import now, query, snapshot
from audiences.lake.lake import Lake
from audiences.match.barred import make_barred
from audiences.match.desired import make_desired, profile_columns
from audiences.match.diff import held_before_sql, make_changes, needs_rebuild_sql, ordered_sql
from audiences.match.uid2 import due_sql
from audiences.platforms.base import AUDIENCE_ID, Course, Op, Platform, Target
from audiences.rules.spec import Audience
from shared.clock import iso
from shared.errors import ConfigurationError, Fault, kind_of

VALID_HOURS = 24  # a plan that waits longer is made anew
_AT_ONCE = 32 * 1024  # planned rows: with what goes along, one weighs about two kilobytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a run was asked for."""

    run: str
    mode: str = "mirror"
    dry_run: bool = False
    approve: str = ""  # the token of a stopped run that a person has looked at
    unasked: Mapping[str, str] = field(default_factory=dict)  # why contacts were not mapped


def latest_inputs(lake: Lake, audience: Audience, destination: str) -> dict[str, Any]:
    """Name the state that a plan made now would read: snapshot numbers and commits."""
    name = audience.name
    inputs: dict[str, Any] = {
        "people": _newest(lake, "people"),
        "members": _newest(lake, f"members/{name}"),
        "held": _newest(lake, held_table(destination, name)),
        "suppressed": {each: _newest(lake, f"members/{each}") for each in audience.suppress},
    }
    return inputs | {"commits": sorted(lake.committed())}


def _newest(lake: Lake, table: str) -> int | None:
    found = snapshot.latest(lake, table)
    return found.number if found else None


def make_plan(
    workspace: Workspace,
    audience: Audience,
    destination: Destination,
    *,
    asked: Asked,
    audience_id: str | None,
    inputs: Mapping[str, Any],
) -> Plan:
    """Compute a run's plan from named inputs and write it to the outbox.

    Equal inputs at an equal instant give equal bytes.

    Raises:
        ConfigurationError: when the platform cannot take this audience or mode, or the
            destination's name stands for another account or audience than before.
    """
    to, rules = taking(destination)
    check(audience, to, asked.mode)
    lake, at = replace(workspace.lake, only=frozenset(inputs["commits"])), workspace.now()
    starts = starts_at(at)
    target = Target(
        account=destination.account,
        audience=audience.name,
        audience_id=audience_id or AUDIENCE_ID,
        options=destination.options,
    )
    with query.connect(lake.scratch, workspace.memory) as con:
        held = read_tables(con, lake, audience, destination, inputs, at, audience_id)
        workspace.progress(f"plan {audience.name} → {destination.name}", 0)
        policy, terms = destination.consent, terms_at(workspace, destination, asked.mode, at)
        dropped = make_desired(con, to, rules, audience.of, policy, terms)
        if asked.mode == "add":
            bar(con, lake, audience, inputs, at)
            make_barred(con, to, audience.of, policy, opt_outs=bool(terms.identity))
        over = asked.mode == "replace" and nothing_left(con, lake, to, inputs, at, starts)
        changes = {} if over else make_changes(con, to, asked.mode, at, starts)
        course = Course(target=target, at=at, starts=starts, mode=asked.mode)
        if _rebuilds(con, to, asked.mode, destination, audience.name):
            course = replace(
                course,
                mode="rebuild",
                replaces=audience_id or "",
                target=replace(target, audience_id=AUDIENCE_ID),
            )
            changes = make_changes(con, to, "rebuild", at, starts)
        unasked = _unasked(con, asked, at, idle=not held and not changes)
        # A replacement by nothing would take everybody out; where nothing is left, none is said.
        written = replace(course, mode="mirror") if over else course
        requests = write_requests(lake, asked.run, to, written, _batches(con, to, written.mode))
        valid_until = _valid_until(con, to, at, starts, course.mode)
    plan = Plan(
        run=asked.run,
        audience=audience.name,
        destination=destination.name,
        platform=to.slug,
        version=to.version,
        place=place_of(destination),
        account=destination.account,
        audience_id=None if course.replaces else audience_id,
        replaces=course.replaces,
        title=audience.title,
        mode=course.mode,
        as_of=iso(at),
        valid_until=iso(valid_until),
        dry_run=asked.dry_run,
        rule_pack=f"{rules.platform}/{rules.version}",
        terms=terms_of(audience, destination),
        inputs=dict(inputs),
        changes=changes,
        dropped=dropped,
        requests=requests,
        digest=digest_of(requests),
        closes=to.counts_when_closed,
        unasked=unasked,
    )
    plan = guarded(workspace, plan, destination, held, asked.approve)
    write_plan(lake.store, plan)
    return plan


def read_tables(
    con: Connection,
    lake: Lake,
    audience: Audience,
    destination: Destination,
    inputs: Mapping[str, Any],
    at: datetime,
    audience_id: str | None,
) -> int:
    """Make what the steps of `match` read; return how many members are held."""
    read_people(con, lake, audience, destination, inputs, at)
    held = _state(lake, held_table(destination.name, audience.name), inputs["held"])
    _check_place(held, destination, audience_id)
    con.register("held_rows", snapshot.dataset(lake, held, schemas.HELD))
    con.execute(held_before_sql(repair=bool(inputs.get("repair"))))
    (count,) = query.one(
        con,
        "SELECT count(DISTINCT unit) FROM held_before "
        f"WHERE forgets_at IS NULL OR forgets_at > {query.timestamp(at)}",
    )
    return int(count)


def read_people(
    con: Connection,
    lake: Lake,
    audience: Audience,
    destination: Destination,
    inputs: Mapping[str, Any],
    at: datetime,
) -> None:
    """Make what is known of the members and of their identifiers."""
    now.people(con, lake, _state(lake, "people", inputs["people"]), at)
    now.profiles(con, lake, at, profile_columns(*taking(destination)))
    now.sightings(con, lake, at)
    con.register("all_match_keys", lake.log("match_keys"))
    if destination.uid2 is not None:
        now.uid2(con, lake, identity_of(destination), operator_of(destination), at)
    members = f"members/{audience.name}"
    now.members_of(con, lake, _state(lake, members, inputs["members"]), at)


def _state(lake: Lake, table: str, number: int | None) -> snapshot.Snapshot | None:
    return None if number is None else snapshot.load(lake, table, number)


def _check_place(
    held: snapshot.Snapshot | None, destination: Destination, audience_id: str | None
) -> None:
    """Refuse to take what one account or audience holds for what another one does."""
    if held is None:
        return
    for name, place in (("place", place_of(destination)), ("audience_id", audience_id)):
        before = held.about.get(name)
        if before and before != place:
            fault = Fault(
                f"destinations/{destination.name}.yaml",
                f"it led to another place when it was last sent to ({before}, now {place})",
                "give the new place a destination file of its own, with a name of its own",
            )
            raise ConfigurationError(fault)


def _rebuilds(
    con: Connection, to: Platform, mode: str, destination: Destination, audience: str
) -> bool:
    """Say whether the audience must be made anew, because the platform takes nobody out of it.

    In mode add that is so only where somebody may not be held any more.

    Raises:
        ConfigurationError: when the destination's file ties it to one id, or nobody can give one.
    """
    if Op.REMOVE in to.ops or mode not in ("mirror", "add"):
        return False
    (needed,) = query.one(con, needs_rebuild_sql(mode))
    if needed and to.create is None:
        raise ConfigurationError(
            f"{to.title} takes nobody out here, and {needed:,} of '{audience}' may not be held any "
            "more: use mode replace, which sends the whole audience"
        )
    if needed and audience in destination.audience_ids:
        fault = Fault(
            f"destinations/{destination.name}.yaml",
            f"{to.title} takes nobody out of an audience: it must be made anew, with a new id",
            f"take '{audience}' out of audience_ids"
            + (", or use mode add" if mode == "mirror" else ""),
        )
        raise ConfigurationError(fault)
    return bool(needed)


def _unasked(con: Connection, asked: Asked, at: datetime, *, idle: bool) -> dict[str, Any]:
    """Count the contacts that could not be asked about; a run without anything else fails so."""
    if not asked.unasked:
        return {}
    (contacts,) = query.one(con, f"SELECT count(*) FROM ({due_sql(at)})")
    if contacts and idle:
        raise kind_of(asked.unasked["code"])(asked.unasked["detail"])
    return {"contacts": int(contacts), **asked.unasked}


def _batches(con: Connection, to: Platform, mode: str) -> Iterator[pa.RecordBatch]:
    whole = mode in ("replace", "rebuild")
    for op in ("add", "remove") if whole else ("remove", "add"):
        yield from query.batches(con, ordered_sql(op, to), size=_AT_ONCE)


def _valid_until(
    con: Connection, to: Platform, at: datetime, starts: datetime, mode: str
) -> datetime:
    """Return when the plan goes stale: before any id in it could outlive its own life."""
    if to.row_ttl:
        return starts
    (first,) = query.one(
        con, "SELECT epoch_us(min(k.expires_at)) FROM (SELECT unnest(keys) AS k FROM changes)"
    )
    latest = at + timedelta(hours=VALID_HOURS)
    if mode == "replace" and to.replace_minutes:
        latest = at + timedelta(minutes=to.replace_minutes)
    if first is None:
        return latest
    return min(latest, datetime.fromtimestamp(first / 1e6, at.tzinfo))
