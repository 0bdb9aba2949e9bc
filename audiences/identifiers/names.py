"""Names of people, streets and places: one spelling, and what platforms make of it.

Which part of a name is the family's is said by the column and never by the order of words, so
names with the family name first need no rule of their own; nothing is split or reordered.
"""

from __future__ import annotations

import re
import unicodedata

from audiences.identifiers.hashes import looks_hashed
from audiences.identifiers.reasons import Canonical, refused
from audiences.identifiers.text import CONTROL, compose, first_fault, has_letters, seen

LONGEST = 256  # characters
_EMAIL_SHAPE = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
# Shorter than the list for contacts: "Na", "Nan", "Nat", "No" and "Nil" are people's names.
_NO_NAME = frozenset(
    {
        *("#n/a", "<na>", "<none>", "<null>", "(none)", "(null)", "\\n", "n/a", "n\\a", "n.a."),
        *("none", "null", "undefined", "unknown", "anonymous", "not available", "not provided"),
    }
)
_NO_NAME_AS_WRITTEN = frozenset({"nan", "NaN", "NaT"})  # what Python and pandas print


def _is_no_name(text: str) -> bool:
    return text in _NO_NAME_AS_WRITTEN or text.lower() in _NO_NAME


_CHECKS = (
    ("empty", lambda text: not text),
    ("too_long", lambda text: len(text) > LONGEST),
    ("placeholder", _is_no_name),
    ("control_characters", CONTROL.search),
    ("already_hashed", looks_hashed),
    ("looks_like_email", _EMAIL_SHAPE.fullmatch),
    ("no_letters", lambda text: not has_letters(text)),
)


def canonical_line(value: str) -> Canonical:
    """Return a street line or state as it is read; or why it is none."""
    text = seen(value)
    reason = first_fault(text, _CHECKS)
    return refused(reason) if reason else Canonical(text)


def canonical_name(value: str) -> Canonical:
    """Return a name as it is read, its case, accents and inner spaces kept; or why it is none."""
    found = canonical_line(value)
    if found.value is not None and not any(map(str.isalpha, found.value)):
        return refused("no_letters")
    return found


def lower(name: str) -> str:
    """Return a name in lower case, composed."""
    return compose(name.lower())


# Google's Java, Node and .NET utilities agree on these; its Python one (0.4.0) drops none.
_TITLE = re.compile(r"(?:mr|mrs|ms|dr)\.(?:\s|$)")
_SUFFIX = re.compile(
    r"(?:,\s*|\s+)(?:jr\.|sr\.|2nd|3rd|ii|iii|iv|v|vi|cpa|dc|dds|vm|jd|md|phd)\s?$"
)


def untitled(name: str) -> str:
    """Return a first name in lower case without titles such as `Mr.`."""
    return _TITLE.sub("", lower(name)).strip()


def unsuffixed(name: str) -> str:
    """Return a last name in lower case without suffixes such as `Jr.` or `, PhD`."""
    text = lower(name)
    # A suffix stands behind a space or comma, so a name that begins with one is nothing but it.
    while (found := _SUFFIX.search(text)) is not None:
        text = text[: found.start()]
    return text


def _is_word(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LMN"


def lower_letters(name: str) -> str:
    """Return a name in lower case: letters, digits and single inner spaces of any script."""
    parts = ("".join(c for c in part if _is_word(c)) for part in lower(name).split())
    return " ".join(part for part in parts if part)


def lower_joined(name: str) -> str:
    """Return a name in lower case: letters and digits of any script, and no spaces."""
    return "".join(c for c in lower(name) if _is_word(c))


def initial(name: str) -> str:
    """Return the first letter of a name in lower case."""
    return next((c for c in lower(name) if c.isalpha()), "")


_FOLDED = str.maketrans(
    {"ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue", "ø": "o", "æ": "ae"}  # as Amazon has them
)
_NOT_A_Z_0_9 = re.compile(r"[^a-z0-9]")


def folded(name: str) -> str:
    """Return a name in a-z and 0-9: German and Danish letters spelled out, all others dropped."""
    return _NOT_A_Z_0_9.sub("", lower(name).translate(_FOLDED))
