"""The lake as it is now: tables and views by person, which rules, matching and reports read.

people_now      key, type, person, expires_at
profiles_now    person and the newest version of each of their records
events_now      person and each event once
sightings_now   person (the device itself where nobody is known), device, and what was seen
members_now     audience, member, of, expires_at
suppressed_now  member: everybody whom an audience suppresses
known_uid2      digest of a contact, and what an operator of UID2 or EUID said of it last
asked_uid2      digest of a raw id of which an operator was asked lately whether it has opted out
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences import schemas
from audiences.lake import query, snapshot
from audiences.lake.lake import Lake
from audiences.lake.layout import LOGS, is_over
from audiences.lake.lifetimes import ends_sql
from audiences.lake.snapshot import Snapshot
from shared.clock import day

_MEMBERS_NOW = pa.schema(
    [
        ("audience", pa.string()),
        ("of", pa.string()),
        *schemas.MEMBERS,
    ]
)


def people(con: Connection, lake: Lake, of: Snapshot | None, as_of: datetime) -> None:
    """Make `people_now` from a snapshot, without identifiers whose life is over."""
    con.register("all_people", snapshot.dataset(lake, of, schemas.PEOPLE))
    rows, now = "all_people", query.timestamp(as_of)
    if of is not None and of.about.get("lifetimes", {}) != lake.lifetimes:
        # Resolved under other lifetimes: what they have shortened since ends by its evidence.
        query.view_sightings(con, lake, as_of)
        query.view_links(con, lake, as_of)
        rows = (
            "(SELECT all_people.* REPLACE (CASE WHEN all_people.expires_at IS NOT NULL "
            f"THEN least(all_people.expires_at, coalesce(ends, {now})) END AS expires_at) "
            f"FROM all_people LEFT JOIN ({_ENDS}) AS evidence USING (key))"
        )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE people_now AS SELECT * EXCLUDE (since) FROM {rows} "
        f"WHERE expires_at IS NULL OR expires_at > {now}"
    )


_ENDS = """
    SELECT key, max(expires_at) AS ends FROM (
        SELECT key, expires_at FROM live_sightings
        UNION ALL SELECT a, expires_at FROM live_links WHERE expires_at IS NOT NULL
        UNION ALL SELECT b, expires_at FROM live_links WHERE expires_at IS NOT NULL)
    GROUP BY key"""


def profiles(con: Connection, lake: Lake, as_of: datetime, used: str | None = None) -> None:
    """Make `profiles_now`; needs `people_now`.

    With `used`, only columns whose names stand in that text are read: whole records are wide.
    When a version came, `ingest`, is read on request alone.
    """
    query.view_profiles(con, lake, as_of)
    every = " ".join(n for n in schemas.PROFILES.names if n != "ingest")
    used = every if used is None else f"record {used}"
    columns = ", ".join(f"live.{n}" for n in schemas.PROFILES.names if n in used and n != "key")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE profiles_now AS SELECT people_now.person, {columns} "
        "FROM live_profiles AS live JOIN people_now USING (key)"
    )


def events(
    con: Connection, lake: Lake, as_of: datetime, used: str, kinds: Collection[str] | None = None
) -> None:
    """Make `events_now` with the columns whose names stand in `used`; needs `people_now`.

    With `kinds`, only events of these names are there.
    """
    query.view_events(con, lake, as_of, kinds)
    names = [n for n in schemas.EVENTS.names if n in used and n not in ("event", "key", "ingest")]
    columns = ", ".join(f"live.{name}" for name in dict.fromkeys(["name", "at", *names]))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE events_now AS SELECT people_now.person, {columns} "
        "FROM live_events AS live JOIN people_now USING (key)"
    )


def sightings(con: Connection, lake: Lake, as_of: datetime) -> None:
    """Make `sightings_now`; needs `people_now`."""
    query.view_sightings(con, lake, as_of)
    con.execute(
        "CREATE OR REPLACE TEMP VIEW sightings_now AS "
        "SELECT coalesce(people_now.person, live.key) AS person, live.key AS device, "
        "live.* EXCLUDE (key, ingest) "
        "FROM live_sightings AS live LEFT JOIN people_now USING (key)"
    )


def uid2(con: Connection, lake: Lake, identity: str, operator: str, as_of: datetime) -> None:
    """Make `known_uid2` of what one operator has said by then.

    A digest is due to be asked about at `refresh_at`; its id lives on until `ends_at`, so long
    after it was said as an id of its type may live.
    """
    today, now = day(as_of), query.timestamp(as_of)
    kept = LOGS["uid2_map"].keep_days or 0
    con.register(
        "all_uid2_map", lake.log("uid2_map", lambda value: not is_over(value, today, kept))
    )
    longest = f"checked_at + to_days({kept:d})"
    ends = ends_sql(lake.lifetimes, query.text(identity), "checked_at", longest)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE known_uid2 AS "
        f"SELECT digest, state, key, uid, previous, checked_at, {ends} AS ends_at, "
        "least(refresh_at, ends_at) AS refresh_at "
        f"FROM all_uid2_map WHERE identity = {query.text(identity)} "
        f"AND operator = {query.text(operator)} AND checked_at <= {now} "
        "QUALIFY row_number() OVER (PARTITION BY digest ORDER BY checked_at DESC, ingest DESC) = 1"
    )


def uid2_asked(con: Connection, lake: Lake, identity: str, operator: str, since: datetime) -> None:
    """Make `asked_uid2` of what one operator was asked since."""
    first = day(since)
    logged = lake.log("uid2_asked", lambda value: date.fromisoformat(value) >= first)
    con.register("all_uid2_asked", logged)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE asked_uid2 AS SELECT DISTINCT digest FROM all_uid2_asked "
        f"WHERE identity = {query.text(identity)} AND operator = {query.text(operator)} "
        f"AND checked_at >= {query.timestamp(since)}"
    )


def members(con: Connection, lake: Lake, audiences: Iterable[str], as_of: datetime) -> None:
    """Make `members_now` from the newest snapshot of each audience that has one."""
    con.register("no_members", _MEMBERS_NOW.empty_table())
    parts = ["SELECT audience, of, member, held_out, expires_at FROM no_members"]
    for number, name in enumerate(audiences):
        found = snapshot.latest(lake, f"members/{name}")
        if found is None:
            continue
        of = found.about["of"]
        con.register(f"members_{number}", snapshot.dataset(lake, found, schemas.MEMBERS))
        parts.append(
            f"SELECT '{name}', '{of}', member, held_out, expires_at "
            f"FROM members_{number} "
            f"WHERE expires_at IS NULL OR expires_at > {query.timestamp(as_of)}"
        )
    con.execute(f"CREATE OR REPLACE TEMP TABLE members_now AS {' UNION ALL '.join(parts)}")


def members_of(con: Connection, lake: Lake, of: Snapshot | None, as_of: datetime) -> None:
    """Make `members_now` from one audience's snapshot."""
    con.register("the_members", snapshot.dataset(lake, of, schemas.MEMBERS))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE members_now AS SELECT * FROM the_members "
        f"WHERE expires_at IS NULL OR expires_at > {query.timestamp(as_of)}"
    )


def suppressed(
    con: Connection, lake: Lake, of: Sequence[Snapshot], as_of: datetime, also: str = ""
) -> None:
    """Make `suppressed_now` from audiences' snapshots, and from a query of further members."""
    con.register("no_suppressed", schemas.MEMBERS.empty_table())
    parts = ["SELECT member FROM no_suppressed", *([also] if also else [])]
    for number, each in enumerate(of):
        con.register(f"suppressed_{number}", snapshot.dataset(lake, each, schemas.MEMBERS))
        parts.append(
            f"SELECT member FROM suppressed_{number} "
            f"WHERE expires_at IS NULL OR expires_at > {query.timestamp(as_of)}"
        )
    con.execute(f"CREATE OR REPLACE TEMP TABLE suppressed_now AS {' UNION '.join(parts)}")
