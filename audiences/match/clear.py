"""Addresses and numbers in clear, of members who may be sent, for platforms that write to them.

The lake's match keys hold digests alone, so the values come from the profiles. Makes the
temporary table

    clear   type, digest, value: the text behind a match key
"""

from __future__ import annotations

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences.identifiers.columns import canonical_column
from audiences.identifiers.packs import Encoding, Pack
from audiences.lake import query
from audiences.platforms.base import Platform

CONTACTS = ("email", "phone")
_FOUND = pa.schema([("type", pa.string()), ("value", pa.string())])


def clear_types(platform: Platform, pack: Pack) -> tuple[str, ...]:
    """Return which contacts go in clear: none, unless the pack is declared clear and asks so."""
    if not pack.clear:
        return ()
    asked = {kind for key in platform.keys for kind in key.types}
    return tuple(
        kind
        for kind in CONTACTS
        if kind in asked and (rule := pack.rule(kind)) and rule.encoding is Encoding.RAW
    )


def values_sql(kind: str) -> str:
    """Take what the records of those who may be sent say, one value a row."""
    return (
        "SELECT DISTINCT trim(part) AS text, coalesce(country, $country) AS country FROM ("
        f"SELECT country, unnest(string_split({kind}, '|')) AS part FROM profiles_now "
        "SEMI JOIN (SELECT member FROM eligible WHERE reason IS NULL) AS sent "
        "ON sent.member = profiles_now.person) WHERE trim(part) <> ''"
    )


def make_clear(con: Connection, types: tuple[str, ...], country: str | None) -> None:
    """Make `clear` of what may be sent; a match key proves each value by its digest."""
    found = [_FOUND.empty_table()]
    for kind in types:
        for batch in query.batches(con, values_sql(kind), {"country": country}):
            values, _ = canonical_column(kind, batch["text"], batch["country"])
            values = values.drop_null()
            found.append(pa.table([pa.repeat(kind, len(values)), values], schema=_FOUND))
    con.register("clear_values", pa.concat_tables(found))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE clear AS "
        "SELECT DISTINCT type, unhex(sha256(value)) AS digest, value FROM clear_values"
    )
    con.unregister("clear_values")
