"""Reads the branches and leaves of a rule from a file, noting every fault."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from audiences.rules import reader
from audiences.rules.fields import ATTRIBUTES, NATIVE, Field, Kind, field_named
from audiences.rules.literals import end_of, start_of
from audiences.rules.operators import (
    AGGREGATES,
    BOUNDS,
    COMPARISONS,
    EVENT_FILTERS,
    SEEN_FILTERS,
    TIMES,
    TOTALLED,
    WINDOWS,
)
from audiences.rules.reader import Place
from audiences.rules.tree import (
    All,
    AnyOf,
    Event,
    Filters,
    MemberOf,
    Node,
    Not,
    Profile,
    Scalar,
    Seen,
    Tests,
    Total,
    Window,
)

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
DEEPEST = 24
MOST_DAYS = 36_500
MOST_TIMES = 1_000_000_000
NOT_YET = ("rfm", "predicted")
ONCE: Tests = (("at_least", Decimal(1)),)
_NOTHING = All(())


def read_node(place: Place, depth: int = 0) -> Node:
    """Read one branch or leaf and all that hangs below it."""
    if depth > DEEPEST:
        place.fault(f"the rule is nested more than {DEEPEST} deep", "build it from audiences")
        return _NOTHING
    if place.value is None:
        place.fault(f"'{place.path[-1]}' is missing or empty", "such as 'member_of: newsletter'")
        return _NOTHING
    if not isinstance(place.value, dict) or len(place.value) != 1:
        place.fault("a rule is one branch or leaf at a time", "put several under 'all:' or 'any:'")
        return _NOTHING
    word = next(iter(place.value))
    if word in NOT_YET:
        place.at(word).fault(f"'{word}' is not available yet", "leave it out for now")
        return _NOTHING
    if word not in _READERS:
        hint = reader.meant(word, tuple(_READERS))
        place.at(word).fault(f"a rule has no word {reader.quoted(word)}", hint)
        return _NOTHING
    return _READERS[word](place.at(word), depth)


def _children(place: Place, depth: int) -> tuple[Node, ...]:
    if not isinstance(place.value, list) or not place.value:
        place.fault(f"'{place.path[-1]}' must be a list of rules", "begin each with '- '")
        return ()
    return tuple(read_node(place.at(i), depth + 1) for i in range(len(place.value)))


def _profile(place: Place, _depth: int) -> Node:
    known = ("field", *COMPARISONS)
    if not reader.read_words(place, known, "profile"):
        return _NOTHING
    field = _field(place.at("field"))
    words = [word for word in place.value if word in COMPARISONS]
    if len(words) != 1:
        place.fault("profile needs exactly one test", "such as 'is: …' beside 'field: …'")
    if field is None or len(words) != 1:
        return _NOTHING
    comparison, at = COMPARISONS[words[0]], place.at(words[0])
    if field.kind not in comparison.kinds:
        fitting = ", ".join(w for w, c in COMPARISONS.items() if field.kind in c.kinds)
        at.fault(f"'{words[0]}' does not fit '{field.name}': {field.kind}", f"use one of {fitting}")
        return _NOTHING
    return Profile(field.name, words[0], _values(at, comparison.takes, field))


def _field(place: Place) -> Field | None:
    name = reader.read_text(place, "field")
    field = field_named(name) if name else None
    if name and not field:
        own = f"write '{ATTRIBUTES}…' for a column of your own"
        hint = f"{reader.meant(name, tuple(NATIVE))} {own}"
        place.fault(f"profiles have no field {reader.quoted(name)}", hint)
    return field


def _values(place: Place, takes: str, field: Field) -> tuple[Scalar, ...]:
    of = f"'{place.path[-1]}'"
    match takes:
        case "number":
            return (reader.read_number(place, of),)
        case "moment":
            return (reader.read_moment(place, of),)
        case "flag":
            return (_flag(place, of),)
        case "text":
            return (reader.read_text(place, of),)
        case "value":
            return (_value(place, of, field),)
        case _:
            return tuple(_value(child, of, field) for child in reader.read_list(place, of))


def _value(place: Place, of: str, field: Field) -> Scalar:
    value = place.value
    if field.kind is Kind.FLAG:
        return _flag(place, of)
    if field.kind is Kind.DATE and isinstance(value, date) and not isinstance(value, datetime):
        return value
    if field.kind is Kind.ATTRIBUTE and type(value) in (int, float):
        return reader.read_number(place, of)
    return reader.read_text(place, of)


def _flag(place: Place, of: str) -> bool:
    if not isinstance(place.value, bool):
        place.fault(f"{of} must be true or false here", "write it without quotes")
    return bool(place.value)


def _event(place: Place, _depth: int) -> Node:
    known = ("name", "times", *AGGREGATES, *BOUNDS, *WINDOWS, "where")
    if not reader.read_words(place, known, "event"):
        return _NOTHING
    total = _total(place)
    return Event(
        name=reader.read_text(place.at("name"), "the event's name"),
        times=_times(place, () if total else ONCE),
        total=total,
        window=_window(place),
        where=_filters(place.at("where"), EVENT_FILTERS, "where") if "where" in place else (),
    )


def _total(place: Place) -> Total | None:
    words = [word for word in place.value if word in AGGREGATES]
    tests = [word for word in place.value if word in BOUNDS]
    if not words and tests:
        fix = f"write 'times: {{{tests[0]}: …}}', or add 'sum: value'"
        place.at(tests[0]).fault(f"'{tests[0]}' bounds nothing here", fix)
    if not words:
        return None
    if len(words) > 1:
        place.at(words[1]).fault("one event leaf takes one figure", "write a second event leaf")
    if not tests:
        place.at(words[0]).fault(f"'{words[0]}' has no bound", "add 'at_least: …' beside it")
    field = reader.read_text(place.at(words[0]), f"'{words[0]}'")
    if field and field not in TOTALLED and not _is_attribute(field):
        hint = f"{reader.meant(field, TOTALLED)} or '{ATTRIBUTES}…'"
        place.at(words[0]).fault(f"events have no number {reader.quoted(field)}", hint)
    bounds = tuple((w, reader.read_number(place.at(w), f"'{w}'")) for w in BOUNDS if w in tests)
    return Total(words[0], field, bounds)


def _times(place: Place, default: Tests) -> Tests:
    if "times" not in place:
        return default
    at = place.at("times")
    if not reader.read_words(at, TIMES, "times"):
        return default
    words = [word for word in TIMES if word in at]
    if not words or ("exactly" in words and len(words) > 1):
        at.fault("times needs a bound", "'at_least', 'at_most' or both, or 'exactly' alone")
    bounds = {w: reader.read_whole(at.at(w), f"'{w}'", 0, MOST_TIMES) for w in words}
    if bounds.get("at_least", 0) > bounds.get("at_most", MOST_TIMES):
        at.fault("'at_least' is above 'at_most'", "nobody can satisfy both")
    return tuple((word, Decimal(bound)) for word, bound in bounds.items())


def _window(place: Place) -> Window:
    bounds: dict[str, int | date | datetime] = {}
    for word in (word for word in WINDOWS if word in place):
        at, of = place.at(word), f"'{word}'"
        if WINDOWS[word].takes == "days":
            bounds[word] = reader.read_whole(at, of, 1, MOST_DAYS)
        else:
            bounds[word] = reader.read_moment(at, of)
    _check_window(place, bounds)
    return tuple(bounds.items())


def _check_window(place: Place, bounds: dict[str, int | date | datetime]) -> None:
    within, before = bounds.get("within_days"), bounds.get("before_days")
    if isinstance(within, int) and isinstance(before, int) and before >= within:
        place.at("before_days").fault("the window is empty", "'before_days' is below 'within_days'")
    since, until = bounds.get("since"), bounds.get("until")
    if isinstance(since, date) and isinstance(until, date) and start_of(since) > end_of(until):
        place.at("until").fault("the window is empty", "'until' is after 'since'")


def _filters(place: Place, known: tuple[str, ...], of: str) -> Filters:
    words = [*known, *(k for k in place.value if _is_attribute(k))] if _is_map(place) else known
    if not reader.read_words(place, words, of):
        return ()
    return tuple((word, _filter(place.at(word), word)) for word in words if word in place)


def _filter(place: Place, word: str) -> tuple[Scalar, ...]:
    of = f"'{word}'"
    if word == "party":
        parties = reader.read_list(place, of)
        return tuple(Decimal(reader.read_whole(at, of, 1, 3)) for at in parties)
    return tuple(reader.read_text(at, of) for at in reader.read_list(place, of))


def _is_map(place: Place) -> bool:
    return isinstance(place.value, dict)


def _is_attribute(word: object) -> bool:
    return isinstance(word, str) and word.startswith(ATTRIBUTES) and word != ATTRIBUTES


def _seen(place: Place, _depth: int) -> Node:
    known = (*SEEN_FILTERS, "times", "within_days")
    if not reader.read_words(place, known, "seen"):
        return _NOTHING
    if not place.value:
        place.fault("seen says nothing", "name a trait, an id_type or 'times'")
    present = {word: place.value[word] for word in place.value if word in SEEN_FILTERS}
    where = tuple((w, _filter(place.at(w), w)) for w in SEEN_FILTERS if w in present)
    return Seen(where=where, times=_times(place, ONCE), window=_window(place))


def _member_of(place: Place, _depth: int) -> Node:
    return MemberOf(read_name(place, "the audience's name"), place.line)


def read_name(place: Place, of: str) -> str:
    """Read the name of an audience or a destination."""
    name = reader.read_text(place, of)
    if name and not NAME.fullmatch(name):
        place.fault(f"{of} may hold a-z, 0-9 and - only", "such as 'lapsed-vips'")
    return name


_READERS: dict[str, Callable[[Place, int], Node]] = {
    "all": lambda place, depth: All(_children(place, depth)),
    "any": lambda place, depth: AnyOf(_children(place, depth)),
    "not": lambda place, depth: Not(read_node(place, depth + 1)),
    "profile": _profile,
    "event": _event,
    "seen": _seen,
    "member_of": _member_of,
}
BRANCHES_AND_LEAVES = (*_READERS,)
