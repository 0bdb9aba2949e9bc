"""Profiles: one row per source record version, its identifiers linked to the strongest of them."""

from __future__ import annotations

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences.ingest.batch import (
    Ingest,
    Kept,
    Result,
    attributes_sql,
    came_sql,
    column,
    country_sql,
    flag_sql,
    literal,
    time_sql,
)
from audiences.ingest.identify import ANCHORS, identify, match_keys
from audiences.lake.query import table

IDENTIFIERS = ("external_id", "email", "phone", "email_sha256", "phone_sha256", "line_user_id")
_TEXTS = (
    "external_id",
    "email",
    "phone",
    "first_name",
    "last_name",
    "street",
    "city",
    "state",
    "zip",
    "birth_date",
    "gender",
    "language",
    "consent_string",
)
_FLAGS = ("consent_ads", "consent_personalization", "do_not_contact")
NATIVE = frozenset({*IDENTIFIERS, *_TEXTS, *_FLAGS, "country", "updated_at"})
REQUIRED = ((), IDENTIFIERS)  # all of the first, any of the second


def transform(con: Connection, ingest: Ingest, raw: pa.Table) -> Result:
    """Turn raw rows into profiles, match keys and links.

    A row is kept when it has one usable identifier; what else cannot be read in it is refused
    field by field.
    """
    identify(con, ingest, raw, [name for name in IDENTIFIERS if name in raw.column_names])
    con.execute(f"CREATE OR REPLACE TEMP TABLE anchor AS {ANCHORS}")
    profiles = table(con, _profiles_sql(ingest, raw))
    kept = [
        Kept("profiles", profiles),
        Kept("match_keys", match_keys(con, ingest.order)),
        Kept("links", table(con, _links_sql(ingest)), "expires_on"),
    ]
    return Result(kept, profiles.num_rows, table(con, _rejects_sql(raw)))


def _profiles_sql(ingest: Ingest, raw: pa.Table) -> str:
    texts = ", ".join(f"{column(raw, name)} AS {name}" for name in _TEXTS)
    flags = ", ".join(f"{flag_sql(column(raw, name))} AS {name}" for name in _FLAGS[:2])
    stop = column(raw, "do_not_contact")
    country = column(raw, "country")
    # A do-not-contact mark that cannot be read still stops: the safe side is silence.
    return f"""
        SELECT left(sha256({literal(ingest.source)} || '|' || anchor.key), 32)::UUID AS record,
            {literal(ingest.source)} AS source, anchor.key AS key, {texts}, {flags},
            coalesce({flag_sql(stop)}, {stop} IS NOT NULL) AS do_not_contact,
            {country_sql(country)} AS country,
            {time_sql(column(raw, "updated_at"))} AS updated_at,
            {attributes_sql(raw, NATIVE)} AS attributes,
            {came_sql(ingest)} AS ingest
        FROM raw JOIN anchor USING (row)"""


def _links_sql(ingest: Ingest) -> str:
    return f"""
        SELECT DISTINCT anchor.key AS a, ident.key AS b, anchor.type AS a_type,
            ident.type AS b_type, 'profile' AS kind, {literal(ingest.source)} AS source,
            NULL::TIMESTAMPTZ AS seen_at, NULL::TIMESTAMPTZ AS expires_at,
            'never' AS expires_on, {literal(ingest.order)} AS ingest,
            NULL::TIMESTAMPTZ AS counts_from
        FROM anchor JOIN ident USING (row) WHERE anchor.key <> ident.key"""


def _rejects_sql(raw: pa.Table) -> str:
    parts = [
        """SELECT row, CASE WHEN row IN (SELECT row FROM anchor) THEN 'field' ELSE 'row' END
            AS scope, field, reason, raw FROM refused""",
        """SELECT row, 'row' AS scope, '' AS field, 'no_identifier' AS reason, NULL AS raw
        FROM raw ANTI JOIN ident USING (row) ANTI JOIN refused USING (row)""",
    ]
    checks = {
        "country": ("bad_country", f"{country_sql('country')} IS NULL"),
        "updated_at": ("bad_time", f"{time_sql('updated_at')} IS NULL"),
        **{name: ("bad_flag", f"{flag_sql(name)} IS NULL") for name in _FLAGS},
    }
    parts += [
        f"SELECT row, 'field', {literal(name)}, {literal(reason)}, {name} FROM raw "
        f"SEMI JOIN anchor USING (row) WHERE {name} IS NOT NULL AND {wrong}"
        for name, (reason, wrong) in checks.items()
        if name in raw.column_names
    ]
    return " UNION ALL ".join(parts)
