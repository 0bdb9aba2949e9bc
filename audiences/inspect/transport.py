"""The text of a list on its way to Arrow: quotes are counted, bytes that are no UTF-8 marked.

Arrow hands no row to its handler that is not UTF-8, and one such row would cost the whole file.
"""

from __future__ import annotations

import io

import pyarrow as pa

from shared.utf8 import Marking


class Rest(io.RawIOBase):
    """The rest of a stream, always UTF-8; `quotes` have passed so far."""

    def __init__(self, stream: pa.NativeFile) -> None:
        super().__init__()
        self._stream, self.quotes = stream, 0
        self._marking, self._ready = Marking(), b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, and none only at the end."""
        while not self._ready:
            raw = bytes(self._stream.read(size) if size >= 0 else self._stream.read())
            self._ready = self._marking.marked(raw, final=not raw)
            if not raw:
                break
        # A marked byte is longer than it was, and Arrow takes no more than it asked for.
        size = len(self._ready) if size < 0 else size
        out, self._ready = self._ready[:size], self._ready[size:]
        self.quotes += out.count(b'"')
        return out
