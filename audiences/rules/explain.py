"""Says an audience in plain words, and shows how DuckDB would run it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audiences.rules import phrases
from audiences.rules.spec import DO_NOT_CONTACT, Audience, Holdout, SyncEntry
from audiences.rules.tree import All, AnyOf, Leaf, Node, Not

if TYPE_CHECKING:
    import duckdb

    from audiences.rules.compile import Compiled

_INDENT = "  "
_MODES = {
    "mirror": "members are added and removed",
    "add": "members are added; only consent and suppression remove them",
    "replace": "the whole list is replaced",
}


def plain_words(audience: Audience) -> str:
    """Say who is in an audience, who is never sent, who is held out, and where it goes."""
    lines = [f"{audience.title} ({audience.name})", f"{audience.of.capitalize()} for whom:"]
    lines += _node(audience.where, 1)
    if audience.suppress:
        lines.append(
            f"Never sent: {phrases.listed([*map(_suppressed, audience.suppress)], 'and')}."
        )
    if audience.holdout:
        lines.append(_held_out(audience.holdout))
    lines += [_sync(entry) for entry in audience.sync]
    return "\n".join(lines)


def explain(
    con: duckdb.DuckDBPyConnection, compiled: Compiled, params: Mapping[str, Any] | None = None
) -> str:
    """Return DuckDB's plan of a compiled audience; it may show the rule's own values."""
    return _plan(con, "EXPLAIN", compiled, params)


def plan_tree(
    con: duckdb.DuckDBPyConnection, compiled: Compiled, params: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the same plan as a tree: each step's `name`, `children` and `extra_info`."""
    (root,) = json.loads(_plan(con, "EXPLAIN (FORMAT json)", compiled, params))
    return dict(root)


def _plan(
    con: duckdb.DuckDBPyConnection,
    words: str,
    compiled: Compiled,
    params: Mapping[str, Any] | None,
) -> str:
    given = {name: value for name, value in (params or {}).items() if name in compiled.params}
    rows = con.execute(f"{words} {compiled.sql}", given or None).fetchall()
    return "\n".join(str(row[-1]) for row in rows)


def _node(node: Node, depth: int) -> Iterator[str]:
    pad = _INDENT * depth
    match node:
        case All(children) | AnyOf(children):
            which = "all of these hold" if isinstance(node, All) else "at least one of these holds"
            yield f"{pad}- {which}:"
            for child in children:
                yield from _node(child, depth + 1)
        case Not(All() | AnyOf() | Not() as child):
            yield f"{pad}- this does not hold:"
            yield from _node(child, depth + 1)
        case Not(child):
            yield f"{pad}- not: {phrases.says(_leaf(child))}"
        case _:
            yield f"{pad}- {phrases.says(node)}"


def _leaf(node: Node) -> Leaf:
    if isinstance(node, All | AnyOf | Not):
        raise TypeError("a leaf was expected")
    return node


def _suppressed(name: str) -> str:
    return f"{name} (their records say so)" if name == DO_NOT_CONTACT else f"the audience {name}"


def _held_out(holdout: Holdout) -> str:
    percent = phrases.number(Decimal(str(holdout.percent)))
    return f"Held out: {percent} %, drawn as '{holdout.salt}'; the same for all who draw so."


def _sync(entry: SyncEntry) -> str:
    when = f", {entry.schedule} in {entry.timezone}" if entry.schedule else ", on request"
    when += f" or up to {entry.window_minutes} minutes later" if entry.window_minutes else ""
    return f"Goes to {entry.to}: {_MODES[entry.mode]}{when}."
