"""The text of a list on its way to Arrow: quotes are counted, bytes that are no UTF-8 marked.

Arrow hands no row to its handler that is not UTF-8, and one such row would cost the whole file.
"""

from __future__ import annotations

import codecs
import io

import pyarrow as pa

# Characters that mean nothing, one for each byte from 80 to FF; no text holds them.
_FIRST = 0x10FF00
_MARKED = {0xDC00 + byte: _FIRST + byte for byte in range(0x80, 0x100)}
_BACK = {_FIRST + byte: byte for byte in range(0x80, 0x100)}
MARK = b"\xf4\x8f"  # how each of them begins in UTF-8


class Rest(io.RawIOBase):
    """The rest of a stream, always UTF-8; `quotes` have passed so far."""

    def __init__(self, stream: pa.NativeFile) -> None:
        super().__init__()
        self._stream, self.quotes = stream, 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._ready = b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, and none only at the end."""
        while not self._ready:
            raw = bytes(self._stream.read(size) if size >= 0 else self._stream.read())
            text = self._decoder.decode(raw, final=not raw)
            self._ready = _encoded(text)
            if not raw:
                break
        # A marked byte is longer than it was, and Arrow takes no more than it asked for.
        size = len(self._ready) if size < 0 else size
        out, self._ready = self._ready[:size], self._ready[size:]
        self.quotes += out.count(b'"')
        return out


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.translate(_MARKED).encode()


def as_latin1(text: str) -> str:
    """Return a text with its marked bytes as Latin-1 has them."""
    return text.translate(_BACK)
