"""Reads a request's body as JSON: plain or gzip, within a limit, whatever its type claims."""

from __future__ import annotations

import json
import zlib
from typing import Any

from starlette.requests import Request

_GZIP = 16 + zlib.MAX_WBITS


class BodyError(Exception):
    """A body that cannot be used; the message says why and quotes nothing."""


async def read_json(request: Request, largest: int) -> Any:
    """Return the value of a JSON body.

    Raises:
        BodyError: when it is larger than `largest` bytes, or no JSON.
    """
    raw = await _limited(request, largest)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "gzip":
        raw = _unzipped(raw, largest)
    elif encoding != "identity":
        raise BodyError("the content encoding is not known (use gzip, or none)")
    try:
        return json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise BodyError("the body is not JSON in UTF-8") from None


async def _limited(request: Request, largest: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > largest:
            raise _too_large(largest)
        parts.append(part)
    return b"".join(parts)


def _unzipped(raw: bytes, largest: int) -> bytes:
    unzip = zlib.decompressobj(_GZIP)
    try:
        # A small body may unfold without end.
        out = unzip.decompress(raw, largest + 1)
    except zlib.error:
        raise BodyError("the body is not gzip") from None
    if len(out) > largest:
        raise _too_large(largest)
    if not unzip.eof:
        raise BodyError("the gzip body is cut short")
    return out


def _too_large(largest: int) -> BodyError:
    return BodyError(f"the body is larger than {largest // 1024} KB")


def _no_number(_: str) -> None:
    raise ValueError
