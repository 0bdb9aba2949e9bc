"""The sandbox's back door: tests look at what arrived, and set faults, limits and the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from itertools import chain, repeat
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.sandbox.call import is_sha256, parse
from infra.sandbox.faults import read_faults
from infra.sandbox.state import Audience, Pace, State
from shared.clock import Clock, parse_instant
from shared.errors import ConfigurationError

PACE = ("per_second", "burst", "polls", "milliseconds", "absent")


def routes(state: Callable[[], State], reset: Callable[[], None]) -> list[Route]:
    """Return the back door's routes over the state of the moment."""

    async def show(_request: Request) -> Response:
        return JSONResponse(_show(state()))

    async def members(request: Request) -> Response:
        place = request.path_params
        return _members(state(), place["platform"], place["audience"])

    async def requests(_request: Request) -> Response:
        return JSONResponse(_requests(state()))

    async def act(request: Request) -> Response:
        return _act(state(), request.path_params["what"], await request.body())

    async def forget(_request: Request) -> Response:
        reset()
        return JSONResponse({"reset": True})

    return [
        Route("/_sandbox/state", show),
        Route("/_sandbox/state/{platform}/{audience:path}", members),
        Route("/_sandbox/requests", requests),
        Route("/_sandbox/reset", forget, methods=["POST"]),
        Route("/_sandbox/{what}", act, methods=["POST"]),
    ]


def _show(state: State) -> dict[str, Any]:
    state.sweep()
    return {
        slug: {a.id: {"count": len(a.members), "digest": a.digest()} for a in audiences.values()}
        for slug, audiences in state.platforms.items()
    }


def _members(state: State, platform: str, audience_id: str) -> Response:
    state.sweep()
    audience = state.platforms.get(platform, {}).get(audience_id)
    if audience is None:
        return _wrong("there is no such audience", 404)
    shown = {"members": sorted(audience.members), "name": audience.name}
    return JSONResponse({**shown, "account": audience.account})


def _requests(state: State) -> list[dict[str, Any]]:
    gone = len(state.log) - len(state.bodies)
    bodies = chain(repeat(None, gone), (b.decode("utf-8", "replace") for b in state.bodies))
    return [asdict(one) | {"body": body} for one, body in zip(state.log, bodies, strict=True)]


def _act(state: State, what: str, text: bytes) -> Response:
    acts = {"faults": _faults, "clock": _clock, "limits": _limits, "audiences": _audience}
    acts["optouts"] = _optout
    body = parse(text)
    if what not in acts or body is None:
        return _wrong("no such act, or its body is not a JSON object", 404 if body else 400)
    return acts[what](state, body)


def _faults(state: State, body: dict[str, Any]) -> Response:
    faults = read_faults(body)
    if isinstance(faults, str):
        return _wrong(faults)
    state.faults = faults
    state.seen.clear()  # the same faults after the same request, whatever came before
    return JSONResponse(asdict(faults))


def _clock(state: State, body: dict[str, Any]) -> Response:
    now = body.get("now")
    try:
        state.clock = Clock(None if now is None else parse_instant(str(now)))
    except ConfigurationError:
        return _wrong("now must be an ISO 8601 instant, or null")
    return JSONResponse({"now": state.clock.now().isoformat()})


def _limits(state: State, body: dict[str, Any]) -> Response:
    """Set paces by platform: {"meta": {"per_second": 5, "burst": 1}}."""
    for slug, pace in body.items():
        known = isinstance(pace, dict) and slug in state.paces and set(pace) <= set(PACE)
        if not known or any(type(n) not in (int, float) or n < 0 for n in pace.values()):
            return _wrong(f"write {{platform: {{{', '.join(PACE)}}}}} with numbers")
    for slug, pace in body.items():
        new = Pace(**{**{name: getattr(state.paces[slug], name) for name in PACE}, **pace})
        new.left = new.burst
        state.paces[slug] = new
    return JSONResponse({slug: asdict(pace) for slug, pace in state.paces.items()})


def _audience(state: State, body: dict[str, Any]) -> Response:
    """Put an audience of a given id there, as if somebody had made it by hand."""
    fields = ("platform", "id", "name", "account")
    if set(body) != set(fields) or body["platform"] not in state.platforms:
        return _wrong(f"write all of: {', '.join(fields)}")
    account = str(body["account"]).removeprefix("act_")
    made = Audience(id=str(body["id"]), name=str(body["name"]), account=account)
    state.platforms[str(body["platform"])].setdefault(made.id, made)
    return JSONResponse({"id": made.id})


def _optout(state: State, body: dict[str, Any]) -> Response:
    """Let whoever has this normalised address or number opt out of UID2: {"sha256": "<hex>"}."""
    if set(body) != {"sha256"} or not is_sha256(body["sha256"]):
        return _wrong("write sha256: the digest of a normalised address or number, in hex")
    digest = bytes.fromhex(body["sha256"])
    since = state.opted_out.setdefault(digest, int(state.clock.now().timestamp() * 1000))
    return JSONResponse({"opted_out_since": since})


def _wrong(why: str, status: int = 400) -> Response:
    return JSONResponse({"error": why}, status_code=status)
