"""What a platform should hold: members who may be sent, as rows of ready wire values.

Steps, each a named temporary table:

    eligible   members with their consent and the reason why one may not be sent
    devices    live devices with the value that a platform takes and their end of life
    contacts   customer numbers that are an e-mail address or a phone number
    wires      unit, member, wire key, value, end of life: each value once in a unit
    desired    rows as the platform wants them: unit, row, member, wired, keys, consent, expires_at
"""

from __future__ import annotations

from datetime import datetime

from duckdb import DuckDBPyConnection as Connection

from audiences.consent import Policy, consent_columns_sql, consent_text_sql, verdict_sql
from audiences.identifiers.catalog import id_type
from audiences.identifiers.packs import Encoding, Pack
from audiences.lake.query import timestamp
from audiences.platforms.base import Platform

FIELD, ROW = "chr(31)", "chr(30)"  # no canonical value may hold a control character
_ENCODED = {
    Encoding.SHA256_HEX: "lower(hex(digest))",
    Encoding.SHA256_BASE64: "to_base64(digest)",
    Encoding.RAW: "value",
}
_IN_CLEAR = " AND NOT regexp_matches(value, '@|^[+]') AND value NOT IN (FROM contacts)"


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


def devices_sql(outlive: datetime | None = None) -> str:
    """Take each live device once, with the latest end of its life.

    One that does not `outlive` the time in which the plan may be sent is left out: it would make
    the whole plan old in a moment.
    """
    having = f" HAVING max(expires_at) > {timestamp(outlive)}" if outlive else ""
    return (
        "SELECT device AS key, id_type AS type, any_value(id) AS value, "
        f"max(expires_at) AS expires_at FROM sightings_now GROUP BY device, id_type{having}"
    )


def contacts_sql() -> str:
    """Find customer numbers that are the customer's phone, however each of the two is written.

    Small shops number customers by phone or e-mail: such a number never leaves in clear.
    """
    digits = "regexp_replace({}, '[^0-9]', '', 'g')"
    return (
        "SELECT DISTINCT trim(external_id) AS value FROM profiles_now "
        "WHERE regexp_matches(external_id, '^[0-9 ()+./-]{8,}$') AND "
        f"contains({digits.format('phone')}, right({digits.format('external_id')}, 8))"
    )


def wires_sql(platform: Platform, pack: Pack, of: str, mode: str = "mirror") -> str:
    """Give each eligible member the wire values that the platform takes.

    A unit has one value once, whichever of its identifiers or types it came from; what is durable
    in one of them is durable, and of two ends the later counts. Where nothing is ever taken back
    and the platform does not forget by itself, no short-lived id may go at all.
    """
    taken_back = platform.row_ttl or mode != "add"
    owner = (
        "SELECT member, member AS key FROM eligible WHERE reason IS NULL"
        if of == "devices"
        else "SELECT eligible.member, people_now.key FROM eligible "
        "JOIN people_now ON people_now.person = eligible.member WHERE reason IS NULL"
    )
    parts = []
    for place, key in enumerate(platform.keys):
        for kind in key.types:
            rule, known = pack.rule(kind), id_type(kind)
            if rule is None or known is None or (known.device and not taken_back):
                continue
            at = f"SELECT member, key, {place} AS place, '{key.wire}' AS wire"
            if known.device:
                parts.append(
                    f"{at}, value, expires_at FROM owned JOIN devices USING (key) "
                    f"WHERE type = '{kind}'"
                )
            elif of == "people":
                clear = _IN_CLEAR if rule.encoding is Encoding.RAW else ""
                parts.append(
                    f"{at}, {_ENCODED[rule.encoding]} AS value, NULL::TIMESTAMPTZ AS expires_at "
                    "FROM owned JOIN all_match_keys USING (key) "
                    f"WHERE type = '{kind}' AND form = '{rule.form}'{clear}"
                )
    unit = "key" if platform.row_ttl else "member"
    return f"""
        WITH owned AS ({owner})
        SELECT {unit} AS unit, member, place, wire, value,
            CASE WHEN bool_and(expires_at IS NOT NULL) THEN max(expires_at) END AS expires_at
        FROM ({" UNION ALL ".join(parts)}) GROUP BY ALL"""


def desired_sql(platform: Platform) -> str:
    """Lay wire values out in rows as the platform wants them.

    Where a row carries its own lifetime, each identifier is added and removed by itself; elsewhere
    a member's rows go together. A platform that never forgets gets a short-lived id only in a
    row with a durable key: that row can be taken back without naming an id whose life is over.
    Equal keys are one row, whoever has them: two spellings of one Gmail address are one mailbox.
    """
    limits = platform.limits
    if limits.one_per_wire:
        index = "row_number() OVER (PARTITION BY unit, wire ORDER BY value)"
    else:
        count = "row_number() OVER (PARTITION BY unit ORDER BY place, value)"
        index = f"({count} - 1) // {limits.keys_per_row}"
    keep = "" if platform.row_ttl else "HAVING bool_or(expires_at IS NULL)"
    return f"""
        WITH placed AS (
            SELECT *, {index} AS line FROM wires),
        rows AS (
            SELECT unit, any_value(member) AS member,
                string_agg(wire || {FIELD} || value, {ROW} ORDER BY place, value) AS wired,
                list({{'wire': wire, 'value': value, 'expires_at': expires_at}}
                    ORDER BY place, value) AS keys,
                min(expires_at) AS expires_at
            FROM placed GROUP BY unit, line {keep})
        SELECT rows.unit, left(sha256(wired), 32)::UUID AS row, rows.member, wired, keys,
            rows.expires_at, eligible.consent
        FROM rows JOIN eligible USING (member)
        QUALIFY row_number() OVER (
            PARTITION BY row ORDER BY rows.expires_at DESC NULLS FIRST, rows.unit) = 1"""


def make_desired(
    con: Connection,
    platform: Platform,
    pack: Pack,
    of: str,
    policy: Policy,
    *,
    mode: str = "mirror",
    outlive: datetime | None = None,
) -> dict[str, int]:
    """Run the steps over `members_now` of one audience; return why members fell out, counted."""
    steps = {
        "eligible": eligible_sql(of, policy),
        "devices": devices_sql(outlive),
        "contacts": contacts_sql(),
        "wires": wires_sql(platform, pack, of, mode),
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
