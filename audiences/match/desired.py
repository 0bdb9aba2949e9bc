"""What a platform should hold: members who may be sent, as rows of ready wire values.

Steps, each a named temporary table:

    eligible   members with their consent and the reason why one may not be sent
    devices    live devices with the value that a platform takes and their end of life
    wires      member, wire key, value, end of life
    desired    rows as the platform wants them: unit, row, member, wired, keys, consent, expires_at
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection as Connection

from audiences.consent import Policy, consent_columns_sql, consent_text_sql, verdict_sql
from audiences.identifiers.catalog import id_type
from audiences.identifiers.packs import Encoding, Pack
from audiences.platforms.base import Platform

FIELD, ROW = "chr(31)", "chr(30)"  # no canonical value may hold a control character
_ENCODED = {
    Encoding.SHA256_HEX: "lower(hex(digest))",
    Encoding.SHA256_BASE64: "to_base64(digest)",
    Encoding.RAW: "value",
}


def eligible_sql(of: str, policy: Policy) -> str:
    """Judge every member: held out, consent denied or missing, or free to be sent (null)."""
    person = "people_now.person" if of == "devices" else "members_now.member"
    join = "LEFT JOIN people_now ON people_now.key = members_now.member" if of == "devices" else ""
    seen = (
        "LEFT JOIN (SELECT device, list(DISTINCT country) FILTER (WHERE country IS NOT NULL) "
        "AS seen_in FROM sightings_now GROUP BY device) AS places ON places.device = member"
        if of == "devices"
        else ""
    )
    places = "list_concat(lives_in, seen_in)" if of == "devices" else "lives_in"
    return f"""
        WITH agreed AS (
            SELECT person, {consent_columns_sql()},
                list(DISTINCT country) FILTER (WHERE country IS NOT NULL) AS lives_in
            FROM profiles_now GROUP BY person)
        SELECT member, members_now.expires_at, {consent_text_sql()} AS consent,
            CASE WHEN held_out THEN 'held_out' ELSE {verdict_sql(policy, places)} END AS reason
        FROM members_now {join} LEFT JOIN agreed ON agreed.person = {person} {seen}"""


def devices_sql() -> str:
    """Take each live device once, with the latest end of its life."""
    return (
        "SELECT device AS key, id_type AS type, any_value(id) AS value, "
        "max(expires_at) AS expires_at FROM sightings_now GROUP BY device, id_type"
    )


def wires_sql(platform: Platform, pack: Pack, of: str) -> str:
    """Give each eligible member the wire values that the platform takes."""
    owner = (
        "SELECT member, member AS key FROM eligible WHERE reason IS NULL"
        if of == "devices"
        else "SELECT eligible.member, people_now.key FROM eligible "
        "JOIN people_now ON people_now.person = eligible.member WHERE reason IS NULL"
    )
    parts = []
    for order, key in enumerate(platform.keys):
        for kind in key.types:
            rule, known = pack.rule(kind), id_type(kind)
            if rule is None or known is None:
                continue
            at = f"{order} AS place, '{key.wire}' AS wire"
            if known.device:
                parts.append(
                    f"SELECT member, key, {at}, value, expires_at FROM owned JOIN devices "
                    f"USING (key) WHERE type = '{kind}'"
                )
            elif of == "people":
                parts.append(
                    f"SELECT member, key, {at}, {_ENCODED[rule.encoding]} AS value, "
                    "NULL::TIMESTAMPTZ AS expires_at FROM owned JOIN all_match_keys USING (key) "
                    f"WHERE type = '{kind}' AND form = '{rule.form}'"
                )
    return f"WITH owned AS ({owner}) SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)})"


def desired_sql(platform: Platform) -> str:
    """Lay wire values out in rows as the platform wants them.

    Where a row carries its own lifetime, each identifier is added and removed by itself; elsewhere
    a member's rows go together. A platform that never forgets gets a short-lived id only in a
    row with a durable key: that row can be taken back without naming an id whose life is over.
    """
    limits = platform.limits
    unit = "key" if platform.row_ttl else "member"
    if limits.one_per_wire:
        index = "row_number() OVER (PARTITION BY unit, wire ORDER BY value)"
    else:
        count = "row_number() OVER (PARTITION BY unit ORDER BY place, value)"
        index = f"({count} - 1) // {limits.keys_per_row}"
    keep = "" if platform.row_ttl else "HAVING bool_or(expires_at IS NULL)"
    return f"""
        WITH placed AS (
            SELECT *, {index} AS line FROM (SELECT *, {unit} AS unit FROM wires)),
        rows AS (
            SELECT unit, any_value(member) AS member,
                string_agg(wire || {FIELD} || value, {ROW} ORDER BY place, value) AS wired,
                list({{'wire': wire, 'value': value, 'expires_at': expires_at}}
                    ORDER BY place, value) AS keys,
                min(expires_at) AS expires_at
            FROM placed GROUP BY unit, line {keep})
        SELECT rows.unit, left(sha256(wired), 32)::UUID AS row, rows.member, wired, keys,
            rows.expires_at, eligible.consent
        FROM rows JOIN eligible USING (member)"""


def make_desired(
    con: Connection, platform: Platform, pack: Pack, of: str, policy: Policy
) -> dict[str, int]:
    """Run the steps over `members_now` of one audience; return why members fell out, counted."""
    steps = {
        "eligible": eligible_sql(of, policy),
        "devices": devices_sql(),
        "wires": wires_sql(platform, pack, of),
        "desired": desired_sql(platform),
    }
    for name, sql in steps.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")
    out = con.execute(
        "SELECT reason, count(*) FROM eligible WHERE reason IS NOT NULL GROUP BY reason "
        "UNION ALL SELECT 'no_key', count(*) FROM eligible ANTI JOIN desired USING (member) "
        "WHERE reason IS NULL"
    ).fetchall()
    return {reason: count for reason, count in out if count}
