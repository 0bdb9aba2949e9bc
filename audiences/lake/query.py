"""DuckDB over the lake: one connection a job, views filtered to what is alive at `as_of`."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences.lake.lake import RESTORE, Lake
from audiences.lake.layout import is_over
from audiences.lake.lifetimes import ends_sql
from shared.clock import day
from shared.errors import IntegrityError

BATCH = 128 * 1024
# What DuckDB says when Arrow cannot read on: the file, or else the name of the relation.
_SOURCE = re.compile(
    r"reading the stream registered as '\w+' failed: .*source '([^']+)'"
    r"|reading the stream registered as '(?:all_|the_)?(\w+)'"
)


@contextmanager
def connect(scratch: Path, memory: str = "2GB") -> Iterator[Connection]:
    """Open an in-memory DuckDB that spills to `scratch`, keeps UUIDs, and thinks in UTC."""
    with tempfile.TemporaryDirectory(prefix="duckdb-", dir=scratch) as spill:
        con = duckdb.connect(
            config={
                "memory_limit": memory,
                "temp_directory": spill,
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
                "arrow_lossless_conversion": True,
                "python_enable_replacements": False,  # a name in SQL is never a Python variable
            }
        )
        try:
            con.execute("SET TimeZone = 'UTC'")
            # It would be drawn on stdout, where a command's answer stands.
            con.execute("SET enable_progress_bar = false")
            yield con
        except duckdb.InvalidInputException as error:
            raise _damaged(error) from error
        finally:
            con.close()


def _damaged(error: Exception) -> Exception:
    place = _SOURCE.search(str(error))
    if place is None:
        return error
    return IntegrityError(f"{place[1] or place[2]} in the lake is damaged: {RESTORE}")


def table(con: Connection, sql: str, values: Mapping[str, Any] | None = None) -> pa.Table:
    """Run a query and return all its rows as one Arrow table."""
    return con.sql(sql, params=values).to_arrow_table()


def one(con: Connection, sql: str, values: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
    """Run a query and return its first row; an empty tuple when it has none."""
    # A result that is not read to its end would keep the connection busy.
    rows = con.sql(sql, params=values).fetchall()
    return rows[0] if rows else ()


def batches(
    con: Connection, sql: str, values: Mapping[str, Any] | None = None, size: int = BATCH
) -> Iterator[pa.RecordBatch]:
    """Run a query and yield its rows as Arrow batches, never all at once."""
    yield from con.sql(sql, params=values).to_arrow_reader(size)


def timestamp(at: datetime) -> str:
    """Write an instant as a SQL literal."""
    return f"TIMESTAMPTZ '{at.isoformat()}'"


def text(value: str) -> str:
    """Write a text as a SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def view_sightings(con: Connection, lake: Lake, as_of: datetime) -> None:
    """Make the view `live_sightings`: seen by then and not expired, swept or not."""
    today = day(as_of)
    con.register("all_sightings", lake.log("sightings", lambda value: not is_over(value, today, 0)))
    con.execute(
        "CREATE OR REPLACE TEMP VIEW live_sightings AS FROM ("
        f"SELECT * {_ended(lake, ['id_type'], 'seen_at')} FROM all_sightings "
        f"WHERE expires_at > {timestamp(as_of)} AND seen_at <= {timestamp(as_of)}) "
        f"WHERE expires_at > {timestamp(as_of)}"
    )


def _ended(lake: Lake, types: Sequence[str], since: str) -> str:
    """Write the replacement of `expires_at` by the lifetimes of the workspace; often nothing."""
    end = "expires_at"
    for kind in types:
        end = ends_sql(lake.lifetimes, kind, since, end)
    return f"REPLACE ({end} AS expires_at)" if lake.lifetimes else ""


def view_links(con: Connection, lake: Lake, as_of: datetime) -> None:
    """Make the view `live_links`: evidence known by then, both of whose ends are alive."""
    today = day(as_of)
    con.register("all_links", lake.log("links", lambda value: not is_over(value, today, 0)))
    alive = f"(expires_at IS NULL OR expires_at > {timestamp(as_of)})"
    since = "coalesce(counts_from, seen_at)"
    con.execute(
        "CREATE OR REPLACE TEMP VIEW live_links AS FROM ("
        f"SELECT * {_ended(lake, ['a_type', 'b_type'], since)} FROM all_links "
        f"WHERE {alive} AND (seen_at IS NULL OR seen_at <= {timestamp(as_of)})) WHERE {alive}"
    )


def view_profiles(con: Connection, lake: Lake, as_of: datetime) -> None:
    """Make the view `live_profiles`: of each record, the newest version known by then.

    A version that does not say when it was made counts as known from the start, and before any
    version that does.
    """
    con.register("all_profiles", lake.log("profiles"))
    con.execute(
        "CREATE OR REPLACE TEMP VIEW live_profiles AS SELECT * FROM all_profiles "
        f"WHERE updated_at IS NULL OR updated_at <= {timestamp(as_of)} "
        "QUALIFY row_number() OVER (PARTITION BY record "
        "ORDER BY updated_at DESC NULLS LAST, ingest DESC) = 1"
    )


def view_events(
    con: Connection, lake: Lake, as_of: datetime, kinds: Collection[str] | None = None
) -> None:
    """Make the view `live_events`: happened by then; of one that came twice, as it came last.

    With `kinds`, only events of these names.
    """
    month = f"{day(as_of):%Y-%m}"
    con.register("all_events", lake.log("events", lambda value: value <= month))
    of_kind, once_of_kind = "", ""
    if kinds is not None:
        # An event may have come under another name before or since: the last one counts.
        named = f"name IN ({', '.join(text(kind) for kind in sorted(kinds))})"
        of_kind = f" WHERE {named}"
        once_of_kind = f" SEMI JOIN (SELECT event FROM all_events{of_kind}) USING (event)"
    con.execute(
        "CREATE OR REPLACE TEMP VIEW live_events AS SELECT * FROM ("
        f'SELECT * FROM all_events{once_of_kind} WHERE "at" <= {timestamp(as_of)} '
        f"QUALIFY row_number() OVER (PARTITION BY event ORDER BY ingest DESC) = 1){of_kind}"
    )
