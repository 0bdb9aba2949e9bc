"""An audience as a value: reads its YAML, and names every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from audiences.rules import reader, schedule
from audiences.rules.digest import rule_digest
from audiences.rules.leaves import read_name, read_node
from audiences.rules.reader import Place
from audiences.rules.tree import Node
from shared import located
from shared.errors import ConfigurationError

WORDS = ("name", "title", "of", "where", "suppress", "holdout", "sync")
KINDS = ("people", "devices")
MODES = ("mirror", "add", "replace")
_SYNC_WORDS = ("to", "mode", "schedule", "timezone", "window_minutes")
DO_NOT_CONTACT = "do-not-contact"  # always there: people whose records say so


@dataclass(frozen=True, slots=True)
class Holdout:
    """The share of members that is never sent, drawn by salt: one salt, one draw."""

    percent: float
    salt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncEntry:
    """One destination that an audience is kept in step with."""

    to: str
    mode: str = "mirror"
    schedule: str | None = None
    timezone: str = "UTC"
    window_minutes: int = 0  # it may begin so much later


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """One audience as its file says it."""

    name: str
    title: str
    of: str
    where: Node
    suppress: tuple[str, ...] = ()
    holdout: Holdout | None = None
    sync: tuple[SyncEntry, ...] = ()
    file: str = ""
    digest: str = ""  # of what decides who is in it: not of comments, title or schedule
    suppress_lines: Mapping[str, int] = field(default_factory=dict, compare=False)


def parse(text: str, file: str) -> Audience:
    """Read one audience.

    Raises:
        ConfigurationError: with every fault of the file, each with its line and how to mend it.

    """
    document = located.load(text, file)
    place = Place(document, (), document.value, [])
    audience = _audience(place, file)
    if place.faults or audience is None:
        raise ConfigurationError(*place.faults)
    return audience


def _audience(place: Place, file: str) -> Audience | None:
    if not reader.read_words(place, WORDS, "an audience"):
        return None
    name = _name(place.at("name"), file)
    of = reader.read_choice(place.at("of"), KINDS, "'of'", "people")
    where = read_node(place.at("where"))
    suppress = _suppress(place.at("suppress"))
    holdout = _holdout(place.at("holdout"), name)
    return Audience(
        name=name,
        title=reader.read_text(place.at("title"), "the title") if "title" in place else name,
        of=of,
        where=where,
        suppress=tuple(suppress),
        holdout=holdout,
        sync=_sync(place.at("sync")),
        file=file,
        digest=rule_digest(of, where, tuple(suppress), _drawn(holdout)),
        suppress_lines=suppress,
    )


def _drawn(holdout: Holdout | None) -> tuple[float, str] | None:
    return (holdout.percent, holdout.salt) if holdout else None


def _name(place: Place, file: str) -> str:
    name = read_name(place, "the audience's name")
    path = PurePath(file)
    if name and path.suffix in (".yaml", ".yml") and path.stem != name:
        place.fault("the name is not that of the file", "give both the same name")
    return name


def _suppress(place: Place) -> dict[str, int]:
    if place.value is None:
        return {}
    names = [(read_name(at, "'suppress'"), at) for at in reader.read_list(place, "'suppress'")]
    for i, (name, at) in enumerate(names):
        if name and name in (earlier for earlier, _ in names[:i]):
            at.fault("this audience stands twice", "keep one of them")
    return {name: at.line for name, at in names}


def _holdout(place: Place, name: str) -> Holdout | None:
    if place.value is None or not reader.read_words(place, ("percent", "salt"), "holdout"):
        return None
    percent = reader.read_number(place.at("percent"), "'percent'")
    if not 0 <= percent <= 100 or round(percent, 2) != percent:
        place.at("percent").fault("'percent' is from 0 to 100", "with two decimals at most")
    salt = reader.read_text(place.at("salt"), "'salt'") if "salt" in place else name
    return Holdout(float(percent), salt)


def _sync(place: Place) -> tuple[SyncEntry, ...]:
    if place.value is None:
        return ()
    if not isinstance(place.value, list):
        place.fault("'sync' must be a list", "begin each destination with '- '")
        return ()
    entries = tuple(_entry(place.at(i)) for i in range(len(place.value)))
    for i, entry in enumerate(entries):
        if entry.to and entry.to in (earlier.to for earlier in entries[:i]):
            place.at(i).fault("this destination stands twice", "keep one of them")
    return entries


def _entry(place: Place) -> SyncEntry:
    if not reader.read_words(place, _SYNC_WORDS, "sync"):
        return SyncEntry(to="")
    return SyncEntry(
        to=read_name(place.at("to"), "the destination's name"),
        mode=reader.read_choice(place.at("mode"), MODES, "'mode'", "mirror"),
        schedule=schedule.read_schedule(place.at("schedule")),
        timezone=schedule.read_timezone(place.at("timezone")),
        window_minutes=schedule.read_window(place),
    )
