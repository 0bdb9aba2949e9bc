"""Why each member can or can't be matched on a platform: every member under one outcome.

Reads what the steps of `match.desired` have left behind, so that whoever is in the plan counts as
matched, and nobody else. Makes the temporary table

    losses   member, outcome, detail
"""

from __future__ import annotations

from dataclasses import dataclass

from duckdb import DuckDBPyConnection as Connection

from audiences.consent.policy import FLAGS, Policy
from audiences.destinations import IDENTITIES
from audiences.identifiers.catalog import id_type
from audiences.identifiers.packs import Pack
from audiences.match import uid2
from audiences.match.attributes import COLUMNS, FIELD, ROW
from audiences.match.desired import Terms
from audiences.platforms.base import Key, Platform

NO_KEY = "no_key"  # the plan's word for all outcomes of who may be sent and has nothing to send


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of some members: the plan's own word for it, what it says, what to do."""

    dropped: str  # the reason under which the plan counts it; empty: in the plan, or no member
    says: str
    fix: str


OUTCOMES: dict[str, Outcome] = {
    "matched": Outcome("", "in the plan: at least one key that the platform takes", ""),
    "held_out": Outcome("held_out", "held out as a control group", "Nothing; this is meant."),
    "consent_denied": Outcome(
        "consent_denied", "said no to what the destination needs", "Nothing; no is no."
    ),
    "consent_missing": Outcome(
        "consent_missing",
        "no answer where one is needed",
        "Ask for consent, or pass on the answer in consent_ads and consent_personalization.",
    ),
    "uid2_optout": Outcome(
        uid2.REASON, "opted out of UID2 or EUID with their operator", "Nothing; no is no."
    ),
    "no_country": Outcome(
        NO_KEY,
        "a phone number without a country",
        "Fill in the country column, write numbers with + and country code, or set "
        "default_country.",
    ),
    "invalid": Outcome(
        NO_KEY, "nothing that the platform would take can be read", "Correct the fields named."
    ),
    "number_is_contact": Outcome(
        NO_KEY,
        "only a customer number, which is an e-mail address or phone number",
        "Put it into the email or phone column; in clear it never leaves.",
    ),
    "no_form": Outcome(
        NO_KEY,
        "their identifiers have no form that the platform takes",
        "Bring the raw value instead of its hash.",
    ),
    "same_as_another": Outcome(
        NO_KEY, "all keys are another member's too", "Nothing; they go out as one."
    ),
    "only_short_lived": Outcome(
        NO_KEY,
        "only cookies or device ids, which this platform would never forget",
        "Add an e-mail address or phone number; a platform that forgets takes device ids alone.",
    ),
    "never_taken_back": Outcome(
        NO_KEY,
        "only device ids, and in mode add nothing is taken back",
        "Use mode mirror; then short-lived ids go as well.",
    ),
    "ends_too_soon": Outcome(
        NO_KEY,
        "the device id's life ends before the plan could be sent",
        "Nothing, unless the device is seen again.",
    ),
    "device_over": Outcome(
        NO_KEY, "the device id's life is over", "Nothing, unless the device is seen again."
    ),
    "member_over": Outcome(
        "", "the device's life ended since the audience was built", "Build the audience again."
    ),
    "not_mapped": Outcome(
        NO_KEY,
        "known by e-mail or phone, which this platform takes only as a UID2 or EUID",
        "Add uid2: with identity and credentials to the destination.",
    ),
    "uid2_due": Outcome(
        NO_KEY,
        "the operator was not yet asked for their UID2 or EUID, or is to be asked again",
        "Nothing; the next sync asks.",
    ),
    "uid2_none": Outcome(
        NO_KEY,
        "the operator has no UID2 or EUID for their e-mail and phone",
        "Nothing; it is asked again after some days.",
    ),
    "type_not_taken": Outcome(
        NO_KEY,
        "no identifier of a type that the platform takes",
        "Collect one of those types, or choose a platform that takes what there is.",
    ),
    "no_identifier": Outcome(
        NO_KEY, "no identifier is known any more", "Resolve and build the audience again."
    ),
}


def make_losses(
    con: Connection, platform: Platform, pack: Pack, of: str, policy: Policy, terms: Terms
) -> None:
    """Make `losses`: the outcome of every member of the snapshot; see `OUTCOMES`.

    Needs `make_desired` and `make_refused` to have run, and `the_members`, `all_people`.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE losses AS "
        f"WITH {_steps_sql(platform, pack, of, terms)} "
        f"SELECT member, reason AS outcome, {_flags_sql(policy)} AS detail FROM eligible "
        "WHERE reason IS NOT NULL "
        "UNION ALL SELECT DISTINCT member, 'matched', '' FROM eligible SEMI JOIN desired "
        "USING (member) WHERE reason IS NULL "
        f"UNION ALL SELECT member, {_OUTCOME_SQL} AS outcome, {_DETAIL_SQL} FROM lost "
        "LEFT JOIN wired USING (member) LEFT JOIN known USING (member) "
        "LEFT JOIN refused USING (member) LEFT JOIN asked USING (member) "
        "UNION ALL SELECT member, 'member_over', '' FROM the_members "
        "ANTI JOIN eligible USING (member)"
    )


def taken_types(platform: Platform, pack: Pack, identity: str = "") -> tuple[str, ...]:
    """Return the identifier types that a platform takes: by its rule pack, and mapped ones."""
    named = (kind for key in platform.keys for kind in key.types)
    taken = tuple(kind for kind in named if pack.rule(kind) and id_type(kind))
    mapped = uid2.CONTACTS if identity else ()
    return (*taken, *(kind for kind in mapped if kind not in taken))


def wants_raw_ids(platform: Platform) -> bool:
    """Say whether a platform takes raw ids of UID2 or EUID, and no contacts themselves."""
    named = {kind for key in platform.keys for kind in key.types}
    return bool(named & {*IDENTITIES}) and not named & {*uid2.CONTACTS}


def _flags_sql(policy: Policy) -> str:
    """Write which of the answers that are needed was no, or is missing."""
    word = "CASE reason WHEN 'consent_denied' THEN '=denied' WHEN 'consent_missing' THEN '=unknown'"
    named = ", ".join(
        f"CASE WHEN contains(consent, '{flag}' || {word} END) THEN '{FLAGS[flag]}' END"
        for flag in policy.require
    )
    return f"concat_ws(' and ', {named})" if named else "''"


def _steps_sql(platform: Platform, pack: Pack, of: str, terms: Terms) -> str:
    taken = taken_types(platform, pack, terms.identity)
    durable = _in(*(name for name in taken if not _device(name)))
    devices = _in(*(name for name in taken if _device(name)))
    lasting = "true" if platform.row_ttl else "expires_at IS NULL"
    back = "true" if platform.row_ttl or terms.mode != "add" else "false"
    had = (
        "SELECT member, id_type AS type, max(expires_at) AS ends FROM lost "
        "JOIN sightings_now ON device = member GROUP BY ALL"
        if of == "devices"
        else "SELECT lost.member, type, CASE WHEN bool_and(expires_at IS NOT NULL) "
        "THEN max(expires_at) END AS ends FROM lost JOIN all_people ON person = member GROUP BY ALL"
    )
    alive = "EXISTS (FROM people_now WHERE person = had.member AND people_now.type = had.type)"
    alive = "true" if of == "devices" else alive
    contact = _in(*uid2.CONTACTS) if wants_raw_ids(platform) and not terms.identity else "false"
    asked = uid2.asked_sql() if terms.identity else uid2.NOBODY_ASKED_SQL
    return f"""
        lost AS (SELECT member FROM eligible ANTI JOIN desired USING (member)
            WHERE reason IS NULL),
        wired AS (SELECT member, bool_or({lasting}) AS lasting FROM wires GROUP BY member),
        had AS ({had}),
        known AS (
            SELECT member, string_agg(type, ', ' ORDER BY type) AS types,
                bool_or({durable}) AS durable,
                bool_and(type = 'external_id') FILTER (WHERE {durable}) AS only_number,
                coalesce(bool_or({alive}) FILTER (WHERE {devices}), false) AS device_alive,
                bool_or({devices}) AS device, bool_or({contact}) AS contact,
                {back} AS taken_back
            FROM had GROUP BY member),
        asked AS ({asked}),
        refused AS (
            SELECT member, bool_or(reason = 'no_country') AS no_country,
                string_agg(DISTINCT told, ', ' ORDER BY told) AS fields
            FROM (SELECT *, field || ' ' || reason AS told FROM refused_fields)
            WHERE field NOT IN {(*COLUMNS.values(),)!r} GROUP BY member)"""


_OUTCOME_SQL = """CASE
    WHEN wired.lasting THEN 'same_as_another'
    WHEN wired.member IS NOT NULL THEN 'only_short_lived'
    WHEN refused.no_country THEN 'no_country'
    WHEN refused.member IS NOT NULL THEN 'invalid'
    WHEN known.member IS NULL THEN 'no_identifier'
    WHEN asked.due THEN 'uid2_due'
    WHEN asked.member IS NOT NULL THEN 'uid2_none'
    WHEN durable AND only_number THEN 'number_is_contact'
    WHEN durable THEN 'no_form'
    WHEN device_alive AND NOT taken_back THEN 'never_taken_back'
    WHEN device_alive THEN 'ends_too_soon'
    WHEN device THEN 'device_over'
    WHEN contact THEN 'not_mapped'
    ELSE 'type_not_taken' END"""
_DETAIL_SQL = """CASE
    WHEN wired.member IS NOT NULL THEN ''
    WHEN refused.member IS NOT NULL THEN refused.fields
    ELSE coalesce(known.types, '') END"""


def _device(name: str) -> bool:
    kind = id_type(name)
    return kind is not None and kind.device


def _in(*names: str) -> str:
    return f"type IN ({', '.join(repr(name) for name in names)})" if names else "false"


def counted(con: Connection) -> list[tuple[str, str, int]]:
    """Return (outcome, detail, members), the most frequent first."""
    found: list[tuple[str, str, int]] = con.execute(
        "SELECT outcome, coalesce(detail, ''), count(*) FROM losses GROUP BY ALL "
        "ORDER BY count(*) DESC, outcome, 2"
    ).fetchall()
    return found


def counted_keys(con: Connection, platform: Platform) -> list[tuple[Key, int]]:
    """Return how many members the plan has with each key and attribute, in the platform's order."""
    found = con.execute(
        "WITH sent AS (SELECT member, unnest(keys).wire AS wire FROM desired UNION ALL "
        f"SELECT member, split_part(unnest(string_split(text, {ROW})), {FIELD}, 1) "
        "FROM attributes SEMI JOIN desired USING (member)) "
        "SELECT wire, count(DISTINCT member) FROM sent GROUP BY wire"
    ).fetchall()
    members = dict(found)
    return [(key, members.get(key.wire, 0)) for key in (*platform.keys, *platform.attributes)]


def as_dropped(counts: list[tuple[str, str, int]]) -> dict[str, int]:
    """Return the counts under the plan's own reasons, as `Plan.dropped` has them."""
    told: dict[str, int] = {}
    for outcome, _, members in counts:
        reason = OUTCOMES[outcome].dropped
        if reason:
            told[reason] = told.get(reason, 0) + members
    return told
