"""Literals and casts as SQL nodes: the only door through which a rule's values enter a query."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sqlglot import exp

from shared.errors import ConfigurationError

SQL = exp.Expr
MONEY = "DECIMAL(18, 4)"
LIST_SEPARATOR = "|"


def is_storable(value: str) -> bool:
    """Tell whether a text can stand in a query: no NUL, nothing that is not Unicode."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)


def text_sql(value: str) -> SQL:
    """Return a text as a literal node.

    Raises:
        ConfigurationError: when the text holds NUL or half a surrogate pair.

    """
    if not is_storable(value):
        raise ConfigurationError("a text in the rule holds NUL or is not Unicode")
    return exp.Literal.string(value)


def number_sql(value: Decimal) -> SQL:
    """Return a number as an exact decimal literal with four places."""
    return exp.cast(exp.Literal.string(f"{value:f}"), MONEY)


def count_sql(value: Decimal) -> SQL:
    """Return a whole number as a literal."""
    return exp.Literal.number(int(value))


def moment_sql(value: datetime) -> SQL:
    """Return a point in time as a typed literal in UTC, whatever the session's time zone."""
    clock = value.astimezone(UTC).strftime("%H:%M:%S.%f+00:00")
    return exp.cast(
        exp.Literal.string(f"{value.astimezone(UTC).date().isoformat()} {clock}"), "TIMESTAMPTZ"
    )


def start_of(value: date | datetime) -> datetime:
    """Return where a date begins in UTC; a point in time is itself, UTC where it names no zone."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.combine(value, time(), UTC)


def end_of(value: date | datetime) -> datetime:
    """Return the first moment after a date; a point in time is itself."""
    start = start_of(value)
    return start if isinstance(value, datetime) else start + timedelta(days=1)


def column_sql(name: str, of: str | None = None) -> SQL:
    """Return a column, quoted, so that no name is mistaken for a keyword."""
    return exp.column(name, table=of, quoted=True)


def attribute_sql(name: str) -> SQL:
    """Return the value of one attribute, null where it is not there."""
    return exp.Bracket(this=column_sql("attributes"), expressions=[text_sql(name)])


def items_sql(column: SQL) -> SQL:
    """Return the items of a list in one cell."""
    return exp.Split(this=column, expression=exp.Literal.string(LIST_SEPARATOR))


def cast_or_null_sql(column: SQL, to: str) -> SQL:
    """Return a text read as another type, null where it is none."""
    return exp.TryCast(this=column.copy(), to=exp.DataType.build(to), safe=True)


def text_as_moment_sql(column: SQL) -> SQL:
    """Return a text read as a point in time: an offset counts, no offset means UTC."""
    readings = [
        exp.Concat(expressions=[column.copy(), exp.Literal.string(suffix)], safe=False)
        for suffix in ("+00:00", " 00:00:00+00:00")
    ]
    casts = [cast_or_null_sql(reading, "TIMESTAMPTZ") for reading in (*readings, column)]
    return exp.Coalesce(this=casts[0], expressions=casts[1:])


def any_of_sql(column: SQL, literals: Iterable[SQL]) -> SQL:
    """Return whether a column is one of some literals."""
    wanted = list(literals)
    if len(wanted) == 1:
        return exp.EQ(this=column.copy(), expression=wanted[0])
    return exp.In(this=column.copy(), expressions=wanted)


def overlaps_sql(array: SQL, values: Iterable[str]) -> SQL:
    """Return whether an array holds at least one of some texts."""
    wanted = [text_sql(value) for value in values]
    if len(wanted) == 1:
        return exp.ArrayContains(this=array, expression=wanted[0])
    return exp.ArrayOverlaps(this=array, expression=exp.Array(expressions=wanted))
