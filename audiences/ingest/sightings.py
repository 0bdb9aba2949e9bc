"""Sightings: cookies and devices as they were seen, each with the day on which it must be gone."""

from __future__ import annotations

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences.identifiers.catalog import id_type
from audiences.identifiers.columns import canonical_column
from audiences.identifiers.digest import identifier_key_sql
from audiences.ingest.batch import (
    ITEM,
    Ingest,
    Kept,
    Result,
    column,
    country_sql,
    literal,
    time_sql,
)
from audiences.ingest.lifetimes import lifetime_sql
from audiences.lake.query import table

NATIVE = frozenset(
    {
        "id_type",
        "id",
        "seen_at",
        "source",
        "party",
        "traits",
        "country",
        "browser",
        "consent_string",
        "link_type",
        "link_value",
    }
)
REQUIRED = (("id_type", "id", "seen_at"), ())


def transform(con: Connection, ingest: Ingest, raw: pa.Table) -> Result:
    """Turn raw rows into sightings, and into links where something was seen with the device.

    A sighting whose life is already over is refused as `expired`, one from the future as
    `in_future`: a date that lies would lengthen a life.
    """
    con.register("raw", raw)
    _keyed(con, ingest, raw, "device", "id_type", "id", only_devices=True)
    _keyed(con, ingest, raw, "linked", "link_type", "link_value")
    con.execute(f"CREATE OR REPLACE TEMP TABLE timed AS {_timed_sql(ingest, raw)}")
    sightings = table(con, _sightings_sql(ingest, raw))
    kept = [Kept("sightings", sightings, "expires_on")]
    links = table(con, _links_sql(ingest))
    if links.num_rows:
        kept.append(Kept("links", links, "expires_on"))
    return Result(kept, sightings.num_rows, table(con, _rejects_sql(raw)))


def _keyed(
    con: Connection,
    ingest: Ingest,
    raw: pa.Table,
    made: str,
    kind: str,
    value: str,
    only_devices: bool = False,
) -> None:
    """Make a table (row, type, value, key, reason, raw) of a column of types and one of values."""
    parts = []
    types = con.execute(
        f"SELECT DISTINCT lower({column(raw, kind)}) FROM raw WHERE {column(raw, kind)} IS NOT NULL"
    ).fetchall()
    for number, (name,) in enumerate(types):
        known = id_type(name)
        if known is None or (only_devices and not known.device):
            continue
        found = table(
            con,
            f"SELECT row, {column(raw, value)} AS text, "
            f"coalesce({column(raw, 'country')}, {_country(ingest)}) AS country FROM raw "
            f"WHERE lower({column(raw, kind)}) = $name AND {column(raw, value)} IS NOT NULL",
            {"name": name},
        )
        texts = found["text"].combine_chunks()
        values, reasons = canonical_column(name, texts, found["country"].combine_chunks())
        con.register(
            f"{made}_{number}",
            pa.table({"row": found["row"], "raw": texts, "value": values, "reason": reasons}),
        )
        # The identity value of an e-mail or phone is the hash of its canonical form.
        identity = "sha256(value)" if name in {"email", "phone"} else "value"
        parts.append(
            f"SELECT row, {literal(name)} AS type, value, reason, raw, "
            f"CASE WHEN value IS NOT NULL THEN "
            f"{identifier_key_sql('secret', literal(known.identity), identity)} END AS key "
            f"FROM {made}_{number}"
        )
    empty = (
        "SELECT NULL::BIGINT AS row, NULL::VARCHAR AS type, NULL::VARCHAR AS value, "
        "NULL::VARCHAR AS reason, NULL::VARCHAR AS raw, NULL::UUID AS key WHERE $secret IS NULL"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {made} AS {' UNION ALL '.join([*parts, empty])}",
        {"secret": ingest.secret},
    )


def _country(ingest: Ingest) -> str:
    return "NULL" if ingest.default_country is None else literal(ingest.default_country)


def _timed_sql(ingest: Ingest, raw: pa.Table) -> str:
    party = column(raw, "party")
    number = (
        f"CASE WHEN {party} IS NULL THEN 1 "
        f"WHEN regexp_full_match({party}, '[123](\\.0+)?') THEN left({party}, 1)::TINYINT END"
    )
    browser = f"coalesce({column(raw, 'browser')}, '')"
    life = lifetime_sql(ingest, "device.type", "party", "browser")
    at = column(raw, "seen_at")
    return f"""
        WITH said AS (
            SELECT row, {time_sql(at)} AS seen_at, {at} IS NULL AS no_time, {number} AS party,
                {browser} AS browser FROM raw)
        SELECT row, seen_at, seen_at + to_days({life}) AS expires_at, party, CASE
            WHEN no_time THEN 'missing'
            WHEN seen_at IS NULL THEN 'bad_time'
            WHEN party IS NULL THEN 'bad_party'
            WHEN seen_at > {_now(ingest)} + INTERVAL 1 DAY THEN 'in_future'
            WHEN seen_at + to_days({life}) <= {_now(ingest)} THEN 'expired' END AS reason
        FROM said JOIN device USING (row) WHERE device.value IS NOT NULL"""


def _now(ingest: Ingest) -> str:
    return f"TIMESTAMPTZ '{ingest.as_of.isoformat()}'"


def _sightings_sql(ingest: Ingest, raw: pa.Table) -> str:
    return f"""
        SELECT device.key AS key, device.type AS id_type, device.value AS id,
            timed.seen_at AS seen_at,
            timed.expires_at AS expires_at, strftime(timed.expires_at, '%Y-%m-%d') AS expires_on,
            coalesce({column(raw, "source")}, {literal(ingest.source)}) AS source,
            timed.party AS party,
            list_filter(list_transform(string_split(coalesce({column(raw, "traits")}, ''), '|'),
                lambda {ITEM}: trim({ITEM})), lambda {ITEM}: {ITEM} <> '') AS traits,
            {country_sql(column(raw, "country"))} AS country, {column(raw, "browser")} AS browser,
            {column(raw, "consent_string")} AS consent_string, {literal(ingest.order)} AS ingest
        FROM raw JOIN device USING (row) JOIN timed USING (row) WHERE timed.reason IS NULL"""


def _links_sql(ingest: Ingest) -> str:
    # An IP address is shared by a household or an office: it is no evidence of one person.
    life = lifetime_sql(ingest, "linked.type", "1", "''")
    end = f"least(timed.expires_at, coalesce(seen_at + to_days({life}), timed.expires_at))"
    return f"""
        WITH ends AS (
            SELECT linked.key AS a, device.key AS b, linked.type AS a_type, device.type AS b_type,
                min(seen_at) AS seen_at, max({end}) AS expires_at,
                arg_max(seen_at, {end}) AS counts_from
            FROM linked JOIN device USING (row) JOIN timed USING (row)
            WHERE linked.key IS NOT NULL AND timed.reason IS NULL
                AND device.type <> 'ip' AND linked.type <> 'ip' AND linked.key <> device.key
            GROUP BY ALL)
        SELECT a, b, a_type, b_type, 'sighting' AS kind, {literal(ingest.source)} AS source,
            seen_at, expires_at, strftime(expires_at, '%Y-%m-%d') AS expires_on,
            {literal(ingest.order)} AS ingest, counts_from
        FROM ends WHERE expires_at > {_now(ingest)}"""


def _rejects_sql(raw: pa.Table) -> str:
    kind, value = column(raw, "id_type"), column(raw, "id")
    link, country = column(raw, "link_type"), column(raw, "country")
    return f"""
        SELECT row, 'row' AS scope, CASE WHEN {kind} IS NULL THEN 'id_type'
            WHEN {value} IS NULL THEN 'id' ELSE 'id_type' END AS field,
            CASE WHEN {kind} IS NULL OR {value} IS NULL THEN 'missing' ELSE 'unknown_type' END
                AS reason, {kind} AS raw
        FROM raw ANTI JOIN device USING (row)
        UNION ALL
        SELECT row, 'row', 'id', reason, raw FROM device WHERE value IS NULL
        UNION ALL
        SELECT row, 'row', CASE WHEN timed.reason = 'bad_party' THEN 'party' ELSE 'seen_at' END,
            timed.reason, CASE WHEN timed.reason = 'bad_time' THEN raw.seen_at END
        FROM timed JOIN raw USING (row) WHERE timed.reason IS NOT NULL
        UNION ALL
        SELECT row, 'field', 'link_value', linked.reason, linked.raw
        FROM linked JOIN timed USING (row) WHERE linked.value IS NULL AND timed.reason IS NULL
        UNION ALL
        SELECT row, 'field', 'link_type', 'unknown_type', {link} FROM raw
        ANTI JOIN linked USING (row) JOIN timed USING (row)
        WHERE {link} IS NOT NULL AND timed.reason IS NULL
        UNION ALL
        SELECT row, 'field', 'country', 'bad_country', {country} FROM raw
        JOIN timed USING (row) WHERE timed.reason IS NULL
        AND {country} IS NOT NULL AND {country_sql(country)} IS NULL"""
