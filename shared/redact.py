"""Redaction: what may be shown of a value or a text that could hold personal data."""

from __future__ import annotations

import re
import unicodedata

SAMPLE = 24
# Bounded, as a log line may be made of a megabyte that a stranger sent.
_EMAIL = re.compile(r"[^\s<>()\[\]{}\"',;:=@]{1,254}(?:@|%40)[^\s<>()\[\]{}\"',;:=@]{1,254}")
_SECRET = re.compile(
    r"(?i)(\b(?:bearer|basic)|token|secret|passw[a-z]{0,8}|api[-_]?key|authorization)"
    r"([\"']?\s{0,8}[:=](?!//)\s{0,8}[\"']?|\s{1,8}(?=[\w.~+/=-]{16}))(?:bearer\s+|basic\s+)?"
    r"[^\s\"',;&}]+"
)
_JWT = re.compile(r"\beyJ[\w-]+(?:\.[\w-]+)+")
_UUID = re.compile(r"(?i)(?<![0-9a-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])")
_BASE64 = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{43}=")
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{24,}=*")
_RUN = re.compile(r"\d{8}T\d{6}-[0-9a-f]{10,11}")  # as shared.ids makes them
_IP = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|(?i:(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?![\w:]))"
)
_OWN = "127.0.0.1"  # this machine, and so nobody's
_DIGITS = re.compile(
    r"(?<!\w)(?<!T\d{6}-)[+(]{0,2}\d(?:[ .()/\u00a0\u2010-\u2013-]{0,3}\d){6,}(?!\w)"
)
_DATE = re.compile(r"[12]\d{3}-[01]\d-[0-3]\d(?: [0-2]\d)?|[12]\d{3}[01]\d[0-3]\d")


def shape(value: str) -> str:
    """Return the shape of a value: letters as `a`, digits as `9`, at most 24 characters."""
    return "".join(_mask(character) for character in value[:SAMPLE])


def _mask(character: str) -> str:
    match unicodedata.category(character)[0]:
        case "L" | "M":
            return "a"
        case "N":
            return "9"
        case "P" | "Z":
            return character
        case _ if character.isascii() and character.isprintable():
            return character
    # Circled letters, flags and control characters can spell a name too.
    return "?"


def scrub(text: str) -> str:
    """Remove from free text whatever looks like an identifier, a digest of one, or a credential."""
    text = _SECRET.sub(r"\1\2[secret]", text)
    text = _JWT.sub("[secret]", text)
    text = _EMAIL.sub("[email]", text)
    text = _UUID.sub("[id]", text)
    text = _BASE64.sub("[digest]", text)
    text = _OPAQUE.sub(_opaque, text)
    text = _IP.sub(lambda found: found[0] if found[0] == _OWN else "[ip]", text)
    return _DIGITS.sub(_number, text)


def _opaque(found: re.Match[str]) -> str:
    word = found[0]
    if _RUN.fullmatch(word):  # what operators look up must stay readable
        return word
    digits = any(c.isdigit() for c in word)
    one_word = not any(c in "_-" for c in word)
    mixed = any(c.isupper() for c in word) and any(c.islower() for c in word)
    return "[digest]" if (digits and (one_word or mixed)) or word.isdigit() else word


def _number(found: re.Match[str]) -> str:
    return found[0] if _DATE.fullmatch(found[0]) else "[number]"
