"""The order in which audiences are built: each after those that it names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from audiences.rules import reader
from audiences.rules.spec import DO_NOT_CONTACT, Audience
from audiences.rules.tree import MemberOf, leaves
from shared.errors import ConfigurationError, Fault


@dataclass(frozen=True, slots=True)
class _Reference:
    name: str
    where: str
    suppresses: bool


@dataclass(frozen=True, slots=True)
class _Walk:
    audiences: Mapping[str, Audience]
    known: Collection[str]
    done: dict[str, None] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def order(
    audiences: Mapping[str, Audience], wanted: str, known: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the audiences to build, dependencies first and `wanted` last.

    `known` are the names of all audiences, where `audiences` are only some: a name that is none
    of them may be meant to be one.

    Raises:
        ConfigurationError: naming every unknown audience, cycle, and mix of people and devices.

    """
    if wanted not in audiences:
        raise ConfigurationError(_unknown(wanted, "", known or audiences))
    walk = _Walk(audiences, known or audiences)
    _visit(walk, wanted, ())
    if walk.faults:
        raise ConfigurationError(*walk.faults)
    return tuple(walk.done)


def named(audience: Audience) -> tuple[str, ...]:
    """Return the audiences that a rule names, those that it suppresses among them."""
    return tuple(dict.fromkeys(reference.name for reference in _references(audience)))


def _visit(walk: _Walk, name: str, trail: tuple[str, ...]) -> None:
    audience = walk.audiences[name]
    for reference in _references(audience):
        found = walk.audiences.get(reference.name)
        if found is None:
            if reference.name != DO_NOT_CONTACT:
                walk.faults.append(_unknown(reference.name, reference.where, walk.known))
            continue
        _check_kind(walk, audience, found, reference)
        if reference.name in (*trail, name):
            walk.faults.append(_cycle((*trail, name, reference.name), reference.where))
        elif reference.name not in walk.done:
            _visit(walk, reference.name, (*trail, name))
    walk.done[name] = None


def _references(audience: Audience) -> Iterator[_Reference]:
    for leaf in leaves(audience.where):
        if isinstance(leaf, MemberOf):
            yield _Reference(leaf.name, _where(audience, leaf.line), suppresses=False)
    for name in audience.suppress:
        line = audience.suppress_lines.get(name, 0)
        yield _Reference(name, _where(audience, line), suppresses=True)


def _where(audience: Audience, line: int) -> str:
    return f"{audience.file or audience.name}:{line or 1}"


def _check_kind(walk: _Walk, audience: Audience, named: Audience, reference: _Reference) -> None:
    # A device may be suppressed because of the person who uses it; nothing else mixes.
    allowed = audience.of == named.of or (reference.suppresses and audience.of == "devices")
    if not allowed:
        what = f"'{audience.name}' is of {audience.of}, '{named.name}' is of {named.of}"
        walk.faults.append(Fault(reference.where, what, "name an audience of the same kind"))


def _cycle(path: tuple[str, ...], where: str) -> Fault:
    turn = path[path.index(path[-1]) :]
    return Fault(where, f"audiences need each other: {' -> '.join(turn)}", "break the circle")


def _unknown(name: str, where: str, known: Collection[str]) -> Fault:
    return Fault(where, f"there is no audience {reader.quoted(name)}", reader.meant(name, known))
