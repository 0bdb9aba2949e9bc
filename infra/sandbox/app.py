"""The sandbox as an ASGI application: stand-ins, faults, rate limits, the back door."""

from __future__ import annotations

import asyncio
import hashlib
import time
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.sandbox import backdoor
from infra.sandbox.call import Call, RefusedError, Reply, StandIn
from infra.sandbox.faults import pick
from infra.sandbox.registry import SLUGS, stand_in
from infra.sandbox.state import Arrived, State, fresh

BODY_BYTES = 64 * 1024 * 1024
SECRET_HEADERS = frozenset(
    {
        "access-token",
        "authenticationtoken",
        "authorization",
        "cookie",
        "developertoken",
        "proxy-authorization",
        "ttd-auth",
        "x-auth-token",
    }
)
SECRET_WORDS = ("token", "secret", "signature", "auth_code")  # in the names of query parameters


def application() -> ASGIApp:
    """Return the whole sandbox, with a state of its own."""
    held = [fresh(SLUGS)]

    def reset() -> None:
        held[0] = fresh(SLUGS)

    async def platforms(scope: Scope, receive: Receive, send: Send) -> None:
        response = await _respond(held[0], Request(scope, receive))
        if response is not None:
            await response(scope, receive, send)
            return
        scope["sandbox.drop"]()
        while (await receive())["type"] != "http.disconnect":
            pass

    doors = backdoor.routes(lambda: held[0], reset)
    starlette = Starlette(routes=[*doors, Mount("/", app=platforms)])

    async def outermost(scope: Scope, receive: Receive, send: Send) -> None:
        # Only here is `send` uvicorn's own, and with it the connection that a fault cuts.
        cycle: Any = getattr(send, "__self__", None)
        scope["sandbox.drop"] = cycle.transport.abort if cycle is not None else lambda: None
        await starlette(scope, receive, send)

    return outermost


async def _respond(state: State, request: Request) -> Response | None:
    """Answer one call to a platform; None drops the connection."""
    slug, _, rest = request.url.path.removeprefix("/").partition("/")
    standin = stand_in(slug)
    if standin is None:
        known = ", ".join(f"/{name}" for name in SLUGS)
        return JSONResponse({"error": f"no such platform; there are: {known}"}, status_code=404)
    try:
        body = _plain(await request.body(), request.headers.get("content-encoding", ""))
    except ClientDisconnect:
        return None
    headers = dict(request.headers)
    call = Call(
        method=request.method,
        path=f"/{rest}",
        query=dict(request.query_params),
        headers=headers,
        body=body,
        url=str(request.url).partition("?")[0],
        raw_query=request.url.query,
    )
    fault = _fault(state, standin, call)
    if fault == "timeout":
        await asyncio.sleep(state.faults.timeout_seconds)
    reply = None if fault == "timeout" else _reply(state, standin, call, fault)
    dropped = reply is None or fault == "reset_after_commit"
    _record(state, standin, call, 0 if dropped or reply is None else reply.status, fault)
    return None if dropped or reply is None else _response(reply)


def _plain(body: bytes, encoding: str) -> bytes:
    """Unpack a gzip body, never to more than the sandbox would take in plain."""
    if encoding.lower() != "gzip":
        return body
    try:
        return zlib.decompressobj(wbits=31).decompress(body, BODY_BYTES)
    except zlib.error:
        return b""


def _fault(state: State, standin: StandIn, call: Call) -> str:
    digest = call.digest()
    state.seen[digest] += 1
    kind = pick(state.faults, digest, state.seen[digest])
    if kind == "partial" and not standin.takes_rows(call):
        return ""
    takes_token = standin.takes_token(call) and call.path not in standin.tokens_at
    return "" if kind == "expired_token" and not takes_token else kind


def _reply(state: State, standin: StandIn, call: Call, fault: str) -> Reply:
    pace = state.paces[standin.slug]
    wait = pace.wait(time.monotonic())
    throttled = bool(wait) or fault == "429"
    wait = wait or (state.faults.retry_after_seconds if throttled else 0.0)
    reply = standin.throttled(wait) if throttled else _answer(state, standin, call, fault)
    if standin.paced is None:
        return reply
    counts = standin.paced(int(pace.burst), 0 if throttled else int(pace.left), wait)
    return replace(reply, headers={**counts, **reply.headers})


def _answer(state: State, standin: StandIn, call: Call, fault: str) -> Reply:
    if fault == "500":
        return standin.broken()
    if fault == "expired_token":
        return standin.expired()
    if fault == "partial":
        call = replace(call, spoil=True)
    try:
        return standin.handle(call, state)
    except RefusedError as refused:
        return refused.reply


def _record(state: State, standin: StandIn, call: Call, status: int, fault: str) -> None:
    shown = {k: v for k, v in call.query.items() if not any(w in k.lower() for w in SECRET_WORDS)}
    query = "&".join(f"{k}={v}" for k, v in shown.items())
    # A token endpoint is told secrets in its body, so of that one only the digest is kept.
    body = b"" if call.path in standin.tokens_at else call.body
    arrived = Arrived(
        platform=standin.slug,
        method=call.method,
        path=f"/{standin.slug}{call.path}" + (f"?{query}" if query else ""),
        status=status,
        fault=fault,
        headers=_shown(call.headers),
        sha256=hashlib.sha256(call.body).hexdigest(),
        size=len(call.body),
    )
    state.record(arrived, body)


def _shown(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in SECRET_HEADERS}


def _response(reply: Reply) -> Response:
    headers = dict(reply.headers)
    if reply.body is None or isinstance(reply.body, bytes):
        return Response(reply.body, status_code=reply.status, headers=headers)
    if isinstance(reply.body, str):
        return PlainTextResponse(reply.body, status_code=reply.status, headers=headers)
    return JSONResponse(dict(reply.body), status_code=reply.status, headers=headers)
