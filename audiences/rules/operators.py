"""The rule words: each row says what the word takes, its SQL, and its plain English."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlglot import exp

from audiences.rules import literals
from audiences.rules.fields import Kind
from audiences.rules.literals import SQL
from audiences.rules.tree import Scalar

Values = tuple[Scalar, ...]
Moment = int | date | datetime


@dataclass(frozen=True, slots=True)
class Column:
    """One value of a field in SQL, and whether case is folded when it is compared."""

    sql: SQL
    kind: Kind = Kind.TEXT
    folded: bool = False

    def text(self) -> SQL:
        """Return the value as it is compared with texts."""
        return exp.Upper(this=self.sql.copy()) if self.folded else self.sql.copy()

    def literal(self, value: Scalar) -> SQL:
        """Return a text or date of the rule as it is compared with the value."""
        text = literals.text_sql(value.isoformat() if isinstance(value, date) else str(value))
        return exp.Upper(this=text) if self.folded else text

    def number(self) -> SQL:
        """Return the value as a number, null where it is none."""
        return literals.cast_or_null_sql(self.sql, "DECIMAL(38, 10)")

    def moment(self) -> SQL:
        """Return the value as a point in time, null where it is none."""
        if self.kind is Kind.MOMENT:
            return self.sql.copy()
        return literals.text_as_moment_sql(self.sql)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A word of a profile leaf; with `none`, no record may match and one must know the field."""

    takes: str  # value | values | number | moment | text | flag
    kinds: frozenset[Kind]
    sql: Callable[[Column, Values], SQL]
    says: str
    none: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """A word that bounds a number."""

    sql: type[exp.Binary]
    holds: Callable[[Decimal, Decimal], bool]
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """A figure over events, compared as `left(x) <word> right(x, bound)`; exact, never a float."""

    left: Callable[[SQL], SQL]
    right: Callable[[SQL, SQL], SQL]
    says: str
    of_none: Decimal | None = None  # its value where there is no event at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A word that bounds when something happened."""

    takes: str  # days | moment
    sql: Callable[[SQL, Moment, datetime], SQL]
    says: Callable[[Moment], str]


def _one_of_sql(column: Column, values: Values) -> SQL:
    numbers = [literals.number_sql(v) for v in values if isinstance(v, Decimal)]
    flags: list[SQL] = [exp.Boolean(this=v) for v in values if isinstance(v, bool)]
    texts = [column.literal(v) for v in values if isinstance(v, str | date)]
    tests = ((column.text(), texts), (column.number(), numbers), (column.sql, flags))
    return exp.or_(*(literals.any_of_sql(left, right) for left, right in tests if right))


def _number_sql(word: str) -> Callable[[Column, Values], SQL]:
    def sql(column: Column, values: Values) -> SQL:
        bound = literals.number_sql(_decimal(values[0]))
        return ORDERINGS[word].sql(this=column.number(), expression=bound)

    return sql


def _before_sql(column: Column, values: Values) -> SQL:
    bound = literals.moment_sql(literals.start_of(_date(values[0])))
    return exp.LT(this=column.moment(), expression=bound)


def _after_sql(column: Column, values: Values) -> SQL:
    value = _date(values[0])
    test = exp.GT if isinstance(value, datetime) else exp.GTE
    bound = literals.moment_sql(literals.end_of(value))
    return test(this=column.moment(), expression=bound)


def _contains_sql(column: Column, values: Values) -> SQL:
    return exp.Contains(this=column.text(), expression=column.literal(values[0]))


def _starts_with_sql(column: Column, values: Values) -> SQL:
    return exp.StartsWith(this=column.text(), expression=column.literal(values[0]))


def _known_sql(column: Column, _values: Values) -> SQL:
    return known_sql(column)


def known_sql(column: Column) -> SQL:
    """Return whether a record knows a field: neither null nor an empty text."""
    if column.kind in (Kind.FLAG, Kind.MOMENT):
        return exp.Not(this=exp.Is(this=column.sql.copy(), expression=exp.Null()))
    return exp.NEQ(this=column.sql.copy(), expression=exp.Literal.string(""))


def _decimal(value: Scalar) -> Decimal:
    if not isinstance(value, Decimal):
        raise TypeError("a number was expected")
    return value


def _date(value: Scalar) -> date | datetime:
    if not isinstance(value, date):
        raise TypeError("a date was expected")
    return value


_EQUAL = frozenset({Kind.TEXT, Kind.FLAG, Kind.DATE, Kind.ATTRIBUTE})
_LISTED = frozenset({Kind.TEXT, Kind.DATE, Kind.ATTRIBUTE})
_TEXT = frozenset({Kind.TEXT, Kind.ATTRIBUTE})
_NUMBER = frozenset({Kind.ATTRIBUTE})
_TIME = frozenset({Kind.DATE, Kind.MOMENT, Kind.ATTRIBUTE})

ORDERINGS: dict[str, Ordering] = {
    "at_least": Ordering(sql=exp.GTE, holds=operator.ge, says="at least {}"),
    "at_most": Ordering(sql=exp.LTE, holds=operator.le, says="at most {}"),
    "more_than": Ordering(sql=exp.GT, holds=operator.gt, says="more than {}"),
    "less_than": Ordering(sql=exp.LT, holds=operator.lt, says="less than {}"),
    "exactly": Ordering(sql=exp.EQ, holds=operator.eq, says="exactly {}"),
}
TIMES = ("at_least", "at_most", "exactly")
BOUNDS = ("at_least", "at_most", "more_than", "less_than")

COMPARISONS: dict[str, Comparison] = {
    "is": Comparison(takes="value", kinds=_EQUAL, sql=_one_of_sql, says="is {}"),
    "is_not": Comparison(
        takes="value", kinds=_EQUAL, sql=_one_of_sql, says="is known and never {}", none=True
    ),
    "in": Comparison(takes="values", kinds=_LISTED, sql=_one_of_sql, says="is {}"),
    "not_in": Comparison(
        takes="values", kinds=_LISTED, sql=_one_of_sql, says="is known and never {}", none=True
    ),
    **{
        word: Comparison(
            takes="number", kinds=_NUMBER, sql=_number_sql(word), says="is " + ORDERINGS[word].says
        )
        for word in BOUNDS
    },
    "before": Comparison(takes="moment", kinds=_TIME, sql=_before_sql, says="is before {}"),
    "after": Comparison(takes="moment", kinds=_TIME, sql=_after_sql, says="is after {}"),
    "exists": Comparison(takes="flag", kinds=frozenset(Kind), sql=_known_sql, says="is known"),
    "contains": Comparison(takes="text", kinds=_TEXT, sql=_contains_sql, says="contains {}"),
    "starts_with": Comparison(
        takes="text", kinds=_TEXT, sql=_starts_with_sql, says="starts with {}"
    ),
}

# DuckDB's average of decimals is a float; sum(x) against bound * count(x) is the same test, exact.
AGGREGATES: dict[str, Aggregate] = {
    "sum": Aggregate(
        left=lambda x: exp.Sum(this=x), right=lambda _, b: b, says="total", of_none=Decimal(0)
    ),
    "average": Aggregate(
        left=lambda x: exp.Sum(this=x),
        right=lambda x, b: exp.Mul(this=b, expression=exp.Count(this=x)),
        says="average",
    ),
    "minimum": Aggregate(left=lambda x: exp.Min(this=x), right=lambda _, b: b, says="lowest"),
    "maximum": Aggregate(left=lambda x: exp.Max(this=x), right=lambda _, b: b, says="highest"),
}


def _days_before(as_of: datetime, days: Moment) -> SQL:
    if not isinstance(days, int):
        raise TypeError("a number of days was expected")
    return literals.moment_sql(as_of - timedelta(days=days))


def _at(moment: Moment) -> date | datetime:
    if isinstance(moment, int):
        raise TypeError("a date was expected")
    return moment


def _since_sql(at: SQL, value: Moment, _as_of: datetime) -> SQL:
    bound = literals.moment_sql(literals.start_of(_at(value)))
    return exp.GTE(this=at, expression=bound)


def _until_sql(at: SQL, value: Moment, _as_of: datetime) -> SQL:
    test = exp.LTE if isinstance(value, datetime) else exp.LT
    return test(this=at, expression=literals.moment_sql(literals.end_of(_at(value))))


def _days(value: Moment) -> str:
    return "day" if value == 1 else f"{value} days"


WINDOWS: dict[str, Bound] = {
    "within_days": Bound(
        takes="days",
        sql=lambda at, days, as_of: exp.GT(this=at, expression=_days_before(as_of, days)),
        says=lambda days: f"in the last {_days(days)}",
    ),
    "before_days": Bound(
        takes="days",
        sql=lambda at, days, as_of: exp.LTE(this=at, expression=_days_before(as_of, days)),
        says=lambda days: f"at least {'1 day' if days == 1 else _days(days)} ago",
    ),
    "since": Bound(takes="moment", sql=_since_sql, says=lambda at: f"since {at}"),
    "until": Bound(takes="moment", sql=_until_sql, says=lambda at: f"until {at}"),
}

EVENT_FILTERS = ("category", "channel", "product_id", "currency", "source")
SEEN_FILTERS = ("trait", "id_type", "source", "party", "country", "browser")
FOLDED_FILTERS = frozenset({"currency", "country"})
TOTALLED = ("value", "quantity")
