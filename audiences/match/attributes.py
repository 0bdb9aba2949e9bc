"""What records say of people beside their identifiers, as the platform matches on it.

Names, places and births are spelled when a plan is made, from the profiles: the lake keeps them
once. They never say who somebody is, so resolving does not know them. Of a person with several
records one speaks: the newest that says anything, so that no name goes with another's address.
Each temporary table that is made:

    chosen       member, and the columns of the record that speaks for them
    attributes   member, text (wire names and values), digest: what refines the member's rows
    joined       member, place, wire, value: keys that are made of several attributes
"""

from __future__ import annotations

import pyarrow.compute as pc
from duckdb import DuckDBPyConnection as Connection

from audiences.identifiers.catalog import ATTRIBUTES
from audiences.identifiers.columns import canonical_column
from audiences.identifiers.packs import Pack
from audiences.identifiers.sent_columns import sent_column
from audiences.lake.query import table
from audiences.platforms.base import Key, Platform
from audiences.platforms.bodies import PART

FIELD, ROW = "chr(31)", "chr(30)"  # no canonical value may hold a control character
_BIRTH = {"birth_year": (0, 4), "birth_month": (5, 7), "birth_day": (8, 10)}  # of YYYY-MM-DD
_NAMED = ("first_name", "last_name", "street", "city", "state", "zip", "country", "gender")
# The column of a profile that each type is read from.
COLUMNS = {name: name for name in _NAMED} | dict.fromkeys(_BIRTH, "birth_date")


def spoken_types(platform: Platform, pack: Pack) -> dict[str, str]:
    """Return the attribute types that a platform takes by its pack, each with its column."""
    keys = [*platform.attributes, *(key for key in platform.keys if key.joined)]
    taken = (kind for key in keys for kind in key.types)
    return {kind: COLUMNS[kind] for kind in taken if kind in COLUMNS and pack.rule(kind)}


def spoken_columns(platform: Platform, pack: Pack) -> tuple[str, ...]:
    """Return the columns of profiles that are read for them."""
    types = spoken_types(platform, pack)
    return (*types.values(), "country", "updated_at", "ingest") if types else ()


def chosen_sql(platform: Platform, types: dict[str, str]) -> str:
    """Take of each member who may be sent the one record that speaks for them.

    What refines needs something said, and more than a country where there is more. A joined key
    needs all its parts.
    """
    columns = tuple(dict.fromkeys(types.values()))
    every = tuple(dict.fromkeys((*columns, "country")))  # places are spelled by their country
    said = ", ".join(f"nullif(trim({name}), '') AS {name}" for name in every)
    more = " OR ".join(f"{name} IS NOT NULL" for name in columns if name != "country")
    join = " OR " if platform.attributes else " AND "
    enough = join.join(f"{name} IS NOT NULL" for name in columns)
    return f"""
        WITH said AS (
            SELECT person AS member, {said}, updated_at, ingest, record FROM profiles_now
            SEMI JOIN (SELECT member FROM eligible WHERE reason IS NULL) AS sent
                ON sent.member = profiles_now.person)
        SELECT member, {", ".join(every)} FROM said WHERE {enough}
        QUALIFY row_number() OVER (PARTITION BY member ORDER BY ({more or "true"}) DESC,
            updated_at DESC NULLS LAST, ingest DESC, record) = 1"""


def _is_placed(kind: str) -> bool:
    """Say whether a type is spelled by the country that it stands in."""
    return ATTRIBUTES[kind].kind == "place" and kind != "country"


def _spell(con: Connection, pack: Pack, kind: str, column: str) -> None:
    """Register `spelled_<type>`: what each text is sent as; names and places come often."""
    land = "country" if _is_placed(kind) else "NULL::VARCHAR"
    said = table(
        con,
        f"SELECT DISTINCT {column} AS text, {land} AS country FROM chosen "
        f"WHERE {column} IS NOT NULL",
    )
    texts, lands = (said[name].combine_chunks() for name in ("text", "country"))
    values = texts
    if kind in _BIRTH:
        dates, _ = canonical_column("birth_date", texts)
        values = pc.utf8_slice_codeunits(dates, *_BIRTH[kind])
    sent = sent_column(pack, kind, values, lands).sent
    con.register(f"spelled_{kind}", said.append_column("sent", sent).filter(pc.is_valid(sent)))


def _joins_sql(types: dict[str, str], how: str) -> str:
    """Join `chosen` with what its texts are sent as."""
    return "chosen " + " ".join(
        f"{how} JOIN spelled_{kind} ON spelled_{kind}.text = chosen.{column}"
        + (f" AND spelled_{kind}.country IS NOT DISTINCT FROM chosen.country" * _is_placed(kind))
        for kind, column in types.items()
    )


def attributes_sql(keys: tuple[Key, ...], types: dict[str, str]) -> str:
    """Write the attributes of each member in the platform's order, and their digest."""
    taken = [(key.wire, kind) for key in keys for kind in key.types if kind in types]
    own = {kind: types[kind] for _, kind in taken}
    pairs = ", ".join(f"'{wire}' || {FIELD} || spelled_{kind}.sent" for wire, kind in taken)
    if not pairs:
        return "SELECT NULL::UUID AS member, NULL::VARCHAR AS text, NULL::UUID AS digest LIMIT 0"
    return f"""
        SELECT member, text, left(sha256(text), 32)::UUID AS digest
        FROM (SELECT member, concat_ws({ROW}, {pairs}) AS text FROM {_joins_sql(own, "LEFT")})
        WHERE text <> ''"""


def joined_sql(keys: tuple[Key, ...], types: dict[str, str]) -> str:
    """Write the joined keys of each member; one that lacks a part is none."""
    parts = [
        f"SELECT member, {place} AS place, '{key.wire}' AS wire, "
        + f" || chr({ord(PART)}) || ".join(f"spelled_{kind}.sent" for kind in key.types)
        + f" AS value FROM {_joins_sql({kind: types[kind] for kind in key.types}, '')}"
        for place, key in enumerate(keys)
        if key.joined and set(key.types) <= types.keys()
    ]
    none = "SELECT NULL::UUID AS member, 0 AS place, '' AS wire, '' AS value LIMIT 0"
    return " UNION ALL ".join(parts) or none


def make_attributes(con: Connection, platform: Platform, pack: Pack, of: str) -> None:
    """Make `attributes` and `joined` of `eligible` and `profiles_now`; devices have none."""
    types = spoken_types(platform, pack) if of == "people" else {}
    if types:
        con.execute(f"CREATE OR REPLACE TEMP TABLE chosen AS {chosen_sql(platform, types)}")
    for kind, column in types.items():
        _spell(con, pack, kind, column)
    attributes = attributes_sql(platform.attributes, types)
    con.execute(f"CREATE OR REPLACE TEMP TABLE attributes AS {attributes}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE joined AS {joined_sql(platform.keys, types)}")
    for kind in types:
        con.unregister(f"spelled_{kind}")
    con.execute("DROP TABLE IF EXISTS chosen")
