"""Bytes that are no UTF-8, marked, so that a reader of UTF-8 takes them with the rest of a text."""

from __future__ import annotations

import codecs

# Characters that mean nothing, one for each byte from 80 to FF; no text holds them.
_FIRST = 0x10FF00
_MARKED = {0xDC00 + byte: _FIRST + byte for byte in range(0x80, 0x100)}
_BACK = {_FIRST + byte: byte for byte in range(0x80, 0x100)}
_UNREADABLE = dict.fromkeys(_BACK, "\ufffd")
MARK = b"\xf4\x8f"  # how each of them begins in UTF-8
MARKS = f"[{chr(_FIRST + 0x80)}-{chr(_FIRST + 0xFF)}]"  # the same as a pattern


class Marking:
    """Makes UTF-8 of a stream's bytes, which may part a character; `found` says where it had to."""

    def __init__(self) -> None:
        self.found = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def marked(self, raw: bytes, *, final: bool) -> bytes:
        """Return the next bytes, with each that is not UTF-8 as its mark, four bytes long."""
        text = self._decoder.decode(raw, final)
        try:
            return text.encode()
        except UnicodeEncodeError:
            self.found = True
            return text.translate(_MARKED).encode()


def as_latin1(text: str) -> str:
    """Return a text with its marked bytes as Latin-1 has them."""
    return text.translate(_BACK)


def as_unreadable(text: str) -> str:
    """Return a text with a replacement character for each marked byte."""
    return text.translate(_UNREADABLE)
