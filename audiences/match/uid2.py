"""Contacts as UID2s or EUIDs: what an operator said of their digests, and who opted out.

Reads `known_uid2` of the lake, for a destination whose contacts are mapped, and `held_before`.
Steps:

    opted_out  person: one of their contacts or raw ids opted out; and those raw ids' keys
    devices    without sightings of a raw id that a newer one has replaced
    contacts   (in `wires`) the raw ids of the contacts of those who may be sent
    due        digest, wire: what an operator is to be asked about
"""

from __future__ import annotations

from datetime import datetime, timedelta

from audiences.identifiers.packs import PACKS
from audiences.lake.query import timestamp
from audiences.platforms.base import Platform

REASON = "uid2_optout"
FORMS = tuple((rule.type, rule.form) for rule in PACKS["uid2"].rules)
CONTACTS = tuple(kind for kind, _ in FORMS)
# A digest that was asked about is left alone so long, whatever the operator said of it.
AT_MOST_EVERY = timedelta(hours=1)
_WIRES = {"email": "email_hash", "phone": "phone_hash"}
# Raw ids of which the newest that was said, with a contact or by itself, is that they opted out.
_OUT_SQL = """
    SELECT key, uid FROM known_uid2 WHERE uid IS NOT NULL GROUP BY key, uid
    HAVING arg_max(state, checked_at) = 'optout'
        AND uid NOT IN (SELECT previous FROM known_uid2 WHERE previous IS NOT NULL)"""
OPTED_OUT_SQL = f"""
    SELECT person FROM people_now JOIN all_match_keys USING (key)
    SEMI JOIN (SELECT digest FROM known_uid2 WHERE state = 'optout') AS said USING (digest)
    UNION SELECT person FROM people_now SEMI JOIN ({_OUT_SQL}) AS gone USING (key)
    UNION SELECT key FROM ({_OUT_SQL})"""


def key_of(platform: Platform, identity: str) -> tuple[int, str] | None:
    """Return the place and wire name of the key that takes raw ids of an identity."""
    for place, key in enumerate(platform.keys):
        if identity in key.types:
            return place, key.wire
    return None


def unreplaced_sql(identity: str, devices: str) -> str:
    """Leave out sightings of a raw id that the operator has replaced: the contact has the newer."""
    return f"""
        SELECT * FROM ({devices}) WHERE NOT (type = '{identity}' AND value IN (
            SELECT previous FROM known_uid2 WHERE previous IS NOT NULL))"""


def contacts_sql(place: int, wire: str, as_of: datetime, outlive: datetime | None) -> str:
    """Give the contacts of those who may be sent their raw ids, each with the end of its life.

    The key is that of the raw id: a sighting of the same one is the same unit. One that is due may
    have changed since: it stays where it is held until the operator was asked, and goes nowhere
    else.
    """
    alive = f" AND ends_at > {timestamp(outlive)}" if outlive else ""
    return f"""
        SELECT DISTINCT member, said.key, {place} AS place, '{wire}' AS wire, uid AS value,
            ends_at AS expires_at
        FROM ({theirs_sql()}) AS theirs JOIN known_uid2 AS said USING (digest)
        WHERE said.state = 'mapped'{alive}
            AND (refresh_at > {timestamp(as_of)} OR uid IN ({held_sql(wire, as_of)}))"""


def held_sql(wire: str, as_of: datetime) -> str:
    """List the raw ids that the platform holds."""
    return f"""
        SELECT k.value AS uid FROM (
            SELECT unnest(keys) AS k FROM held_before
            WHERE forgets_at IS NULL OR forgets_at > {timestamp(as_of)})
        WHERE k.wire = '{wire}'"""


def theirs_sql() -> str:
    """List the digests of those who may be sent, in the forms that operators take."""
    forms = ", ".join(f"('{kind}', '{form}')" for kind, form in FORMS)
    return f"""
        SELECT member, type, digest FROM all_match_keys JOIN owned USING (key)
        SEMI JOIN (VALUES {forms}) AS taken(type, form) USING (type, form)"""


NOBODY_ASKED_SQL = "SELECT NULL::UUID AS member, false AS due WHERE false"


def asked_sql() -> str:
    """Say of those who may be sent whether an operator is still to be asked about a contact."""
    return f"""
        SELECT member, bool_or(said.digest IS NULL OR said.state = 'mapped') AS due
        FROM ({theirs_sql()}) AS theirs LEFT JOIN known_uid2 AS said USING (digest)
        GROUP BY member"""


def due_sql(as_of: datetime) -> str:
    """List the digests of those who may be sent of which nothing fresh is known, each once."""
    now, lately = timestamp(as_of), timestamp(as_of - AT_MOST_EVERY)
    wire = " ".join(f"WHEN '{kind}' THEN '{name}'" for kind, name in _WIRES.items())
    return f"""
        SELECT CASE split_part(type, '_', 1) {wire} END AS wire, digest
        FROM (SELECT digest, min(type) AS type FROM ({theirs_sql()}) GROUP BY digest)
        ANTI JOIN (SELECT digest FROM known_uid2
            WHERE refresh_at > {now} OR checked_at > {lately}) AS fresh USING (digest)"""


def unsure_sql(identity: str, wire: str, devices: str, as_of: datetime, since: datetime) -> str:
    """List the raw ids, wanted or held, of which nothing was said since, and number them.

    Those of contacts that are `due` are left out: who is asked about these says it as well.
    """
    return f"""
        WITH wanted AS (
            SELECT uid FROM ({theirs_sql()}) AS theirs JOIN known_uid2 USING (digest)
            WHERE state = 'mapped' AND ends_at > {timestamp(as_of)}
            UNION SELECT value FROM ({unreplaced_sql(identity, devices)})
            WHERE type = '{identity}'
            UNION {held_sql(wire, as_of)}),
        heard AS (
            SELECT uid FROM known_uid2
            WHERE checked_at >= {timestamp(since)} OR digest IN (SELECT digest FROM due)
            UNION SELECT uid FROM ({_OUT_SQL}))
        SELECT uid, row_number() OVER (ORDER BY uid) AS place
        FROM wanted ANTI JOIN heard USING (uid)
        ANTI JOIN asked_uid2 ON digest = unhex(sha256(uid))"""
