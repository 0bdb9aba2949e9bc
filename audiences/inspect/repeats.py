"""Values that come again, and hashes of hashes: what only the whole file can tell.

Each cell leaves 16 bytes and its line; DuckDB spills them to disk, and they are compared slice by
slice, so that memory stays flat however long the list is.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection as Connection

from audiences.inspect.tally import LINES, Count

_SLICE_ROWS = 2_000_000
_AGAIN = (
    "CASE length(digest) WHEN 64 THEN left(sha256(digest), 32)::UUID "
    "WHEN 40 THEN left(sha1(digest), 32)::UUID WHEN 32 THEN md5(digest)::UUID END"
)


def prepare(con: Connection) -> None:
    """Make the tables that cells leave their keys in."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE seen (place SMALLINT, key UUID, line BIGINT, told BOOLEAN)"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE hashed_again (key UUID)")


def remember(con: Connection, made: str, place: int, *, digests: bool) -> None:
    """Keep the keys of a column's cells; of digests also what each would be if hashed again."""
    con.execute(
        f"INSERT INTO seen SELECT {place:d}, key, line, reading IS NOT DISTINCT FROM 'double_hash' "
        f"FROM {made} WHERE key IS NOT NULL"
    )
    if digests:
        con.execute(
            f"INSERT INTO hashed_again SELECT {_AGAIN} FROM {made} WHERE digest IS NOT NULL"
        )


def repeated(con: Connection, place: int) -> Count:
    """Count the cells of a column whose value stands on an earlier line too."""
    return _slice_by_slice(
        con,
        "WITH part AS (SELECT key, line FROM seen WHERE place = $place AND {slice}), "
        "twice AS (SELECT key, min(line) AS first FROM part GROUP BY key HAVING count(*) > 1) "
        f"SELECT count(*), min(line, {LINES}) FROM part JOIN twice USING (key) WHERE line > first",
        place,
    )


def hashed_twice(con: Connection, place: int) -> Count:
    """Count the cells of a column that are the hash of a digest that stands in the list as well.

    Those whose raw value beside them has told so already are left out.
    """
    return _slice_by_slice(
        con,
        "WITH part AS (SELECT key, line FROM seen WHERE place = $place AND NOT told AND {slice}) "
        f"SELECT count(*), min(line, {LINES}) FROM part "
        "SEMI JOIN (SELECT key FROM hashed_again WHERE {slice}) AS again USING (key)",
        place,
    )


def _slice_by_slice(con: Connection, sql: str, place: int) -> Count:
    (rows,) = con.execute("SELECT count(*) FROM seen WHERE place = $p", {"p": place}).fetchall()[0]
    slices = rows // _SLICE_ROWS + 1
    total = Count()
    for number in range(slices):
        part = sql.format(slice=f"hash(key) % {slices} = {number}")
        count, lines = con.execute(part, {"place": place}).fetchall()[0]
        total += Count(count, tuple(lines or ()))
    return total
