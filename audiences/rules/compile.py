"""Compiles an audience into one SQL statement of small named steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlglot import exp

from audiences.rules import holdout, literals, phrases, steps
from audiences.rules.literals import column_sql
from audiences.rules.spec import Audience
from audiences.rules.steps import MEMBER, PERSON
from audiences.rules.tree import (
    All,
    AnyOf,
    Event,
    Leaf,
    MemberOf,
    Node,
    Not,
    Profile,
    Seen,
    leaves,
)

UNIVERSE, SUPPRESSED = "universe", "suppressed"
# A person is in reach only through an identifier that names them; a cookie alone is a device.
STRONG = ("external_id", "email", "phone", "email_sha256", "phone_sha256")


@dataclass(frozen=True, slots=True)
class Step:
    """One named query of the statement, and what it means."""

    name: str
    sql: str
    says: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """An audience as SQL: its steps to read, one statement to run, the parameters to bind."""

    steps: tuple[Step, ...]
    sql: str
    params: tuple[str, ...] = ()
    events: frozenset[str] = frozenset()  # the names of all events that it asks about


@dataclass(frozen=True, slots=True)
class _Set:
    """A step that holds some members; with `out`, everybody else is meant."""

    name: str
    out: bool = False


@dataclass(frozen=True, slots=True)
class _Draft:
    """The steps so far, in the order in which they need one another."""

    of: str
    as_of: datetime
    parts: list[tuple[str, exp.Query, str]] = field(default_factory=list)

    def add(self, label: str, query: exp.Query, says: str) -> str:
        """Append a step and return its name."""
        words = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
        name = f"s{len(self.parts)}_{words[:40].rstrip('_')}"
        self.parts.append((name, query, says))
        return name


def compile_audience(audience: Audience, as_of: datetime, dialect: str = "duckdb") -> Compiled:
    """Return an audience as of a moment: member, held_out, suppressed, expires_at.

    `as_of` must carry a time zone. `$secret`, where `params` names it, is the workspace's secret.
    """
    if as_of.tzinfo is None:
        raise ValueError("as_of must carry a time zone")
    draft = _Draft(audience.of, as_of.astimezone(UTC))
    draft.parts.append((UNIVERSE, _universe_sql(draft), f"all {audience.of} in reach"))
    wanted = _build(draft, audience.where)
    if audience.suppress:
        says = f"never sent: {phrases.listed(list(audience.suppress), 'and')}"
        draft.parts.append((SUPPRESSED, _named_sql(draft, audience.suppress), says))
    final = _final_sql(audience, wanted)
    for name, query, _ in draft.parts:
        final = final.with_(exp.to_identifier(name), as_=query)
    shown = tuple(Step(n, _text(q, dialect, pretty=True), says) for n, q, says in draft.parts)
    params = (holdout.SECRET,) if audience.holdout else ()
    events = frozenset(leaf.name for leaf in leaves(audience.where) if isinstance(leaf, Event))
    return Compiled(shown, _text(final, dialect), params, events)


def _text(query: exp.Query, dialect: str, *, pretty: bool = False) -> str:
    # What runs is never pretty: sqlglot's pretty printer rewrites its own marker inside texts.
    if dialect.startswith("spark"):
        return query.transform(_for_spark).sql(dialect=dialect, identify=True, pretty=pretty)
    return query.sql(dialect=dialect, identify=True, pretty=pretty)


def _for_spark(node: exp.Expr) -> exp.Expr:
    # sqlglot writes DuckDB's && for Spark too, which has no such operator.
    if isinstance(node, exp.ArrayOverlaps):
        return exp.func("ARRAYS_OVERLAP", node.this, node.expression, dialect="spark")
    return node


def _universe_sql(draft: _Draft) -> exp.Select:
    now = literals.moment_sql(draft.as_of)
    if draft.of == "devices":
        members = exp.select(
            _as(column_sql("device"), MEMBER),
            _as(exp.Max(this=column_sql(PERSON)), PERSON),
            _as(exp.Max(this=column_sql("expires_at")), "expires_at"),
        ).from_("sightings_now")
        return members.where(*steps.alive(draft.as_of)).group_by(column_sql("device"))
    strong = literals.any_of_sql(column_sql("type"), [literals.text_sql(t) for t in STRONG])
    expires = column_sql("expires_at")
    living = exp.or_(
        exp.Is(this=expires, expression=exp.Null()), exp.GT(this=expires.copy(), expression=now)
    )
    never = exp.cast(exp.Null(), "TIMESTAMPTZ")
    return (
        exp.select(_as(column_sql(PERSON), MEMBER), column_sql(PERSON), _as(never, "expires_at"))
        .from_("people_now")
        .where(strong, living)
        .distinct()
    )


def _build(draft: _Draft, node: Node) -> _Set:
    match node:
        case Not(child):
            inner = _build(draft, child)
            return _Set(inner.name, not inner.out)
        case All(children):
            return _all(draft, [_build(draft, child) for child in children])
        case AnyOf(children):
            return _any(draft, [_build(draft, child) for child in children])
        case _:
            return _leaf(draft, node)


def _leaf(draft: _Draft, leaf: Leaf) -> _Set:
    people, query = draft.of == "people", exp.Query()
    says = phrases.says(leaf)
    match leaf:
        case MemberOf(name):
            query = _named_sql(draft, (name,))
            return _Set(draft.add(f"member_of_{name}", query, says))
        case Seen():
            who = PERSON if people else "device"
            query, out = steps.seen_sql(leaf, draft.as_of, who, MEMBER)
            return _Set(draft.add(f"seen_{'_'.join(w for w, _ in leaf.where)}", query, says), out)
        case Event():
            query, out = steps.event_sql(leaf, draft.as_of, MEMBER if people else PERSON)
            label = f"{leaf.name}_{leaf.total.word if leaf.total else 'count'}"
        case Profile():
            query, out = steps.profile_sql(leaf, MEMBER if people else PERSON)
            label = f"profile_{leaf.field}"
    name = draft.add(label, query, says if not out else f"those left out by: {says}")
    return _Set(name if people else _devices_of(draft, name), out)


def _devices_of(draft: _Draft, people: str) -> str:
    return draft.add(f"devices_of_{people}", _only(PERSON, PERSON, people), "the devices of those")


def _all(draft: _Draft, sets: Sequence[_Set]) -> _Set:
    kept = [s.name for s in sets if not s.out] or [UNIVERSE]
    query = exp.select(column_sql(MEMBER, kept[0])).from_(exp.to_table(kept[0]))
    for name, kind in [(n, "semi") for n in kept[1:]] + [(s.name, "anti") for s in sets if s.out]:
        query = query.join(exp.to_table(name), on=_same(kept[0], MEMBER, name), join_type=kind)
    return _Set(draft.add("all", query, "those for whom all of these hold"))


def _any(draft: _Draft, sets: Sequence[_Set]) -> _Set:
    names = [_inside(draft, s) for s in sets]
    query: exp.Query = exp.select(column_sql(MEMBER)).from_(exp.to_table(names[0]))
    for name in names[1:]:
        query = query.union(exp.select(column_sql(MEMBER)).from_(exp.to_table(name)))
    return _Set(draft.add("any", query, "those for whom at least one of these holds"))


def _inside(draft: _Draft, some: _Set) -> str:
    if not some.out:
        return some.name
    return draft.add(f"not_{some.name}", _without(some.name), "everybody else")


def _without(name: str) -> exp.Select:
    query = exp.select(column_sql(MEMBER, UNIVERSE)).from_(UNIVERSE)
    return query.join(exp.to_table(name), on=_same(UNIVERSE, MEMBER, name), join_type="anti")


def _only(left: str, right: str, name: str) -> exp.Select:
    query = exp.select(column_sql(MEMBER, UNIVERSE)).from_(UNIVERSE)
    on = exp.EQ(this=column_sql(left, UNIVERSE), expression=column_sql(right, name))
    return query.join(exp.to_table(name), on=on, join_type="semi")


def _named_sql(draft: _Draft, names: tuple[str, ...]) -> exp.Query:
    named = steps.named_sql(names)
    if draft.of == "people":
        return named
    # A device counts by its own membership, and by that of the person who uses it.
    source = draft.add("members", named, f"the members of {phrases.listed([*names], 'and')}")
    return _only(MEMBER, MEMBER, source).union(_only(PERSON, MEMBER, source))


def _final_sql(audience: Audience, wanted: _Set) -> exp.Select:
    drawn = audience.holdout
    held = holdout.held_out_sql(drawn, column_sql(MEMBER, UNIVERSE)) if drawn else exp.false()
    marked = exp.Not(this=exp.Is(this=column_sql(MEMBER, SUPPRESSED), expression=exp.Null()))
    final = exp.select(
        column_sql(MEMBER, UNIVERSE),
        _as(held, "held_out"),
        _as(marked if audience.suppress else exp.false(), SUPPRESSED),
        column_sql("expires_at", UNIVERSE),
    ).from_(UNIVERSE)
    on = _same(UNIVERSE, MEMBER, wanted.name)
    kind = "anti" if wanted.out else "semi"
    final = final.join(exp.to_table(wanted.name), on=on, join_type=kind)
    if not audience.suppress:
        return final
    on = _same(UNIVERSE, MEMBER, SUPPRESSED)
    return final.join(SUPPRESSED, on=on, join_type="left")


def _same(left: str, column: str, right: str) -> exp.EQ:
    return exp.EQ(this=column_sql(column, left), expression=column_sql(column, right))


def _as(query: literals.SQL, name: str) -> literals.SQL:
    return exp.alias_(query, name, quoted=True)
