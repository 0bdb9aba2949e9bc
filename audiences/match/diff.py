"""What must be sent: the difference between what a platform should hold and what it holds.

Steps, each a named temporary table:

    holding   what the platform holds now, without rows that it has forgotten by itself
    stale     rows held but not wanted any more, or not with what went along
    broken    units that a removal of stale rows takes rows from
    changes   op, unit, row, member, wired, keys, consent, forgets_at, why, attributes
"""

from __future__ import annotations

from datetime import datetime, timedelta

from duckdb import DuckDBPyConnection as Connection

from audiences.lake.query import timestamp
from audiences.match.attributes import FIELD, ROW
from audiences.platforms.base import Platform


def held_before_sql(*, repair: bool) -> str:
    """Make the view `held_before` of `held_rows`; a repair is sure of nothing that is held.

    So everything that should be held is sent again, and what should not is taken back.
    """
    state = "'unknown'" if repair else "state"
    return (
        "CREATE OR REPLACE TEMP VIEW held_before AS "
        f"SELECT * REPLACE ({state} AS state) FROM held_rows"
    )


def holding_sql(platform: Platform, as_of: datetime, starts: datetime) -> str:
    """Drop rows that the platform has forgotten, and from the others keys whose life is over.

    A row is taken back under keys that outlive `starts`, until when the request may wait: an
    expired id never stands in one. Where the platform forgets by itself, an id that ends before
    is left to that. A row that is wanted goes by its present owner: when two people turn out
    to be one, their rows are not sent again.
    """
    now, end = timestamp(as_of), timestamp(starts)
    person = "NULL::UUID" if platform.row_ttl else "people_now.person"
    return f"""
        SELECT coalesce(desired.unit, {person}, held_before.unit) AS unit, row,
            coalesce(desired.member, {person}, held_before.member) AS member,
            held_before.consent, sent_at, forgets_at, state, held_before.attributes,
            list_filter(held_before.keys,
                lambda k: k.expires_at IS NULL OR k.expires_at > {end}) AS keys
        FROM held_before LEFT JOIN desired USING (row)
        LEFT JOIN people_now ON people_now.key = held_before.unit
        WHERE forgets_at IS NULL OR forgets_at > {now}"""


def stale_sql(platform: Platform, mode: str) -> str:
    """Find rows to take back; a mode that keeps rows finds only those that nobody may keep.

    A row that went out with other attributes than it has now may have matched somebody else by
    them: it is taken back and sent anew, unless what is sent anew takes its place by itself. One
    that went without any is only sent again.
    """
    only = " SEMI JOIN barred USING (row)" if mode == "add" else ""
    gone = f"SELECT * FROM holding ANTI JOIN desired USING (row){only}"
    if mode != "mirror" or platform.upserts:
        return gone
    return f"""
        {gone} UNION ALL SELECT holding.* FROM holding JOIN desired USING (row)
        WHERE holding.attributes IS NOT NULL
            AND holding.attributes IS DISTINCT FROM desired.attributes"""


def broken_sql() -> str:
    """Find units of which the platform may lose rows that they should keep.

    Platforms remove whoever matches any key of a row: the other rows of its unit, and rows of
    other units under a value in common, as two spellings of one Gmail address have.
    """
    return """
        WITH gone AS (SELECT unnest(keys) AS k FROM stale)
        SELECT unit FROM stale
        UNION
        SELECT unit FROM wires JOIN gone ON wires.wire = k.wire AND wires.value = k.value"""


def changes_sql(platform: Platform, starts: datetime, mode: str = "mirror") -> str:
    """List every row to remove and to add, with the reason.

    All rows of a broken unit are added again, and rows with other attributes than before. A row is
    refreshed when the platform would forget it in less than half of the time that it may still
    keep it, or later than it may keep it. Lifetimes count from `starts`, the end of the plan's own
    validity, so that none can outlast the identifier. Where the platform forgets members by
    itself, its time begins with the last request that a plan may send: none is thought forgotten
    that may still be there. What replaces the whole has everybody in it, and whoever is not goes
    out by that.
    """
    begin = timestamp(starts)
    whole = mode in ("replace", "rebuild")
    if platform.row_ttl:
        longest = starts + timedelta(days=platform.max_ttl_days or 90)
        until = f"least(coalesce(desired.expires_at, {timestamp(longest)}), {timestamp(longest)})"
        alive = f"date_diff('minute', {begin}, {until}) > 0"
        fading = (
            f"(({until} - {begin}) > 2 * (holding.forgets_at - {begin}) "
            f"OR holding.forgets_at > {until})"
        )
    elif platform.forgets_days is not None:
        until = timestamp(starts + timedelta(days=platform.forgets_days + 1))
        alive, fading = "true", f"({until} - {begin}) > 2 * (holding.forgets_at - {begin})"
    else:
        until, alive, fading = "NULL::TIMESTAMPTZ", "true", "false"
    out = "true" if whole else "len(keys) > 0"
    broken = "false" if whole else "broken.unit IS NOT NULL"
    other = "holding.attributes IS DISTINCT FROM desired.attributes"
    wired = f"list_transform(keys, lambda k: k.wire || {FIELD} || k.value)"
    return f"""
        WITH known AS (SELECT DISTINCT unit FROM holding)
        SELECT 'remove' AS op, unit, row, member, array_to_string({wired}, {ROW}) AS wired, keys,
            consent, NULL::TIMESTAMPTZ AS forgets_at,
            CASE WHEN unit IN (SELECT unit FROM desired) THEN 'changed' ELSE 'removed' END AS why,
            NULL::UUID AS attributes
        FROM stale WHERE {out}
        UNION ALL
        SELECT 'add', desired.unit, desired.row, desired.member, desired.wired, desired.keys,
            desired.consent, {until} AS forgets_at,
            CASE WHEN known.unit IS NULL THEN 'added'
                WHEN {broken} OR holding.row IS NULL OR {other} THEN 'changed'
                WHEN holding.state <> 'held' THEN 'unknown'
                ELSE 'refreshed' END AS why,
            desired.attributes
        FROM desired LEFT JOIN holding ON holding.row = desired.row
        LEFT JOIN broken ON broken.unit = desired.unit
        LEFT JOIN known ON known.unit = desired.unit
        WHERE {alive} AND ({whole} OR holding.row IS NULL OR holding.state <> 'held'
            OR broken.unit IS NOT NULL OR {fading} OR {other})"""


def make_changes(
    con: Connection, platform: Platform, mode: str, as_of: datetime, starts: datetime
) -> dict[str, int]:
    """Run the steps over `desired` and `held_before`; return how many units change, by why."""
    steps = {
        "holding": holding_sql(platform, as_of, starts),
        "stale": stale_sql(platform, mode),
        "broken": broken_sql(),
        "changes": changes_sql(platform, starts, mode),
    }
    for name, sql in steps.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")
    found = con.execute("SELECT why, count(DISTINCT unit) FROM changes GROUP BY why").fetchall()
    return dict(found)


def ordered_sql(op: str, platform: Platform) -> str:
    """Put the rows of one operation into the order in which requests are cut from them.

    `part` is what all rows of a request have in common: their wire name, where a request carries
    one kind of key alone. `along` is the text of the attributes.
    """
    part = f"split_part(wired, {FIELD}, 1)" if platform.limits.one_wire else "''"
    along, join = "NULL::VARCHAR", ""
    if platform.attributes and op == "add":
        along, join = "attributes.text", " LEFT JOIN attributes USING (member)"
    return f"""
        SELECT op, {part} AS part, unit, row, member, wired, keys, consent, forgets_at,
            changes.attributes, {along} AS along
        FROM changes{join} WHERE op = '{op}' ORDER BY part, unit, row"""


def needs_rebuild_sql(mode: str) -> str:
    """Count what a platform that takes nobody out would have to forget, or to be told again."""
    again = "" if mode == "add" else " OR why = 'refreshed'"
    return f"SELECT count(*) FROM changes WHERE op = 'remove'{again}"
