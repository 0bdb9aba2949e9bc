"""Fields that were refused when their record came in: by what ingest noted, else judged again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection as Connection

from audiences.identifiers.columns import canonical_column
from audiences.lake import query

FIELDS = ("external_id", "email", "phone")  # those that a profile keeps as they came
_NOTED = (*FIELDS, "email_sha256", "phone_sha256", "country")
_JUDGED = pa.schema([("record", pa.string()), ("field", pa.string()), ("reason", pa.string())])


def records_sql(of: str) -> str:
    """Take the newest version of each record of a member; of devices nobody has any."""
    none = " WHERE false" if of == "devices" else ""
    place = "regexp_extract(live.ingest, '([0-9a-f]{12})-([0-9]{10})$', ['came', 'row'])"
    return f"""
        SELECT live.* EXCLUDE (key, ingest, record), live.record::VARCHAR AS record,
            members_now.member, {place}.came AS came, try_cast({place}.row AS BIGINT) AS row
        FROM live_profiles AS live JOIN people_now USING (key)
        JOIN members_now ON members_now.member = people_now.person{none}"""


def make_refused(
    con: Connection,
    of: str,
    country: str | None,
    takes: Sequence[str],
    spoken: Mapping[str, str] | None = None,
) -> None:
    """Make `records` and `refused_fields` (record, member, field, reason), each refusal once.

    Only fields of types that the platform `takes` count, attributes that are `spoken` to it (type
    to column), and the country where it takes phones.
    What ingest noted is kept for 30 days; of an older record the field is judged again, as it
    stands in the profile. Needs the views of the lake, `members_now` and `all_rejects`.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE records AS {records_sql(of)}")
    wanted = {*takes, *(("country",) if "phone" in takes else ())}
    names = ", ".join(f"'{name}'" for name in _NOTED if name in wanted) or "''"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE noted AS SELECT DISTINCT records.record, records.member, "
        "noted.field, noted.reason FROM records JOIN all_rejects AS noted "
        "ON left(noted.ingest, 12) = records.came AND noted.row = records.row "
        f"WHERE noted.\"table\" = 'profiles' AND noted.scope = 'field' AND noted.field IN ({names})"
    )
    judged = [_judged(con, field, country) for field in FIELDS if field in wanted]
    columns = set((spoken or {}).values()) - {"country"}
    judged += [_judged_once(con, column) for column in sorted(columns)]
    con.register("judged_fields", pa.concat_tables([_JUDGED.empty_table(), *judged]))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE refused_fields AS FROM noted UNION ALL "
        "SELECT DISTINCT again.record, records.member, again.field, again.reason "
        "FROM judged_fields AS again JOIN records USING (record) "
        "ANTI JOIN noted USING (record, field)"
    )


def _judged(con: Connection, field: str, country: str | None) -> pa.Table:
    found: list[pa.Table] = []
    sql = (
        f"SELECT record, trim(part) AS text, coalesce(country, $country) AS country FROM "
        f"(SELECT record, country, unnest(string_split({field}, '|')) AS part FROM records) "
        "WHERE trim(part) <> ''"
    )
    for batch in query.batches(con, sql, {"country": country}):
        values, reasons = canonical_column(field, batch["text"], batch["country"])
        bad = pc.is_null(values)
        record = batch["record"].filter(bad)
        columns = [record, pa.repeat(field, len(record)), reasons.filter(bad)]
        found.append(pa.table(columns, schema=_JUDGED))
    return pa.concat_tables([_JUDGED.empty_table(), *found])


def _judged_once(con: Connection, column: str) -> pa.Table:
    """Judge a column of attributes: each text once, as names and places come again and again."""
    texts = query.table(
        con,
        f"SELECT DISTINCT {column} AS text, country FROM records WHERE trim({column}) <> ''",
    )
    values, reasons = canonical_column(column, texts["text"], texts["country"])
    con.register("judged_texts", texts.append_column("reason", reasons).filter(pc.is_null(values)))
    found = query.table(
        con,
        f"SELECT record, '{column}' AS field, reason FROM records JOIN judged_texts "
        f"ON text = {column} AND judged_texts.country IS NOT DISTINCT FROM records.country",
    )
    con.unregister("judged_texts")
    return found.cast(_JUDGED)


def counted(con: Connection) -> list[tuple[str, str, int, int]]:
    """Return (field, reason, members, members that are matched all the same), most first."""
    found: list[tuple[str, str, int, int]] = con.execute(
        "SELECT field, refused.reason, count(DISTINCT member), "
        "count(DISTINCT member) FILTER (WHERE outcome = 'matched') "
        "FROM refused_fields AS refused JOIN losses USING (member) "
        "GROUP BY ALL ORDER BY 3 DESC, 1, 2"
    ).fetchall()
    return found
