"""The Arrow schema of every table of the lake, and nothing else."""

from __future__ import annotations

import pyarrow as pa

KEY = pa.uuid()  # 16 bytes; see identifiers.digest.identifier_key
AT = pa.timestamp("us", tz="UTC")
TEXTS = pa.map_(pa.string(), pa.string())
DIGEST = pa.binary(32)

PROFILES = pa.schema(
    [
        ("record", KEY),  # one source's record of one customer; versions share it
        ("source", pa.string()),
        ("key", KEY),  # the record's strongest identifier
        ("external_id", pa.string()),
        ("email", pa.string()),
        ("phone", pa.string()),
        ("first_name", pa.string()),
        ("last_name", pa.string()),
        ("street", pa.string()),
        ("city", pa.string()),
        ("state", pa.string()),
        ("zip", pa.string()),
        ("country", pa.string()),
        ("birth_date", pa.string()),
        ("gender", pa.string()),
        ("language", pa.string()),
        ("consent_ads", pa.bool_()),
        ("consent_personalization", pa.bool_()),
        ("consent_string", pa.string()),
        ("do_not_contact", pa.bool_()),
        ("updated_at", AT),  # null: the source did not say
        ("attributes", TEXTS),  # unknown columns and facets, by their full header
        ("ingest", pa.string()),
    ]
)

EVENTS = pa.schema(
    [
        ("event", KEY),  # of source and event_id; of the input row where there is no event_id
        ("name", pa.string()),
        ("at", AT),
        ("key", KEY),  # the event's strongest identifier
        ("value", pa.decimal128(18, 4)),
        ("currency", pa.string()),
        ("quantity", pa.decimal128(18, 4)),
        ("product_id", pa.string()),
        ("category", pa.string()),
        ("channel", pa.string()),
        ("attributes", TEXTS),
        ("source", pa.string()),
        ("ingest", pa.string()),
    ]
)

SIGHTINGS = pa.schema(
    [
        ("key", KEY),
        ("id_type", pa.string()),
        ("id", pa.string()),  # canonical; the only place where a device id stands in clear
        ("seen_at", AT),
        ("expires_at", AT),
        ("source", pa.string()),
        ("party", pa.int8()),
        ("traits", pa.list_(pa.string())),
        ("country", pa.string()),
        ("browser", pa.string()),
        ("consent_string", pa.string()),
        ("ingest", pa.string()),
    ]
)

LINKS = pa.schema(
    [
        ("a", KEY),
        ("b", KEY),
        ("a_type", pa.string()),
        ("b_type", pa.string()),
        ("kind", pa.string()),  # profile | event | sighting
        ("source", pa.string()),
        ("seen_at", AT),
        ("expires_at", AT),  # null: durable; else that of the weaker end
        ("ingest", pa.string()),
        ("counts_from", AT),  # when that was seen which lasts until `expires_at`
    ]
)

MATCH_KEYS = pa.schema(
    [
        ("key", KEY),
        ("type", pa.string()),
        ("form", pa.string()),
        ("digest", DIGEST),  # SHA-256 of the form's UTF-8 bytes
        ("value", pa.string()),  # only for types that platforms take in clear (external_id)
        ("ingest", pa.string()),
    ]
)

UID2_MAP = pa.schema(
    [
        ("identity", pa.string()),  # uid2 | euid
        ("operator", pa.string()),  # its address: a test's ids are not those of production
        ("digest", DIGEST),  # SHA-256 of the contact that was asked about, or of the raw id
        ("state", pa.string()),  # mapped | optout | invalid | unknown
        ("key", KEY),  # of the raw id, as a sighting of it has it; null: there is none
        ("uid", pa.string()),
        ("previous", pa.string()),  # the raw id before, where it has changed
        ("checked_at", AT),
        ("refresh_at", AT),  # until when it is good, and not asked about again
        ("ingest", pa.string()),
    ]
)

UID2_ASKED = pa.schema(
    [
        ("identity", pa.string()),
        ("operator", pa.string()),
        ("digest", DIGEST),  # SHA-256 of the raw id of which it was asked whether it opted out
        ("checked_at", AT),
        ("ingest", pa.string()),
    ]
)

REJECTS = pa.schema(
    [
        ("ingest", pa.string()),
        ("table", pa.string()),
        ("row", pa.int64()),  # 1 is the first row after the header
        ("scope", pa.string()),  # row: nothing kept | field: the row was kept without this field
        ("field", pa.string()),
        ("reason", pa.string()),
        ("fix", pa.string()),
        ("sample", pa.string()),  # redacted shape of the value, such as aaa@aa.9
        ("source", pa.string()),
    ]
)

PEOPLE = pa.schema(
    [
        ("key", KEY),
        ("type", pa.string()),
        ("person", KEY),
        ("expires_at", AT),  # of the identifier; null: durable
        ("since", AT),  # when this person id was first given
    ]
)

MEMBERS = pa.schema(
    [
        ("member", KEY),  # a person, or a device where the audience is `of: devices`
        ("held_out", pa.bool_()),
        ("expires_at", AT),  # devices: when the id's life ends
    ]
)

KEYS = pa.list_(
    pa.struct([("wire", pa.string()), ("value", pa.string()), ("expires_at", AT)])
)  # exactly what stands in the request

HELD = pa.schema(
    [
        ("unit", KEY),  # what is added and removed as one: a member, or one device id
        ("row", KEY),  # digest of the row's wire keys
        ("member", KEY),
        ("keys", KEYS),
        ("consent", pa.string()),
        ("sent_at", AT),
        ("forgets_at", AT),  # when the platform drops it by itself; null: never
        ("state", pa.string()),  # held | unknown
        ("attributes", KEY),  # digest of the attributes that went along; null: none did
    ]
)

SENDS = pa.schema(
    [
        ("row", KEY),
        ("member", KEY),
        ("platform", pa.string()),
        ("account", pa.string()),
        ("destination", pa.string()),
        ("audience", pa.string()),
        ("list", pa.string()),
        ("op", pa.string()),
        ("request_digest", DIGEST),
        ("rule_pack", pa.string()),
        ("consent", pa.string()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("at", AT),
        ("run", pa.string()),
        ("request", pa.string()),  # of the run: the one, or the piece, that had the row
    ]
)
