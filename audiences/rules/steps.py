"""The SQL of each leaf: who satisfies it, as one query over one relation, aggregated once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlglot import exp

from audiences.rules import literals
from audiences.rules.fields import ATTRIBUTES, Field, Kind, field_named
from audiences.rules.literals import SQL, column_sql
from audiences.rules.operators import (
    AGGREGATES,
    COMPARISONS,
    FOLDED_FILTERS,
    ORDERINGS,
    WINDOWS,
    Column,
    known_sql,
)
from audiences.rules.phrases import counts_none
from audiences.rules.spec import DO_NOT_CONTACT
from audiences.rules.tree import Event, Filters, Profile, Scalar, Seen, Tests, Total, Window

MEMBER, PERSON = "member", "person"


def profile_sql(leaf: Profile, as_: str) -> tuple[exp.Select, bool]:
    """Return the people a profile leaf means, or with True those it leaves out."""
    field = field_named(leaf.field)
    if field is None:
        raise ValueError("the rule names a field that no profile has")
    source, column = _field_sql(field)
    comparison = COMPARISONS[leaf.word]
    test = comparison.sql(column, leaf.values)
    people = _who(PERSON, as_).from_(source)
    if comparison.none:
        people = people.where(known_sql(column)).group_by(column_sql(PERSON))
        # A text that is no number is not the number either: null counts as "does not say this".
        said = exp.Coalesce(this=exp.LogicalOr(this=test), expressions=[exp.false()])
        return people.having(exp.Not(this=said)), False
    absent = leaf.word == "exists" and not leaf.values[0]
    return people.where(test).group_by(column_sql(PERSON)), absent


def _field_sql(field: Field) -> tuple[SQL, Column]:
    if field.kind is not Kind.ATTRIBUTE:
        return _table("profiles_now"), Column(column_sql(field.name), field.kind, field.folded)
    items = exp.Explode(this=literals.items_sql(literals.attribute_sql(field.attribute)))
    listed = exp.select(column_sql(PERSON), _as(items, "item")).from_(_table("profiles_now"))
    return listed.subquery("items"), Column(column_sql("item"), field.kind)


def event_sql(leaf: Event, as_of: datetime, as_: str) -> tuple[exp.Select, bool]:
    """Return the people whose events satisfy a leaf, or with True those whose events do not."""
    at = column_sql("at")
    tests = [literals.any_of_sql(column_sql("name"), [literals.text_sql(leaf.name)])]
    tests += [_until_now(at, as_of), *_window(at, leaf.window, as_of)]
    tests += [_event_filter(word, values) for word, values in leaf.where]
    people = _who(PERSON, as_).from_(_table("events_now")).where(*tests)
    return _counted(people.group_by(column_sql(PERSON)), leaf)


def _event_filter(word: str, values: tuple[Scalar, ...]) -> SQL:
    texts = [str(value) for value in values]
    if word.startswith(ATTRIBUTES):
        attribute = literals.attribute_sql(word.removeprefix(ATTRIBUTES))
        return literals.overlaps_sql(literals.items_sql(attribute), texts)
    return _filter(word, texts)


def seen_sql(leaf: Seen, as_of: datetime, who: str, as_: str) -> tuple[exp.Select, bool]:
    """Return whose sightings satisfy a leaf, or with True whose sightings do not."""
    at = column_sql("seen_at")
    tests = [*alive(as_of), *_window(at, leaf.window, as_of), *_sighting_filters(leaf.where)]
    members = _who(who, as_).from_(_table("sightings_now")).where(*tests)
    return _counted(members.group_by(column_sql(who)), leaf)


def _sighting_filters(filters: Filters) -> list[SQL]:
    tests: list[SQL] = []
    for word, values in filters:
        match word:
            case "trait":
                texts = [str(value) for value in values]
                tests.append(literals.overlaps_sql(column_sql("traits"), texts))
            case "party":
                parties = [literals.count_sql(v) for v in values if isinstance(v, Decimal)]
                tests.append(literals.any_of_sql(column_sql("party"), parties))
            case _:
                tests.append(_filter(word, [str(value) for value in values]))
    return tests


def _filter(word: str, texts: list[str]) -> SQL:
    column = Column(column_sql(word), folded=word in FOLDED_FILTERS)
    return literals.any_of_sql(column.text(), [column.literal(text) for text in texts])


def members_sql(names: tuple[str, ...]) -> exp.Select:
    """Return the members of some audiences, as they were built last."""
    wanted = literals.any_of_sql(column_sql("audience"), [literals.text_sql(n) for n in names])
    return _who(MEMBER, MEMBER).from_(_table("members_now")).where(wanted).distinct()


def do_not_contact_sql() -> exp.Select:
    """Return the people of whom any record says that they must not be contacted."""
    people = _who(PERSON, MEMBER).from_(_table("profiles_now"))
    return people.where(column_sql("do_not_contact")).distinct()


def named_sql(names: tuple[str, ...]) -> exp.Query:
    """Return the members of some audiences, the built-in one among them."""
    members = members_sql(names)
    return members.union(do_not_contact_sql()) if DO_NOT_CONTACT in names else members


def alive(as_of: datetime) -> list[SQL]:
    """Return the tests that keep what was seen by then, and had not expired."""
    now = literals.moment_sql(as_of)
    return [
        exp.LTE(this=column_sql("seen_at"), expression=now.copy()),
        exp.GT(this=column_sql("expires_at"), expression=now),
    ]


def _until_now(at: SQL, as_of: datetime) -> SQL:
    return exp.LTE(this=at.copy(), expression=literals.moment_sql(as_of))


def _window(at: SQL, window: Window, as_of: datetime) -> list[SQL]:
    return [WINDOWS[word].sql(at.copy(), value, as_of) for word, value in window]


def _counted(query: exp.Select, leaf: Event | Seen) -> tuple[exp.Select, bool]:
    """Bound a grouped query; where none at all satisfies the leaf, return who does not instead."""
    tests = [_compare(exp.Count(this=exp.Star()), leaf.times)]
    if isinstance(leaf, Event) and leaf.total:
        tests.append(_total(leaf.total))
    wanted = exp.and_(*(test for group in tests for test in group))
    if not counts_none(leaf):
        return query.having(wanted), False
    # An unknown figure satisfies nothing: null counts as "does not".
    known = exp.Coalesce(this=exp.paren(wanted), expressions=[exp.false()])
    return query.having(exp.Not(this=known)), True


def _compare(figure: SQL, tests: Tests) -> list[SQL]:
    return [
        ORDERINGS[word].sql(this=figure.copy(), expression=literals.count_sql(bound))
        for word, bound in tests
    ]


def _total(total: Total) -> list[SQL]:
    column, aggregate = _totalled(total.field), AGGREGATES[total.word]
    return [
        ORDERINGS[word].sql(
            this=aggregate.left(column.copy()),
            expression=aggregate.right(column.copy(), literals.number_sql(bound)),
        )
        for word, bound in total.tests
    ]


def _totalled(field: str) -> SQL:
    if not field.startswith(ATTRIBUTES):
        return column_sql(field)
    attribute = literals.attribute_sql(field.removeprefix(ATTRIBUTES))
    return literals.cast_or_null_sql(attribute, literals.MONEY)


def _who(column: str, as_: str) -> exp.Select:
    return exp.select(_as(column_sql(column), as_))


def _as(query: SQL, name: str) -> SQL:
    return exp.alias_(query, name, quoted=True)


def _table(name: str) -> SQL:
    return exp.to_table(name)
