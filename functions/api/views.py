"""Routes of what jobs make and the API shows: an audience's size, a person; and of erasure."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse

from audiences.flows import define, views
from audiences.flows.views import Views
from functions.api.desk import Admin, Api, Ports, ProblemError, Reader

router = APIRouter(tags=["views"])
_PERSON = re.compile(r"[0-9a-f]{32}")
_COUNTS = ("audience", "of", "members", "held_out", "suppressed", "at")
_AGAIN = {"Retry-After": "2"}
_NO_STORE = {"Cache-Control": "no-store, private"}


def _views(ports: Api) -> Views:
    desk = ports.desk
    return Views(desk.store, desk.kv, desk.jobs, desk.clock)


@router.post("/audiences/{name}/estimate", responses={202: {}, 404: {}, 409: {}})
def estimate_audience(name: str, ports: Ports, _: Reader) -> JSONResponse:
    """Say how large an audience is, an hour old at most; where none is known, count and say 202."""
    defined = define.read(ports.files, name)
    if defined is None:
        raise ProblemError(404, "there is no audience of that name")
    told = views.estimate(_views(ports), name, defined.tag)
    if told is None:
        again = {"Location": f"/audiences/{name}/estimate", **_AGAIN}
        return JSONResponse({"status": "queued"}, 202, again)
    if "error" in told:
        raise ProblemError(409, str(told["error"]))
    return JSONResponse({key: told[key] for key in _COUNTS})


@router.get("/people/{id}", responses={202: {}, 404: {}, 413: {}})
def read_person(id: str, ports: Ports, _: Admin) -> JSONResponse:  # noqa: A002 - the path's word
    """Show what is known of a person, by the id that the bridge gave; 202 while it is gathered."""
    if not _PERSON.fullmatch(id):
        raise ProblemError(404, "a person's id is 32 hexadecimal digits")
    told: dict[str, Any] | None = views.person(_views(ports), id)
    if told is None:
        again = {"Location": f"/people/{id}", **_AGAIN, **_NO_STORE}
        return JSONResponse({"status": "queued"}, 202, again)
    if told.get("unknown"):
        raise ProblemError(404, "nobody has that id (or people were resolved anew since)")
    if "error" in told:
        raise ProblemError(413, str(told["error"]))
    return JSONResponse(told, headers=_NO_STORE)


@router.post("/erasures", status_code=501, responses={501: {}})
def erase(_: Admin) -> JSONResponse:
    """Say that erasing a person is not there yet."""
    raise ProblemError(501, "erasing a person is not available in this version")
