"""What people and devices agreed to, of those whom a plan may add or take back.

Steps, each a named temporary table:

    judged   members, and in a mode that keeps rows also whoever the platform holds: id
    seen     sightings of their devices, of the types that count
    tcf      each consent string once, read for the platform's vendor
    agreed   person, consents, the countries they live in
    told     device, consents of its newest consent string, the countries it was seen in
"""

from __future__ import annotations

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences.consent.gpp import answers
from audiences.consent.policy import FLAGS, Policy, consent_columns_sql
from audiences.consent.tcf import VENDORS
from audiences.identifiers.catalog import id_type
from audiences.platforms.base import Platform

_TCF = pa.schema([("text", pa.string()), *((flag, pa.bool_()) for flag in FLAGS)])


def judged_sql(mode: str) -> str:
    """List whom the steps look at."""
    members = "SELECT member AS id FROM members_now"
    if mode != "add":
        return members
    return f"""
        {members} UNION SELECT member FROM held_before
        UNION SELECT person FROM held_before JOIN people_now ON people_now.key = held_before.member
        """


def seen_sql(platform: Platform, of: str) -> str:
    """Take the sightings of their devices; of people's devices, those that the platform takes."""
    kinds = [f"'{kind}'" for key in platform.keys for kind in key.types if _is_device(kind)]
    taken = f"id_type IN ({', '.join(kinds)})" if kinds else "false"
    who, which = ("device", "true") if of == "devices" else ("person", taken)
    return f"""
        SELECT device, id_type, id, seen_at, expires_at, country, consent_string
        FROM sightings_now SEMI JOIN judged ON judged.id = sightings_now.{who} WHERE {which}"""


def _is_device(kind: str) -> bool:
    known = id_type(kind)
    return known is not None and known.device


def strings_sql() -> str:
    """List the consent strings to read; many people share one, as it is rounded to days."""
    return (
        "SELECT DISTINCT consent_string FROM (SELECT consent_string FROM profiles_now "
        "UNION ALL SELECT consent_string FROM seen) WHERE consent_string IS NOT NULL"
    )


def agreed_sql(of: str) -> str:
    """Fold the records of each person, and list the countries that they name."""
    mine = "" if of == "devices" else "SEMI JOIN judged ON judged.id = person"
    return f"""
        SELECT person, {consent_columns_sql()},
            list(DISTINCT country) FILTER (WHERE country IS NOT NULL) AS lives_in
        FROM profiles_now LEFT JOIN tcf ON tcf.text = consent_string {mine} GROUP BY person"""


def told_sql() -> str:
    """Take of each device its newest consent string: who agrees anew, or no more, changes it."""
    newest = ", ".join(
        f"arg_max(ROW(tcf.{flag}), ROW(seen_at, consent_string)) "
        f"FILTER (WHERE tcf.text IS NOT NULL)[1] AS {flag}"
        for flag in FLAGS
    )
    return f"""
        SELECT device, {newest},
            list(DISTINCT country) FILTER (WHERE country IS NOT NULL) AS seen_in
        FROM seen LEFT JOIN tcf ON tcf.text = consent_string GROUP BY device"""


def refused_sql(policy: Policy) -> str:
    """Write the test of a row of `told` that refuses something required."""
    return " OR ".join(f"told.{flag} IS FALSE" for flag in policy.require) or "false"


def make_consents(con: Connection, platform: Platform, of: str, mode: str) -> None:
    """Run the steps over `members_now`, `people_now`, `profiles_now` and `sightings_now`."""
    _make(con, "judged", judged_sql(mode))
    _make(con, "seen", seen_sql(platform, of))
    vendor = VENDORS.get(platform.slug)
    read = [
        {"text": text, **answers(text, vendor)} for (text,) in con.execute(strings_sql()).fetchall()
    ]
    con.register("read_strings", pa.Table.from_pylist(read, schema=_TCF))
    _make(con, "tcf", "FROM read_strings")
    _make(con, "agreed", agreed_sql(of))
    _make(con, "told", told_sql())


def _make(con: Connection, name: str, sql: str) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")
