"""Hashes that stand for nobody: of nothing, of words for "no value", and hashes of such hashes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import cache

import pyarrow as pa

from audiences.identifiers.text import SENTINELS

ALGORITHMS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}  # name -> digits in hex
NAMES = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}
_NOTHING = ("", " ", "\t", "\n", "\r\n", '""', "''")
# Beside what ingest refuses: what people type to get past a form, and what testers leave behind.
_TYPED = (
    *("test@example.com", "test@gmail.com", "user@example.com", "email@example.com"),
    *("example@example.com", "name@example.com", "info@example.com", "a@a.com", "a@b.com"),
    *("no@email.com", "no@no.com", "none@gmail.com", "na@gmail.com", "null@null.com"),
    *("unknown@unknown.com", "xxx@xxx.com", "asdf@asdf.com", "noreply@noreply.com"),
    *("test", "true", "false", "0", "-1", "email", "phone", "0000000000", "1111111111"),
    *("1234567890", "0123456789", "9999999999", "+10000000000", "+11111111111", "+1234567890"),
    *("+0", "+1", "+", "+0000000000"),
)
KNOWN = pa.schema([("digest", pa.string()), ("known", pa.string()), ("capitals", pa.bool_())])


@cache
def known_hashes() -> pa.Table:
    """Return each digest (lower-case hex) once, what it is of, and whether that had capitals."""
    rows: dict[str, tuple[str, bool]] = {}
    for text in _texts():
        code = "empty_hash" if text in _NOTHING else "sentinel_hash"
        for name in ALGORITHMS:
            digest = hashlib.new(name, text.encode(), usedforsecurity=False)
            rows.setdefault(digest.hexdigest(), (code, text != text.lower()))
            for again in _again(digest.digest()):
                rows.setdefault(again, ("double_hash", False))
    columns = [list(rows), *(list(part) for part in zip(*rows.values(), strict=True))]
    return pa.table(dict(zip(KNOWN.names, columns, strict=True)), schema=KNOWN)


def _texts() -> Iterator[str]:
    yield from _NOTHING
    for word in sorted(SENTINELS | set(_TYPED)):
        for spelt in (word, word.upper(), word.capitalize(), word.title()):
            yield spelt
            yield f"{spelt}\n"  # as `echo` hands it to a hashing tool
    yield from ("NaN", "NaT", "NaN\n")


def _again(digest: bytes) -> Iterator[str]:
    """Hash a hash as careless programs do: its hex digits or its base64, as text."""
    for text in (digest.hex(), digest.hex().upper(), base64.b64encode(digest).decode()):
        for name in ALGORITHMS:
            yield hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()
