"""Contacts as UID2s or EUIDs: what an operator said of their digests, and who opted out.

Reads `known_uid2` of the lake, for a destination whose contacts are mapped. Steps:

    opted_out  person: one of their contacts opted out
    devices    sightings of a raw id end with what the operator said of it, and give way to a newer
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
OPTED_OUT_SQL = """
    SELECT DISTINCT person FROM people_now JOIN all_match_keys USING (key)
    SEMI JOIN (SELECT digest FROM known_uid2 WHERE state = 'optout') AS said USING (digest)"""
_NEWEST_SQL = """
    SELECT uid AS value, max(refresh_at) AS until FROM known_uid2 WHERE state = 'mapped'
    GROUP BY uid"""


def key_of(platform: Platform, identity: str) -> tuple[int, str] | None:
    """Return the place and wire name of the key that takes raw ids of an identity."""
    for place, key in enumerate(platform.keys):
        if identity in key.types:
            return place, key.wire
    return None


def seen_until_sql(identity: str, devices: str, outlive: datetime | None) -> str:
    """Let a sighting of a raw id end when the operator says that it may change.

    One that was seen since goes by its own life. One that the operator has replaced is left out,
    as the contact's own row has the newer id.
    """
    capped = "CASE WHEN seen_at > until THEN expires_at ELSE least(expires_at, until) END"
    alive = f" AND expires_at > {timestamp(outlive)}" if outlive else ""
    return f"""
        WITH newest AS ({_NEWEST_SQL}),
        ended AS (
            SELECT found.* REPLACE (CASE WHEN type = '{identity}' AND until IS NOT NULL
                THEN {capped} ELSE expires_at END AS expires_at)
            FROM ({devices}) AS found LEFT JOIN newest USING (value))
        SELECT * EXCLUDE (seen_at) FROM ended WHERE NOT (type = '{identity}' AND value IN (
            SELECT previous FROM known_uid2 WHERE previous IS NOT NULL)){alive}"""


def contacts_sql(place: int, wire: str, outlive: datetime | None) -> str:
    """Give the contacts of those who may be sent their raw ids, each as good as the operator says.

    The key is that of the raw id: a sighting of the same one is the same unit.
    """
    alive = f" AND said.refresh_at > {timestamp(outlive)}" if outlive else ""
    return f"""
        SELECT DISTINCT member, said.key, {place} AS place, '{wire}' AS wire, uid AS value,
            said.refresh_at AS expires_at
        FROM ({theirs_sql()}) AS theirs JOIN known_uid2 AS said USING (digest)
        WHERE said.state = 'mapped'{alive}"""


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
