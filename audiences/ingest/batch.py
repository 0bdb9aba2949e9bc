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


def quoted(name: str) -> str:
    """Quote a column's name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def column(raw: pa.Table, name: str) -> str:
    """Name a raw column in SQL, or a null where the file has no such column."""
    return quoted(name) if name in raw.column_names else "NULL::VARCHAR"


def attributes_sql(raw: pa.Table, native: frozenset[str]) -> str:
    """Write the map of all columns that are not native, by their full header, without nulls."""
    extra = [name for name in raw.column_names if name not in native and name != "row"]
    if not extra:
        return "MAP([]::VARCHAR[], []::VARCHAR[])"
    pairs = ", ".join(
        f"{{'key': {literal(_attribute(name))}, 'value': {quoted(name)}}}" for name in extra
    )
    return f"map_from_entries(list_filter([{pairs}], lambda e: e.value IS NOT NULL))"


def _attribute(name: str) -> str:
    return name.removeprefix("attributes.")


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
