"""Events: orders, views, e-mail opens and the rest, each under its strongest identifier."""

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
    literal,
    quoted,
    time_sql,
)
from audiences.ingest.identify import ANCHORS, identifier_columns, identify, match_keys
from audiences.ingest.lifetimes import lifetime_sql
from audiences.lake.query import table

_TEXTS = ("currency", "product_id", "category", "channel")
_NUMBERS = ("value", "quantity")
NATIVE = frozenset({"event_id", "name", "at", "country", *_TEXTS, *_NUMBERS})
REQUIRED = (("name", "at"), ("external_id", "email", "phone", "cookie", "maid"))
_NUMBER = "DECIMAL(18,4)"


def transform(con: Connection, ingest: Ingest, raw: pa.Table) -> Result:
    """Turn raw rows into events, match keys and links between the identifiers of one row."""
    types = identifier_columns(raw)
    identify(con, ingest, raw, types)
    con.execute(f"CREATE OR REPLACE TEMP TABLE faulty AS {_faults_sql(raw)}")
    con.execute("DELETE FROM ident WHERE row IN (SELECT row FROM faulty)")
    con.execute(f"CREATE OR REPLACE TEMP TABLE anchor AS {ANCHORS}")
    native = NATIVE | frozenset(types)
    events = table(con, _events_sql(ingest, raw, native))
    kept = [
        Kept("events", events, "month"),
        Kept("match_keys", match_keys(con, ingest.order)),
    ]
    if len(types) > 1:
        kept.append(Kept("links", table(con, _links_sql(ingest, raw)), "expires_on"))
    return Result(kept, events.num_rows, table(con, _REJECTS))


def _faults_sql(raw: pa.Table) -> str:
    at = column(raw, "at")
    parts = [
        f"""SELECT row, 'name' AS field, 'missing' AS reason, NULL AS raw FROM raw
            WHERE {column(raw, "name")} IS NULL""",
        f"""SELECT row, 'at', CASE WHEN {at} IS NULL THEN 'missing' ELSE 'bad_time' END, {at}
            FROM raw WHERE {time_sql(at)} IS NULL""",
    ]
    parts += [
        f"SELECT row, {literal(name)}, 'bad_number', {quoted(name)} FROM raw "
        f"WHERE {quoted(name)} IS NOT NULL AND try_cast({quoted(name)} AS {_NUMBER}) IS NULL"
        for name in _NUMBERS
        if name in raw.column_names
    ]
    return " UNION ALL ".join(parts)


def _events_sql(ingest: Ingest, raw: pa.Table, native: frozenset[str]) -> str:
    texts = ", ".join(f"{column(raw, name)} AS {name}" for name in _TEXTS)
    numbers = ", ".join(f"try_cast({column(raw, n)} AS {_NUMBER}) AS {n}" for n in _NUMBERS)
    at = time_sql(column(raw, "at"))
    # Without an id of its own, an event is the row that it stood in.
    row = f"'row|' || {literal(ingest.order)} || '|' || row"
    own = f"coalesce('id|' || {column(raw, 'event_id')}, {row})"
    return f"""
        SELECT left(sha256({literal(ingest.source)} || '|' || {own}), 32)::UUID AS event,
            {column(raw, "name")} AS name, {at} AS at, strftime({at}, '%Y-%m') AS month,
            anchor.key AS key, {texts}, {numbers}, {attributes_sql(raw, native)} AS attributes,
            {literal(ingest.source)} AS source, {came_sql(ingest)} AS ingest
        FROM raw JOIN anchor USING (row)"""


def _links_sql(ingest: Ingest, raw: pa.Table) -> str:
    life = lifetime_sql(ingest, "weak.type", "1", "''")
    now = f"TIMESTAMPTZ '{ingest.as_of.isoformat()}'"
    # An event that says it is of the future must not lengthen a life.
    return f"""
        WITH pairs AS (
            SELECT anchor.key AS a, weak.key AS b, anchor.type AS a_type, weak.type AS b_type,
                {time_sql(column(raw, "at"))} AS seen_at, {life} AS days
            FROM anchor JOIN ident AS weak USING (row) JOIN raw USING (row)
            WHERE anchor.key <> weak.key AND weak.type <> 'ip' AND anchor.type <> 'ip'),
        ends AS (
            SELECT a, b, a_type, b_type, min(seen_at) AS seen_at,
                max(least(seen_at, {now}) + to_days(days)) AS expires_at,
                arg_max(least(seen_at, {now}), seen_at) FILTER (WHERE days > 0) AS counts_from
            FROM pairs GROUP BY ALL)
        SELECT a, b, a_type, b_type, 'event' AS kind, {literal(ingest.source)} AS source, seen_at,
            expires_at, coalesce(strftime(expires_at, '%Y-%m-%d'), 'never') AS expires_on,
            {literal(ingest.order)} AS ingest, counts_from
        FROM ends WHERE expires_at IS NULL OR expires_at > {now}"""


_REJECTS = """
    SELECT row, 'row' AS scope, field, reason, raw FROM faulty
    UNION ALL
    SELECT row, CASE WHEN row IN (SELECT row FROM anchor) THEN 'field' ELSE 'row' END,
        field, reason, raw FROM refused
    UNION ALL
    SELECT row, 'row', '', 'no_identifier', NULL FROM raw
        ANTI JOIN ident USING (row) ANTI JOIN refused USING (row) ANTI JOIN faulty USING (row)"""
