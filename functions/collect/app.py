"""The collector as a Starlette application over one `Collector`; knows no AWS."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from audiences.flows.collect import MOST_CALLS, SIGHTING, Collected, Collector, Sender, collect
from audiences.flows.visitor import memberships, opt_out
from audiences.ingest.calls import KINDS, LARGEST_BATCH, LARGEST_CALL
from functions.collect import visit
from functions.collect.body import BodyError, read_json
from functions.problem import HANDLERS, guarded, problem
from shared.errors import Fault

GIF = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
PIXEL = "pixel"  # the source of what the pixel sees
SYNC = "cookie-sync"
NO_STORE = {"Cache-Control": "no-store, private", "Pragma": "no-cache"}
_MOST_TRAITS = 10
_LONGEST_PARTNER_ID = 200
Calls = Sequence[tuple[str, Any]]


def application(collector: Collector, origins: Sequence[str] = ()) -> ASGIApp:
    """Return the application; pages of these origins may call it with the visitor's cookie."""
    routes = [
        Route("/health", _health),
        *(Route(f"/v1/{kind}", _one, methods=["POST"], name=kind) for kind in KINDS),
        Route("/v1/batch", _batch, methods=["POST"]),
        Route("/v1/sightings", _sightings, methods=["POST"]),
        Route("/v1/px.gif", _pixel),
        Route("/v1/sync", _sync),
        Route("/v1/memberships", _memberships),
        Route("/v1/opt-out", _opt_out, methods=["POST"]),
    ]
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_credentials=True,
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", visit.HEADER],
        max_age=3600,
    )
    app = Starlette(
        routes=routes,
        middleware=[cors] if origins else [],
        exception_handlers={**HANDLERS, BodyError: _bad_body, ClientDisconnect: _bad_body},
    )
    app.state.collector = collector
    return guarded(app)


async def _bad_body(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the framework's
    return problem(400, str(error))


def _collector(request: Request) -> Collector:
    collector: Collector = request.app.state.collector
    return collector


async def _health(request: Request) -> Response:  # noqa: ARG001
    return JSONResponse({"status": "ok"}, headers=NO_STORE)


async def _one(request: Request) -> Response:
    kind = request.url.path.rpartition("/")[2]
    call = await read_json(request, LARGEST_CALL)
    return await _take(request, call, [(kind, call)])


async def _batch(request: Request) -> Response:
    body = await read_json(request, LARGEST_BATCH)
    batch = body.get("batch") if isinstance(body, dict) else None
    if not isinstance(batch, list) or not 0 < len(batch) <= MOST_CALLS:
        return problem(400, faults=[Fault("batch", f"must be a list of 1 to {MOST_CALLS} calls")])
    calls = [_filled_in(call, body) for call in batch]
    kinds = [call.get("type") if isinstance(call, dict) else "" for call in batch]
    return await _take(request, body, list(zip(map(str, kinds), calls, strict=True)), "batch")


def _filled_in(call: Any, body: Mapping[str, Any]) -> Any:
    """Give a call what its batch says for all of them."""
    if not isinstance(call, dict):
        return call
    own = {"sentAt": body["sentAt"], **call} if body.get("sentAt") is not None else call
    context, shared = own.get("context"), body.get("context")
    if isinstance(shared, dict) and (context is None or isinstance(context, dict)):
        return {**own, "context": {**shared, **(context or {})}}
    return own


async def _sightings(request: Request) -> Response:
    body = await read_json(request, LARGEST_BATCH)
    rows = body.get("sightings", [body]) if isinstance(body, dict) else body
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_CALLS:
        return problem(400, faults=[Fault("sightings", f"must be a list of 1 to {MOST_CALLS}")])
    return await _take(request, body, [(SIGHTING, row) for row in rows], "sightings")


async def _take(request: Request, body: Any, calls: Calls, of: str = "") -> Response:
    in_body = body.get("writeKey") if isinstance(body, dict) else None
    source = visit.source(request, _collector(request), in_body)
    if source is None:
        # A challenge of the scheme Basic would make browsers ask the visitor for a password.
        detail = "send a known write key as the user name of Basic authorization"
        return problem(401, detail, headers={"WWW-Authenticate": 'WriteKey realm="collector"'})
    done = await _run(request, visit.sender(request, source), calls)
    faults = [
        Fault(_place(of, refused.place, fault.where), fault.what, fault.fix)
        for refused in done.refused
        for fault in refused.faults
    ]
    if len(done.refused) == len(calls):
        return problem(400, "nothing in it can be used", faults)
    answer: dict[str, Any] = {"success": True}
    if faults:
        places = [refused.place for refused in done.refused]
        answer["rejected"] = {"count": len(places), "places": places[:50]}
    return JSONResponse(answer)


def _place(of: str, number: int, where: str) -> str:
    return ".".join(part for part in (f"{of}[{number}]" if of else "", where) if part)


async def _run(request: Request, sender: Sender, calls: Calls) -> Collected:
    return await run_in_threadpool(collect, _collector(request), sender, calls)


async def _pixel(request: Request) -> Response:
    response = Response(GIF, media_type="image/gif", headers=NO_STORE)
    if visit.refuses(request):
        return response
    value = visit.cookie(request) or secrets.token_hex(16)
    traits = request.query_params.get("t", "")[:500].split("|")[:_MOST_TRAITS]
    call = {"anonymousId": value, "properties": {"traits": traits}}
    seen = replace(visit.sender(request, PIXEL), cookie=value)
    done = await _run(request, seen, [("page", call)])
    if done.accepted > done.dropped:
        visit.keep_cookie(request, response, value)
    return response


async def _sync(request: Request) -> Response:
    """Keep that our cookie and a partner's id are of one browser; it answers as the pixel does."""
    collector = _collector(request)
    partner, theirs = (request.query_params.get(name, "") for name in ("partner", "id"))
    faults = [Fault("partner", "is not one of those that are set up")]
    if partner not in collector.partners:
        return problem(400, faults=faults)
    if not 0 < len(theirs) <= _LONGEST_PARTNER_ID:
        faults = [
            Fault("id", f"must be the partner's id, {_LONGEST_PARTNER_ID} characters at most")
        ]
        return problem(400, faults=faults)
    response = Response(GIF, media_type="image/gif", headers=NO_STORE)
    if visit.refuses(request):
        return response
    value = visit.cookie(request) or secrets.token_hex(16)
    seen = {"id_type": f"partner:{partner}", "id": theirs, "party": 3}
    seen |= {"link_type": "cookie", "link_value": value}
    done = await _run(request, visit.sender(request, SYNC), [(SIGHTING, seen)])
    if done.accepted > done.dropped:
        visit.keep_cookie(request, response, value)
    return response


async def _memberships(request: Request) -> Response:
    collector = _collector(request)
    if visit.HEADER in request.headers:
        if visit.source(request, collector) is None:
            return problem(401, "an id in a header is answered to who has a write key")
        key = visit.named_key(request, collector)
    else:
        key = visit.cookie_key(request, collector)
    found: list[str] = []
    if key is not None and not visit.refuses(request):
        now = collector.clock.now().timestamp()
        found = await run_in_threadpool(memberships, collector.kv, key, now)
    return JSONResponse({"audiences": found}, headers={**NO_STORE, "Vary": "Cookie"})


async def _opt_out(request: Request) -> Response:
    collector = _collector(request)
    response = JSONResponse({"success": True}, headers=NO_STORE)
    if visit.HEADER in request.headers:
        if visit.source(request, collector) is None:
            return problem(401, "opting out somebody else needs a write key")
        key = visit.named_key(request, collector)
        if key is None:
            return problem(400, faults=[Fault(visit.HEADER, "is no usable identifier")])
    else:
        key = visit.cookie_key(request, collector)
        visit.keep_opt_out(request, response)
    if key is not None:
        await run_in_threadpool(opt_out, collector.kv, key)
    return response
