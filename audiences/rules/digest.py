"""The digest of a rule: the same for files that differ only in comments, layout or title."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from audiences.rules.tree import All, AnyOf, Event, MemberOf, Node, Not, Profile, Scalar, Seen


def rule_digest(
    of: str, where: Node, suppress: tuple[str, ...], holdout: tuple[float, str] | None
) -> str:
    """Return the SHA-256 in hex of what decides who is in an audience."""
    rule = [of, _plain(where), sorted(suppress), holdout]
    text = json.dumps(rule, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _plain(node: Node) -> list[Any]:
    match node:
        case All(children) | AnyOf(children):
            return ["all" if isinstance(node, All) else "any", *map(_plain, children)]
        case Not(child):
            return ["not", _plain(child)]
        case Profile(field, word, values):
            return ["profile", field, word, _set(values)]
        case Seen():
            return ["seen", _filters(node.where), _pairs(node.times), _pairs(node.window)]
        case MemberOf(name):
            return ["member_of", name]
        case Event():
            return _event(node)


def _event(event: Event) -> list[Any]:
    total = event.total
    figure = [total.word, total.field, _pairs(total.tests)] if total else None
    where, times, window = _filters(event.where), _pairs(event.times), _pairs(event.window)
    return ["event", event.name, times, figure, window, where]


def _filters(filters: tuple[tuple[str, tuple[Scalar, ...]], ...]) -> list[Any]:
    return sorted([word, _set(values)] for word, values in filters)


def _pairs(pairs: tuple[tuple[str, Any], ...]) -> list[list[str]]:
    return sorted([word, _tagged(value)] for word, value in pairs)


def _set(values: tuple[Scalar, ...]) -> list[str]:
    return sorted({_tagged(value) for value in values})


def _tagged(value: Scalar | int) -> str:
    match value:
        case bool():
            return f"flag:{value}"
        case Decimal() | int():
            return f"number:{Decimal(value).normalize():f}"
        case datetime():
            return f"at:{value.astimezone(UTC).isoformat()}"
        case date():
            return f"on:{value.isoformat()}"
        case _:
            return f"text:{value}"
