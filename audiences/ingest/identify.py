"""Finds the identifiers of a batch: canonical values, keys, match keys and who links to whom."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection as Connection

from audiences.identifiers.catalog import STRONG, id_type
from audiences.identifiers.columns import canonical_column, form_column
from audiences.identifiers.digest import identifier_key_sql
from audiences.ingest.batch import Ingest, column, literal
from audiences.lake.query import table

# The order in which an identifier of a row may stand for the whole row.
_LASTING = (*STRONG, "email_sha256", "phone_sha256", "line_user_id")
_RANK = {name: rank for rank, name in enumerate(_LASTING)}

_FOUND = pa.schema(
    [
        ("row", pa.int64()),
        ("type", pa.string()),
        ("rank", pa.int32()),
        ("pos", pa.int64()),
        ("raw", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("identity", pa.string()),
    ]
)


def identifier_columns(raw: pa.Table) -> list[str]:
    """Return the columns of a batch that hold identifiers, strongest first."""
    found = [name for name in raw.column_names if id_type(name) is not None]
    return sorted(found, key=lambda name: (_RANK.get(name, 9), name))


def identify(con: Connection, ingest: Ingest, raw: pa.Table, types: Sequence[str]) -> None:
    """Make the tables `ident` (row, type, rank, pos, value, key) and `refused` of a batch.

    `refused` has (row, field, reason, raw): each identifier that could not be used.
    """
    con.register("raw", raw)
    parts = [_canonical(con, ingest, raw, name) for name in types] or [_FOUND.empty_table()]
    for number, part in enumerate(parts):
        con.register(f"part_{number}", part)
    every = " UNION ALL ".join(f"FROM part_{n}" for n in range(len(parts)))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE ident AS SELECT *, "
        + identifier_key_sql("secret", "identity", "identity_value")
        + f" AS key FROM (SELECT row, type, rank, pos, value, identity, {_IDENTITY_VALUE} "
        f"AS identity_value FROM ({every}) WHERE value IS NOT NULL)",
        {"secret": ingest.secret},
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE refused AS "
        f"SELECT row, type AS field, reason, raw FROM ({every}) WHERE value IS NULL"
    )


_IDENTITY_VALUE = "CASE WHEN type IN ('email', 'phone') THEN sha256(value) ELSE value END"


def _canonical(con: Connection, ingest: Ingest, raw: pa.Table, name: str) -> pa.Table:
    rows, texts, countries = _values(con, ingest, raw, name)
    values, reasons = canonical_column(name, texts, countries)
    kind = id_type(name)
    if kind is None:
        raise KeyError(name)
    count = len(rows)
    return pa.table(
        [
            rows,
            pa.repeat(pa.scalar(name, pa.string()), count),
            pa.repeat(pa.scalar(_RANK.get(name, 9), pa.int32()), count),
            pa.arange(0, count),
            texts,
            values,
            reasons,
            pa.repeat(pa.scalar(kind.identity, pa.string()), count),
        ],
        schema=_FOUND,
    )


def _values(
    con: Connection, ingest: Ingest, raw: pa.Table, name: str
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Return (row, text, country) of every value of a column; a cell may hold a|b|c."""
    fallback = "NULL" if ingest.default_country is None else literal(ingest.default_country)
    # The order within a cell decides which of its values may stand for the row.
    found = table(
        con,
        "SELECT row, trim(part) AS text, country FROM ("
        "SELECT row, country, unnest(parts) AS part, generate_subscripts(parts, 1) AS nth FROM ("
        f"SELECT row, coalesce({column(raw, 'country')}, {fallback}) AS country, "
        f"string_split({column(raw, name)}, '|') AS parts FROM raw)) "
        "WHERE trim(part) <> '' ORDER BY row, nth",
    )
    return tuple(found[c].combine_chunks() for c in ("row", "text", "country"))


def match_keys(con: Connection, order: str) -> pa.Table:
    """Return the match keys of the identifiers in `ident` that are new in this ingest."""
    con.execute("CREATE TEMP TABLE IF NOT EXISTS keyed (key UUID, type VARCHAR)")
    fresh = table(
        con,
        "SELECT key, type, any_value(value) AS value FROM ident ANTI JOIN keyed USING (key, type) "
        f"WHERE type IN ({', '.join(literal(t) for t in _RANK)}) GROUP BY key, type",
    )
    con.register("fresh", fresh)
    con.execute("INSERT INTO keyed SELECT key, type FROM fresh")
    out = pa.concat_tables([_forms(con, fresh, name) for name in _RANK])
    return out.append_column("ingest", pa.repeat(order, out.num_rows))


def _forms(con: Connection, fresh: pa.Table, name: str) -> pa.Table:
    """Spell the fresh identifiers of one type in all its forms, those of one side by side.

    Most forms of most values are the same text: side by side, they cost next to nothing on disk.
    """
    kind = id_type(name)
    of_type = fresh.filter(pc.equal(fresh["type"], name))
    values = of_type["value"].combine_chunks()
    forms = kind.forms if kind else ()
    texts = {f"form_{n}": form_column(name, form, values) for n, form in enumerate(forms)}
    con.register("formed", pa.table({"key": of_type["key"], **texts}))
    # An identifier that came hashed is its own digest.
    digest = "unhex(text)" if name.endswith("_sha256") else "unhex(sha256(text))"
    value = "text" if kind and kind.leaves == "raw" else "NULL::VARCHAR"
    return table(
        con,
        f"SELECT key, {literal(name)} AS type, form, {digest} AS digest, {value} AS value "
        f"FROM (SELECT key, unnest([{', '.join(map(literal, forms))}]) AS form, "
        f"unnest([{', '.join(texts)}]) AS text FROM formed) WHERE text IS NOT NULL",
    )


ANCHORS = (
    "SELECT row, type, key FROM ident "
    "QUALIFY row_number() OVER (PARTITION BY row ORDER BY rank, pos) = 1"
)  # the strongest identifier of each row stands for it
