"""Reads multipart/form-data bodies (RFC 7578), strictly: a stand-in takes files through them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.sandbox.call import Call

BOUNDARY = re.compile(r'boundary="?([^";]{1,70})"?')
NAME = re.compile(rb'(?:^|[;\s])name="([^"]*)"')
FILE = re.compile(rb'filename="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form, or one file."""

    content: bytes
    filename: str | None = None
    media_type: str = ""

    @property
    def text(self) -> str:
        """Return the content as text."""
        return self.content.decode("utf-8", "replace")


def parts(call: Call) -> dict[str, Part] | None:
    """Return the parts by name, or None when the body is no well-formed form."""
    found = BOUNDARY.search(call.headers.get("content-type", ""))
    if call.media_type != "multipart/form-data" or not found:
        return None
    mark = b"--" + found[1].encode()
    first, *middle = (b"\r\n" + call.body).split(b"\r\n" + mark)
    if first.strip() or not middle or not middle.pop().startswith(b"--"):
        return None
    read: dict[str, Part] = {}
    for piece in middle:
        head, cut, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = NAME.search(head)
        if not cut or not name:
            return None
        read[name[1].decode("utf-8", "replace")] = _part(head, content)
    return read


def _part(head: bytes, content: bytes) -> Part:
    filename = FILE.search(head)
    kind = re.search(rb"(?i)content-type:\s*([^\r\n;]+)", head)
    return Part(
        content=content,
        filename=None if filename is None else filename[1].decode("utf-8", "replace"),
        media_type=kind[1].decode("latin-1").strip().lower() if kind else "",
    )
