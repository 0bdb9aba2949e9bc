"""What every kind of input shares: the settings of one ingest, its results, values and times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """What one ingest of one file goes by."""

    source: str
    secret: str
    as_of: datetime
    order: str  # sorts versions of a record that say no time: when this file came
    default_country: str | None = None
    lifetimes: Mapping[str, int] = field(default_factory=dict)  # shorter than the catalog's


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows for one log, and the expression that gives each row's partition."""

    table: str
    rows: pa.Table
    partition: str | None = None  # a column of `rows`, or None: all go to the source's partition


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a batch: rows for the lake, and a table of rejects."""

    kept: list[Kept]
    rows_kept: int
    rejects: pa.Table  # row, scope, field, reason, raw


# A lambda's parameter; a column of its name would hide it, but no column's name ends with a space.
ITEM = '"item "'


def quoted(name: str) -> str:
    """Quote a column's name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def column(raw: pa.Table, name: str) -> str:
    """Name a column of the relation `raw` in SQL, or a null where the file has no such column."""
    # A file may call its columns as we call those that raw rows are joined with.
    return f"raw.{quoted(name)}" if name in raw.column_names else "NULL::VARCHAR"


def attributes_sql(raw: pa.Table, native: frozenset[str]) -> str:
    """Write the map of all columns that are not native, by their full header, without nulls.

    `attributes.x` is kept as `x`; where a file has both, the one that says so is taken.
    """
    extra = [name for name in raw.column_names if name not in native and name != "row"]
    if not extra:
        return "MAP([]::VARCHAR[], []::VARCHAR[])"
    named = {name.removeprefix("attributes."): name for name in sorted(extra, key=_said)}
    pairs = ", ".join(
        f"{{'key': {literal(key)}, 'value': {column(raw, name)}}}" for key, name in named.items()
    )
    return f"map_from_entries(list_filter([{pairs}], lambda {ITEM}: {ITEM}.value IS NOT NULL))"


def _said(name: str) -> bool:
    return name.startswith("attributes.")


def came_sql(ingest: Ingest) -> str:
    """Write when a row came: sorts by file, then by its place in the file."""
    return f"{literal(ingest.order)} || '-' || lpad(row::VARCHAR, 10, '0')"


FLAG = """CASE lower({0})
  WHEN 'true' THEN true WHEN '1' THEN true WHEN 'yes' THEN true WHEN 'y' THEN true
  WHEN 't' THEN true WHEN 'granted' THEN true
  WHEN 'false' THEN false WHEN '0' THEN false WHEN 'no' THEN false WHEN 'n' THEN false
  WHEN 'f' THEN false WHEN 'denied' THEN false END"""


def flag_sql(name: str) -> str:
    """Read a yes-or-no column; anything else is null."""
    return FLAG.format(name)


def time_sql(name: str) -> str:
    """Read an ISO 8601 instant or date; without a zone it is UTC; anything else is null."""
    # A bare year or number is no time, though DuckDB would take some of them.
    return (
        f"CASE WHEN regexp_matches({name}, '^\\d{{4}}-\\d{{2}}-\\d{{2}}') "
        f"THEN try_cast({name} AS TIMESTAMPTZ) END"
    )


def country_sql(name: str) -> str:
    """Read a two-letter country code; anything else is null."""
    return f"CASE WHEN regexp_matches({name}, '^[A-Za-z]{{2}}$') THEN upper({name}) END"
