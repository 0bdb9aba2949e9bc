"""The rule tree as values: three branches (all, any, not) and four leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

Scalar = str | bool | Decimal | date | datetime
Tests = tuple[tuple[str, Decimal], ...]  # (ordering word, bound)
Window = tuple[tuple[str, int | date | datetime], ...]  # (window word, days or moment)
Filters = tuple[tuple[str, tuple[Scalar, ...]], ...]  # (field, any of these values)


@dataclass(frozen=True, slots=True)
class All:
    """Every child holds."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one child holds."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The child does not hold."""

    child: Node


@dataclass(frozen=True, slots=True)
class Profile:
    """A person's records say something about one field."""

    field: str
    word: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """One figure over a person's events: which one, of what, and its bounds."""

    word: str
    field: str
    tests: Tests


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A person did something: how often, for how much, when, and which of it."""

    name: str
    times: Tests = ()
    total: Total | None = None
    window: Window = ()
    where: Filters = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A device was sighted: with what, and how often."""

    where: Filters = ()
    times: Tests = (("at_least", Decimal(1)),)
    window: Window = ()


@dataclass(frozen=True, slots=True)
class MemberOf:
    """The member is in another audience, as that one was built last."""

    name: str
    line: int = field(default=0, compare=False)


Leaf = Profile | Event | Seen | MemberOf
Node = All | AnyOf | Not | Leaf


def leaves(node: Node) -> tuple[Leaf, ...]:
    """Return the leaves of a tree in the order of the file."""
    match node:
        case All(children) | AnyOf(children):
            return tuple(leaf for child in children for leaf in leaves(child))
        case Not(child):
            return leaves(child)
        case _:
            return (node,)
