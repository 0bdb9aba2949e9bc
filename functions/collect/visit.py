"""What a request says of its visitor: first-party cookie, privacy signals, write key."""

from __future__ import annotations

import base64
import binascii
import re

from starlette.requests import Request
from starlette.responses import Response

from audiences.flows.collect import Collector, Sender, source_of
from audiences.flows.visitor import key_of
from audiences.identifiers.catalog import id_type

COOKIE = "bridge_id"
OPT_OUT = "bridge_opt_out"  # holds no id: it is the same for everybody
HEADER = "x-bridge-id"
_ID = re.compile(r"[0-9a-f]{32}")
_DAYS_90 = 90 * 24 * 3600
_DAYS_400 = 400 * 24 * 3600  # the longest that browsers keep a cookie


def refuses(request: Request) -> bool:
    """Say whether the browser asks that nothing be kept: Sec-GPC, or an opt-out made here."""
    return request.headers.get("sec-gpc", "").strip() == "1" or OPT_OUT in request.cookies


def cookie(request: Request) -> str:
    """Return the visitor's first-party id, or an empty text."""
    value = request.cookies.get(COOKIE, "")
    return value if _ID.fullmatch(value) else ""


def sender(request: Request, source: str) -> Sender:
    """Return where a request's calls come from."""
    agent = request.headers.get("user-agent", "")[:400]
    return Sender(source, cookie(request), agent, refuses(request))


def source(request: Request, collector: Collector, in_body: object = None) -> str | None:
    """Return the source of the write key: the user name of Basic authorization, or in the body."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        return source_of(collector, given.partition(":")[0])
    return source_of(collector, in_body) if isinstance(in_body, str) else None


def named_key(request: Request, collector: Collector) -> str | None:
    """Name the entry of the id in the header: `VALUE` of a cookie, or `TYPE:VALUE`."""
    text = request.headers.get(HEADER, "")
    kind, colon, value = text.rpartition(":")
    if not colon or id_type(kind) is None:
        kind, value = "cookie", text
    return key_of(collector.secret, kind, value)


def cookie_key(request: Request, collector: Collector) -> str | None:
    """Name the entry of the first-party cookie."""
    return key_of(collector.secret, "cookie", cookie(request))


def keep_cookie(request: Request, response: Response, value: str) -> None:
    """Set the first-party cookie, or its 90 days anew."""
    _set(request, response, COOKIE, value, _DAYS_90)


def keep_opt_out(request: Request, response: Response) -> None:
    """Set the cookie that says no, and take the id away."""
    _set(request, response, OPT_OUT, "1", _DAYS_400)
    response.delete_cookie(COOKIE, path="/")


def _set(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
