"""Reads one value of a rule file at a time, and notes a fault where it is not what it should be."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from audiences.rules.literals import is_storable
from shared.errors import Fault
from shared.located import Located, Path

_WORD = re.compile(r"[\w./-]{1,60}")
_LARGEST = 10**14
_YEARS = range(1800, 3000)


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a document, and the list that takes the faults found there."""

    document: Located
    path: Path
    value: Any
    faults: list[Fault]

    def at(self, key: str | int) -> Place:
        """Return the place of a child; its value is None where there is none."""
        value = self.value[key] if key in self else None
        return replace(self, path=(*self.path, key), value=value)

    def __contains__(self, key: object) -> bool:
        """Tell whether a key or an index stands here."""
        known = range(len(self.value)) if isinstance(self.value, list) else self.value
        return isinstance(self.value, list | dict) and key in known

    @property
    def line(self) -> int:
        """Return the line on which the value stands."""
        return int(self.document.where(*self.path).rpartition(":")[2])

    def fault(self, what: str, fix: str = "") -> None:
        """Note a fault here."""
        self.faults.append(Fault(self.document.where(*self.path), what, fix))


def quoted(word: object) -> str:
    """Return a word for a message; what does not look like one may be personal and is not shown."""
    return f"'{word}'" if isinstance(word, str) and _WORD.fullmatch(word) else "this word"


def meant(word: object, known: Iterable[str]) -> str:
    """Return the hint that goes with an unknown word."""
    words = list(known)
    close = difflib.get_close_matches(str(word), words, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"use one of {', '.join(words)}" if words else "there is none yet"


def read_words(place: Place, known: Collection[str], of: str) -> bool:
    """Note every key that does not belong; tell whether this is a mapping at all."""
    if not isinstance(place.value, dict):
        place.fault(f"{of} must be a mapping", f"write words such as '{next(iter(known))}: …'")
        return False
    for key in place.value:
        if key not in known:
            place.at(key).fault(f"{of} has no word {quoted(key)}", meant(key, known))
    return True


def read_text(place: Place, of: str) -> str:
    """Read a text that is not empty."""
    if isinstance(place.value, bool):
        place.fault(f"{of} reads as true or false", "put it in quotes, such as 'NO'")
    elif isinstance(place.value, int | float | date):
        place.fault(f"{of} reads as a number or date", "put it in quotes")
    elif not isinstance(place.value, str) or not place.value:
        place.fault(f"{of} must be a text")
    elif not is_storable(place.value):
        place.fault(f"{of} holds a character that is no text", "remove NUL and lone surrogates")
    else:
        return place.value
    return ""


def read_choice(place: Place, known: Collection[str], of: str, default: str) -> str:
    """Read one of a few words."""
    if place.value is None:
        return default
    if place.value in known and isinstance(place.value, str):
        return place.value
    place.fault(f"{of} cannot be {quoted(place.value)}", meant(place.value, known))
    return default


def read_list(place: Place, of: str) -> list[Place]:
    """Read a list of at least one value; a single value is a list of one."""
    if not isinstance(place.value, list):
        return [place]
    if not place.value:
        place.fault(f"{of} is an empty list", "name at least one")
    return [place.at(i) for i in range(len(place.value))]


def read_number(place: Place, of: str) -> Decimal:
    """Read a number of at most fourteen digits and four decimals, exactly."""
    value = place.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        place.fault(f"{of} must be a number", "write it without quotes or units")
        return Decimal(0)
    number = Decimal(str(value)) if abs(value) < _LARGEST else Decimal("NaN")
    if not number.is_finite() or round(number, 4) != number:
        place.fault(f"{of} is out of range", "use at most 14 digits and 4 decimals")
        return Decimal(0)
    return number


def read_whole(place: Place, of: str, least: int, most: int) -> int:
    """Read a whole number between two bounds."""
    value = place.value
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    place.fault(f"{of} must be a whole number from {least} to {most}")
    return least


def read_moment(place: Place, of: str) -> date | datetime:
    """Read a date or a point in time; one without an offset is UTC."""
    value = place.value
    if isinstance(value, str):
        value = _from_iso(value)
    if not isinstance(value, date) or value.year not in _YEARS:
        place.fault(f"{of} must be a date", "write it as 2026-01-31 or 2026-01-31T08:00:00Z")
        return date(2000, 1, 1)
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return value


def _from_iso(text: str) -> date | None:
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    return None
