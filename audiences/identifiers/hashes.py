"""SHA-256 digests as users give them: one spelling, and the digests that stand for no value."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from functools import cache

from audiences.identifiers.reasons import Canonical, refused
from audiences.identifiers.text import SENTINELS, trim

_HEX = re.compile(r"[0-9A-Fa-f]{64}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{43}=")
_SPELLINGS = ("None", "NaN", "NaT", "Null", "Nil", "Unknown", "Undefined")


def looks_hashed(text: str) -> bool:
    """Tell whether a trimmed text has the shape of a SHA-256 digest, in hex or base64."""
    return len(text) in {44, 64} and _hex(text) is not None


def canonical_hash(value: str) -> Canonical:
    """Return a digest as 64 lower-case hexadecimal digits; or why it can't be used."""
    text = trim(value)
    if not text:
        return refused("empty")
    digest = _hex(text)
    if digest is None:
        return refused("not_a_hash")
    if digest in void_hashes():
        return refused("empty_hash")
    return refused("sentinel_hash") if digest in sentinel_hashes() else Canonical(digest)


@cache
def void_hashes() -> frozenset[str]:
    """Return the digests of nothing and of a blank."""
    return frozenset(hashlib.sha256(text).hexdigest() for text in (b"", b" "))


@cache
def sentinel_hashes() -> frozenset[str]:
    """Return the digests of the words that stand for "no value", in the usual spellings."""
    words = SENTINELS | {word.upper() for word in SENTINELS} | set(_SPELLINGS)
    return frozenset(hashlib.sha256(word.encode()).hexdigest() for word in words)


def _hex(text: str) -> str | None:
    if _HEX.fullmatch(text):
        return text.lower()
    if not _BASE64.fullmatch(text):
        return None
    try:
        return base64.b64decode(text, altchars=b"-_" if set(text) & set("-_") else None).hex()
    except binascii.Error:
        return None
