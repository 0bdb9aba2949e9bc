"""What counts as blank, invisible or a stand-in for "no value" in a cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_SPACES = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
# Soft hyphen, zero-width signs and direction marks: copied along from web pages and phone books.
INVISIBLE = (
    "\xad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061"
    "\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
ENDS = _SPACES + INVISIBLE
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

# What exporters, form fillers and programming languages write for "no value", in lower case.
SENTINELS = frozenset(
    (
        *(
            "-",
            "--",
            ".",
            "?",
            "#n/a",
            "<na>",
            "<none>",
            "<null>",
            "(none)",
            "(null)",
            "\\n",
            "n.a.",
        ),
        *("n/a", "n\\a", "na", "nan", "nat", "nil", "no", "none", "null", "undefined", "unknown"),
        *("anonymous", "blank", "empty", "missing", "not available", "not provided", "no email"),
        *("no phone", "test@test.com", "none@none.com", "na@na.com", "noemail@noemail.com"),
    )
)


def first_fault(text: str, checks: tuple[tuple[str, Callable[[str], object]], ...]) -> str:
    """Return the reason of the first check that finds a fault, or nothing."""
    return next((reason for reason, bad in checks if bad(text)), "")


def has_space(text: str) -> bool:
    """Tell whether a text holds white space of any script."""
    return any(map(str.isspace, text))


def trim(value: str) -> str:
    """Return a value without spaces and invisible signs at its ends."""
    return value.strip(ENDS)


def compose(text: str) -> str:
    """Return a text in Unicode's composed form, the one that keyboards type."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def is_sentinel(text: str) -> bool:
    """Tell whether a trimmed text stands for "no value"."""
    return len(text) <= 24 and text.lower() in SENTINELS


# ZERO WIDTH (NON-)JOINER shape letters of Arabic and Indic scripts; between others they are noise.
_JOINERS = "\u200c\u200d"
_NOISE = {ord(sign): None for sign in INVISIBLE if sign not in _JOINERS}
_LOOSE_JOINER = re.compile("(?<![\u0600-\u0dff])[\u200c\u200d]|[\u200c\u200d](?![\u0600-\u0dff])")
# ASCII typed with an East Asian keyboard in its wide mode.
NARROW = {0xFF01 + i: 0x21 + i for i in range(94)}


def seen(text: str) -> str:
    """Return a text trimmed, composed (NFC) and without signs that nobody sees."""
    if text.isascii():
        return text.strip(ENDS)
    kept = _LOOSE_JOINER.sub("", text.translate(_NOISE))
    return compose(kept).strip(ENDS)


def ascii_digits(text: str) -> str:
    """Return a text with the digits of any script written as ASCII ones, and wide ASCII narrow."""
    if text.isascii():
        return text
    narrow = text.translate(NARROW)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in narrow)


def has_letters(text: str) -> bool:
    """Tell whether there is a letter or digit of any script in a text."""
    return any(map(str.isalnum, text))
