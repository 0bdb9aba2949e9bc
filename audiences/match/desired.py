"""What a platform should hold: members who may be sent, as rows of ready wire values.

Steps after those of `consents`, each a named temporary table:

    eligible   members with their consent and the reason why one may not be sent
    owned      the identifiers of those who may be sent: member, key
    devices    their live devices with the value that a platform takes and their end of life
    contacts   customer numbers that are an e-mail address or a phone number
    attributes, joined   what their records say beside; see `attributes`
    wires      unit, member, wire key, value, end of life: each value once in a unit
    desired    unit, row, member, wired, keys, consent, expires_at, digest of attributes
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection as Connection

from audiences.consent.policy import FLAGS, Policy, consent_text_sql, folded_sql, verdict_sql
from audiences.identifiers.catalog import id_type
from audiences.identifiers.packs import Encoding, Pack
from audiences.lake.query import timestamp
from audiences.match import uid2
from audiences.match.attributes import FIELD, ROW, make_attributes, spoken_columns
from audiences.match.clear import clear_types, make_clear
from audiences.match.consents import make_consents, refused_sql
from audiences.platforms.base import EPOCH, Platform

PROFILE_COLUMNS = (
    "consent_ads consent_personalization consent_string do_not_contact country external_id phone"
)
_ENCODED = {
    Encoding.SHA256_HEX: "lower(hex(digest))",
    Encoding.SHA256_BASE64: "to_base64(digest)",
    Encoding.RAW: "value",
    Encoding.NUMBER: "value",
}
_OF_DEVICE = {  # ids of devices are kept in clear, and hashed only for who wants them so
    Encoding.SHA256_HEX: "sha256({})",
    Encoding.SHA256_BASE64: "to_base64(unhex(sha256({})))",
    Encoding.RAW: "{}",
    Encoding.NUMBER: "{}",
}
_CASES = {"lower": "lower(value)", "upper": "upper(value)"}
_IN_CLEAR = (
    "value IS NOT NULL AND NOT regexp_matches(value, '@|^[+]') AND value NOT IN (FROM contacts)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What else decides which values of those who may be sent go."""

    mode: str = "mirror"
    at: datetime = EPOCH  # the instant of the plan
    outlive: datetime | None = None  # no id goes that ends before
    country: str | None = None  # of phone numbers whose record has none
    identity: str = ""  # uid2 | euid: contacts go as raw ids of it, by `known_uid2`


USUAL = Terms()


def profile_columns(platform: Platform, pack: Pack) -> str:
    """Return what the steps read of `profiles_now`: no more than the platform takes."""
    own = [*clear_types(platform, pack), *spoken_columns(platform, pack)]
    return " ".join([PROFILE_COLUMNS, *own])


def eligible_sql(of: str, policy: Policy, *, opt_outs: bool = False) -> str:
    """Judge every member: held out, consent denied or missing, opted out, or free to be sent.

    A device answers for itself, and so does the person who uses it. Who is free has no reason.
    """
    person = "member" if of == "people" else "person"
    if of == "people":
        who, places = "agreed ON agreed.person = member", "lives_in"
        said = "SELECT members_now.*, agreed.* EXCLUDE (person) FROM members_now"
    else:
        who = "people_now ON people_now.key = member LEFT JOIN agreed USING (person)"
        who += " LEFT JOIN told ON told.device = member"
        places = "list_concat(lives_in, seen_in)"
        flags = ", ".join(both_sql(flag) for flag in FLAGS)
        said = f"SELECT members_now.*, person, lives_in, seen_in, {flags} FROM members_now"
    out = f"CASE WHEN {person} IN (FROM opted_out) THEN '{uid2.REASON}' END"
    verdict = verdict_sql(policy, places) + (f", {out}" if opt_outs else "")
    return f"""
        WITH said AS ({said} LEFT JOIN {who})
        SELECT member, expires_at, {consent_text_sql()} AS consent,
            CASE WHEN held_out THEN 'held_out' ELSE coalesce({verdict}) END AS reason
        FROM said"""


def both_sql(flag: str) -> str:
    """Write a consent of a device and of the person who uses it: any no is a no."""
    sides = [f"agreed.{flag}", f"told.{flag}"]
    return folded_sql(flag, [f"NOT {side}" for side in sides], sides)


def owned_sql(of: str) -> str:
    """List the identifiers of the members who may be sent."""
    if of == "devices":
        return "SELECT member, member AS key FROM eligible WHERE reason IS NULL"
    return (
        "SELECT eligible.member, people_now.key FROM eligible "
        "JOIN people_now ON people_now.person = eligible.member WHERE reason IS NULL"
    )


def devices_sql(policy: Policy, outlive: datetime | None = None) -> str:
    """Take each live device once, with the latest end of its life.

    One whose own consent string refuses is left out, whatever its person agreed to elsewhere. So
    is one that does not `outlive` the time in which the plan may be sent: it would make the whole
    plan old in a moment.
    """
    having = f" HAVING max(expires_at) > {timestamp(outlive)}" if outlive else ""
    refused = f"SELECT device FROM told WHERE {refused_sql(policy)}"
    return (
        "SELECT device AS key, id_type AS type, any_value(id) AS value, "
        "max(expires_at) AS expires_at FROM seen "
        "SEMI JOIN owned ON owned.key = device "
        f"ANTI JOIN ({refused}) AS refused USING (device) GROUP BY device, id_type{having}"
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


def wires_sql(
    platform: Platform, pack: Pack, of: str, mode: str = "mirror", mapped: str = ""
) -> str:
    """Give each eligible member the wire values that the platform takes.

    A unit has one value once, whichever of its identifiers or types it came from; what is durable
    in one of them is durable, and of two ends the later counts. Where nothing is ever taken back
    and the platform does not forget by itself, no short-lived id may go at all. `mapped` has the
    raw ids of contacts.
    """
    devices: dict[str, list[str]] = {}
    records: dict[tuple[str, str], list[str]] = {}
    for place, key in enumerate(platform.keys):
        for kind in key.types:
            rule, known = pack.rule(kind), id_type(kind)
            if rule is None or known is None:
                continue
            if not known.device:
                row = f"('{kind}', '{rule.form}', {place}, '{key.wire}', '{rule.encoding.value}')"
                records.setdefault((kind, rule.form), []).append(row)
            elif platform.row_ttl or mode != "add":
                text = _OF_DEVICE[rule.encoding].format(_CASES.get(rule.form, "value"))
                devices.setdefault(text, []).append(f"('{kind}', {place}, '{key.wire}')")
    parts = [_devices_sql(text, kinds) for text, kinds in devices.items()]
    clear = clear_types(platform, pack)
    parts += [_records_sql(records, clear)] if records and of == "people" else []
    parts += [mapped] if mapped and of == "people" else []
    if any(key.joined for key in platform.keys):
        parts.append("SELECT member, NULL::UUID AS key, place, wire, value, NULL FROM joined")
    unit = "key" if platform.row_ttl else "member"
    return f"""
        SELECT {unit} AS unit, member, place, wire, value,
            CASE WHEN bool_and(expires_at IS NOT NULL) THEN max(expires_at) END AS expires_at
        FROM ({" UNION ALL ".join(f"({part})" for part in parts)})
        WHERE value IS NOT NULL GROUP BY ALL"""


def _devices_sql(text: str, kinds: Sequence[str]) -> str:
    return f"""
        SELECT member, key, place, wire, {text} AS value, expires_at
        FROM (VALUES {", ".join(kinds)}) AS taken(type, place, wire)
        JOIN devices USING (type) JOIN owned USING (key)"""


def _records_sql(kinds: Mapping[tuple[str, str], Sequence[str]], clear: Sequence[str] = ()) -> str:
    """Read the match keys once, for all types together; few of them are our members'.

    Addresses and numbers have no value there. Where they go in clear it is the one of `clear`
    whose digest the key has.
    """
    encoded = " ".join(f"WHEN '{how.value}' THEN {sql}" for how, sql in _ENCODED.items())
    wanted = " OR ".join(f"type = '{kind}' AND form = '{form}'" for kind, form in kinds)
    rows = ", ".join(row for same in kinds.values() for row in same)
    contacts = ", ".join(f"'{kind}'" for kind in clear)
    may = f"({_IN_CLEAR} OR type IN ({contacts}))" if clear else _IN_CLEAR
    value, known = "value", ""
    if clear:
        value = "coalesce(keys.value, clear.value) AS value"
        known = "LEFT JOIN clear USING (type, digest)"
    return f"""
        WITH theirs AS MATERIALIZED (
            SELECT member, key, type, form, digest, {value}
            FROM all_match_keys AS keys JOIN owned USING (key) {known} WHERE {wanted})
        SELECT member, key, place, wire, CASE encoding {encoded} END AS value,
            NULL::TIMESTAMPTZ AS expires_at
        FROM theirs JOIN (VALUES {rows}) AS taken(type, form, place, wire, encoding)
            USING (type, form)
        WHERE encoding <> '{Encoding.RAW.value}' OR {may}"""


def desired_sql(platform: Platform) -> str:
    """Lay wire values out in rows as the platform wants them.

    Where a row carries its own lifetime, each identifier is added and removed by itself; elsewhere
    a member's rows go together. A platform that never forgets gets a short-lived id only in a
    row with a durable key: that row can be taken back without naming an id whose life is over.
    Equal keys are one row, whoever has them: two spellings of one Gmail address are one mailbox.
    Attributes are no part of what a row is: it is taken back by its keys alone.
    """
    limits = platform.limits
    if limits.one_per_wire:
        index = "row_number() OVER (PARTITION BY unit, wire ORDER BY value)"
    else:
        count = "row_number() OVER (PARTITION BY unit ORDER BY place, value)"
        index = f"({count} - 1) // {limits.keys_per_row}"
    keep = "" if platform.row_ttl else "HAVING bool_or(expires_at IS NULL)"
    # Sorting short lists by themselves costs a third of what aggregates in order do.
    return f"""
        WITH placed AS (
            SELECT *, {index} AS line FROM wires),
        rows AS (
            SELECT unit, any_value(member) AS member, min(expires_at) AS expires_at,
                list_sort(list({{'place': place, 'value': value, 'wire': wire,
                    'expires_at': expires_at}})) AS placed_keys
            FROM placed GROUP BY unit, line {keep}),
        written AS (
            SELECT * EXCLUDE (placed_keys), list_transform(placed_keys, lambda k:
                    {{'wire': k.wire, 'value': k.value, 'expires_at': k.expires_at}}) AS keys,
                array_to_string(list_transform(placed_keys, lambda k:
                    k.wire || {FIELD} || k.value), {ROW}) AS wired
            FROM rows)
        SELECT written.unit, left(sha256(wired), 32)::UUID AS row, written.member, wired, keys,
            written.expires_at, eligible.consent, attributes.digest AS attributes
        FROM written JOIN eligible USING (member) LEFT JOIN attributes USING (member)
        QUALIFY row_number() OVER (
            PARTITION BY row ORDER BY written.expires_at DESC NULLS FIRST, written.unit) = 1"""


def make_eligible(
    con: Connection,
    platform: Platform,
    of: str,
    policy: Policy,
    *,
    mode: str = "mirror",
    opt_outs: bool = False,
) -> None:
    """Make `eligible` and `owned`; with `opt_outs`, who opted out of UID2 may not be sent."""
    make_consents(con, platform, of, mode)
    if opt_outs:
        _make(con, "opted_out", uid2.OPTED_OUT_SQL)
    _make(con, "eligible", eligible_sql(of, policy, opt_outs=opt_outs))
    _make(con, "owned", owned_sql(of))


def make_desired(
    con: Connection, platform: Platform, pack: Pack, of: str, policy: Policy, terms: Terms = USUAL
) -> dict[str, int]:
    """Run the steps over `members_now` of one audience; return why members fell out, counted."""
    mode, identity, outlive = terms.mode, terms.identity, terms.outlive
    make_eligible(con, platform, of, policy, mode=mode, opt_outs=bool(identity))
    clear = clear_types(platform, pack)
    make_attributes(con, platform, pack, of)
    if clear and of == "people":
        make_clear(con, clear, terms.country)
    devices, mapped = devices_sql(policy, outlive), ""
    key = uid2.key_of(platform, identity)
    if key is not None and (platform.row_ttl or mode != "add"):
        devices = uid2.unreplaced_sql(identity, devices)
        mapped = uid2.contacts_sql(*key, terms.at, outlive)
    _make(con, "devices", devices)
    _make(con, "contacts", contacts_sql())
    _make(con, "wires", wires_sql(platform, pack, of, mode, mapped))
    _make(con, "desired", desired_sql(platform))
    out = con.execute(
        "SELECT reason, count(*) FROM eligible WHERE reason IS NOT NULL GROUP BY reason "
        "UNION ALL SELECT 'no_key', count(*) FROM eligible ANTI JOIN desired USING (member) "
        "WHERE reason IS NULL"
    ).fetchall()
    return {reason: count for reason, count in out if count}


def _make(con: Connection, name: str, sql: str) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")
