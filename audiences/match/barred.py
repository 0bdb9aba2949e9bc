"""Whom no platform may go on holding, whatever else the mode keeps: who said no, is suppressed.

`barred`, a temporary table, has the rows of `held_before` that are theirs.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection as Connection

from audiences.consent.policy import FLAGS, Policy, verdict_sql
from audiences.match.desired import both_sql
from audiences.platforms.base import Platform

MARKED_SQL = "SELECT person AS member FROM profiles_now WHERE do_not_contact"


def barred_sql(platform: Platform, of: str, policy: Policy, *, opt_outs: bool = False) -> str:
    """Find the rows of people and devices who said no, lack a consent, opted out or are suppressed.

    They may have left the audience long ago: what is asked is not whether they are members.
    """
    unit = "told.device = held_before.unit" if platform.row_ttl else "false"
    places = "list_concat(lives_in, seen_in)" if of == "devices" else "lives_in"
    gone = "UNION SELECT row FROM holders SEMI JOIN opted_out "
    by_id = f"{gone} ON opted_out.person = unit" if platform.row_ttl else ""
    out = f"{gone} USING (person) {by_id}" if opt_outs else ""
    flags = ", ".join(both_sql(flag) for flag in FLAGS)
    return f"""
        WITH holders AS (
            SELECT row, member, unit, coalesce(people_now.person, member) AS person
            FROM held_before LEFT JOIN people_now ON people_now.key = held_before.member),
        said AS (
            SELECT row, lives_in, seen_in, {flags} FROM holders AS held_before
            LEFT JOIN agreed USING (person) LEFT JOIN told ON {unit})
        SELECT row FROM said WHERE {verdict_sql(policy, places)} IS NOT NULL
        UNION
        SELECT row FROM holders JOIN suppressed_now
            ON suppressed_now.member IN (holders.member, holders.person)
        {out}"""


def make_barred(
    con: Connection, platform: Platform, of: str, policy: Policy, *, opt_outs: bool = False
) -> None:
    """Make `barred` of the steps of `consents` and `desired`, and of `suppressed_now`."""
    sql = barred_sql(platform, of, policy, opt_outs=opt_outs)
    con.execute(f"CREATE OR REPLACE TEMP TABLE barred AS {sql}")
