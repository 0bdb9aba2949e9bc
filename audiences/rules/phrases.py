"""The plain words of a rule's leaves, as a marketer would say them."""

from __future__ import annotations

from decimal import Decimal

from audiences.rules.fields import ATTRIBUTES, field_named
from audiences.rules.operators import AGGREGATES, COMPARISONS, ORDERINGS, WINDOWS
from audiences.rules.tree import (
    Event,
    Filters,
    Leaf,
    MemberOf,
    Profile,
    Scalar,
    Seen,
    Tests,
    Total,
    Window,
)

_NOUNS = {
    "order": ("order", "orders"),
    "return": ("return", "returns"),
    "view": ("product view", "product views"),
    "search": ("search", "searches"),
    "cart": ("cart", "carts"),
    "email_open": ("opened e-mail", "opened e-mails"),
    "email_click": ("clicked e-mail", "clicked e-mails"),
    "visit": ("visit", "visits"),
    "support": ("service contact", "service contacts"),
    "feedback": ("piece of feedback", "pieces of feedback"),
}

_NEVER = ((("exactly", Decimal(0)),), (("at_most", Decimal(0)),))


def says(leaf: Leaf) -> str:
    """Say one leaf, without a subject."""
    match leaf:
        case Profile():
            return _profile(leaf)
        case Event():
            return _event(leaf)
        case Seen():
            return _seen(leaf)
        case MemberOf(name):
            return f"is in the audience {name}"


def number(value: Decimal | int) -> str:
    """Write a number with separators, and decimals only where it has any."""
    return f"{value.normalize():,f}" if isinstance(value, Decimal) else f"{value:,}"


def listed(items: list[str], joint: str = "or") -> str:
    """Write a list as a person would: a, b or c; a long one is cut short."""
    if len(items) > 12:
        items = [*items[:10], f"{len(items) - 10} more"]
    return f" {joint} ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else ""


def counts_none(leaf: Event | Seen) -> bool:
    """Tell whether somebody with no event or sighting at all satisfies the leaf."""
    if not _hold(leaf.times, Decimal(0)):
        return False
    total = leaf.total if isinstance(leaf, Event) else None
    if total is None:
        return True
    of_none = AGGREGATES[total.word].of_none
    return of_none is not None and _hold(total.tests, of_none)


def _hold(tests: Tests, value: Decimal) -> bool:
    return all(ORDERINGS[word].holds(value, bound) for word, bound in tests)


def _profile(leaf: Profile) -> str:
    field = field_named(leaf.field)
    if leaf.word == "exists":
        return f"{_title(leaf.field)} is {'known' if leaf.values[0] else 'not known'}"
    if field and field.masked:
        count = len(leaf.values)
        values = "one given value" if count == 1 else f"one of {count} given values"
    else:
        values = listed([_value(value) for value in leaf.values])
    return f"{_title(leaf.field)} {COMPARISONS[leaf.word].says.format(values)}"


def _event(leaf: Event) -> str:
    one, many = _NOUNS.get(leaf.name, (f"'{leaf.name}' event", f"'{leaf.name}' events"))
    detail = f"{_filters(leaf.where)}{_window(leaf.window)}"
    none = ", or none at all" if counts_none(leaf) else ""
    if not leaf.total and leaf.times in _NEVER:
        return f"has no {many}{detail}"
    if not leaf.total:
        return f"has {_times(leaf.times, one, many)}{detail}{none}"
    counted = _times(leaf.times, one, many) if leaf.times else many
    currency = any(word == "currency" for word, _ in leaf.where)
    return f"has {counted}{detail} {_total(leaf.total, known_currency=currency)}{none}"


def _total(total: Total, *, known_currency: bool) -> str:
    figure = f"{AGGREGATES[total.word].says} {_title(total.field)}"
    money = " (in whatever currency)" if total.field == "value" and not known_currency else ""
    return f"whose {figure} is {_bounds(total.tests)}{money}"


def _seen(leaf: Seen) -> str:
    if leaf.times in _NEVER:
        return f"was never seen{_filters(leaf.where)}{_window(leaf.window)}"
    times = "" if leaf.times == (("at_least", Decimal(1)),) else _times(leaf.times, "time", "times")
    none = ", or never" if counts_none(leaf) else ""
    parts = (_filters(leaf.where).lstrip(), times, _window(leaf.window).lstrip())
    return f"was seen {' '.join(filter(None, parts))}{none}"


def _times(tests: Tests, one: str, many: str) -> str:
    return f"{_bounds(tests)} {one if tests[-1][1] == 1 else many}"


def _bounds(tests: Tests) -> str:
    return listed([ORDERINGS[word].says.format(number(bound)) for word, bound in tests], "and")


def _filters(filters: Filters) -> str:
    parts = [f"{_title(w)} {listed([_value(v) for v in values])}" for w, values in filters]
    return f" with {listed(parts, 'and')}" if parts else ""


def _window(window: Window) -> str:
    return "".join(f" {WINDOWS[word].says(value)}" for word, value in window)


def _title(field: str) -> str:
    return field.removeprefix(ATTRIBUTES).replace("_", " ").strip()


def _value(value: Scalar) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return number(value)
        case str():
            return value
        case _:
            return value.isoformat()
