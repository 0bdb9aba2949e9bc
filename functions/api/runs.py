"""Routes of exports and runs, and of the reports that jobs make."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from audiences.flows import define, exports
from audiences.flows.cancel import NotUnderWayError, cancel
from audiences.flows.exports import Export, NotStoppedError, ReusedKeyError
from functions.api.desk import Admin, Api, Exporter, Ports, ProblemError, Reader
from shared.clock import parse_instant
from shared.errors import Fault

router = APIRouter(tags=["runs"])
REPORT = "report"
_FRESH = timedelta(hours=1)
_ASKED_SECONDS = 60
IdempotencyKey = Annotated[str, Header(alias="Idempotency-Key", max_length=255)]


class Wish(BaseModel):
    """What an export is asked for with."""

    model_config = ConfigDict(extra="forbid")
    to: str = Field(max_length=63, description="The name of a destination.")
    mode: Literal["mirror", "add", "replace"] | None = Field(
        None, description="Else as the audience says; `replace` where the platform has it."
    )
    dry_run: bool = Field(False, description="Plan to the byte, send nothing.")
    repair: bool = Field(False, description="Send again everything that should be held.")


class Approval(BaseModel):
    """Which stop is approved."""

    model_config = ConfigDict(extra="forbid")
    token: str = Field("", max_length=100, description="The token of the stopped run, to be sure.")


@router.post("/audiences/{name}/exports", status_code=202, responses={404: {}, 422: {}})
def ask_for_export(
    name: str, wish: Wish, ports: Ports, key: Exporter, idempotency_key: IdempotencyKey = ""
) -> JSONResponse:
    """Ask that a destination be brought in step with an audience; `Location` tells how it goes."""
    if define.read(ports.files, name) is None:
        raise ProblemError(404, "there is no audience of that name")
    if wish.to not in define.names(ports.files.destinations):
        raise ProblemError(422, faults=[Fault("to", "there is no destination of that name")])
    wanted = {"audience": name, "to": wish.to, "mode": wish.mode, "dry_run": wish.dry_run}
    wanted |= {"approve": "", **({"repair": True} if wish.repair else {})}
    try:
        asked = exports.ask(ports.desk, key.id, wanted, idempotency_key)
    except ReusedKeyError as error:
        raise ProblemError(422, str(error)) from error
    return _accepted(ports, asked)


def _accepted(ports: Api, export: Export) -> JSONResponse:
    shown = exports.show(ports.desk, export.id)
    return JSONResponse(shown, 202, {"Location": f"/runs/{export.id}", "Retry-After": "2"})


@router.get("/runs")
def list_runs(
    ports: Ports,
    _: Reader,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Annotated[str, Query(max_length=40)] = "",
) -> dict[str, Any]:
    """List the newest exports and runs; `before` is the last id of the page before."""
    found = exports.recent(ports.desk, limit, before)
    return {"runs": found, "next": found[-1]["id"] if len(found) == limit else None}


@router.get("/runs/{id}", responses={404: {}})
def read_run(id: str, ports: Ports, _: Reader) -> dict[str, Any]:  # noqa: A002 - the path's word
    """Say how an export goes, or how a run from a shell went."""
    shown = exports.show(ports.desk, id)
    if shown is None:
        raise ProblemError(404, "there is no such run")
    return shown


@router.post("/runs/{id}/approve", status_code=202, responses={404: {}, 409: {}})
def approve_run(
    id: str,  # noqa: A002 - the path's word
    ports: Ports,
    key: Admin,
    approval: Approval | None = None,
) -> JSONResponse:
    """Let pass exactly what the guard stopped; the answer is of the new run that carries it out."""
    if exports.show(ports.desk, id) is None:
        raise ProblemError(404, "there is no such run")
    try:
        token = approval.token if approval else ""
        return _accepted(ports, exports.approve(ports.desk, key.id, id, token))
    except NotStoppedError as error:
        raise ProblemError(409, str(error)) from error


@router.post("/runs/{id}/cancel", status_code=202, responses={404: {}, 409: {}})
def cancel_run(id: str, ports: Ports, _: Exporter) -> dict[str, Any]:  # noqa: A002 - the path's word
    """End a run where it is: no further request begins, and what was done is settled."""
    if exports.show(ports.desk, id) is None:
        raise ProblemError(404, "there is no such run")
    try:
        return cancel(ports.desk, id)
    except NotUnderWayError as error:
        raise ProblemError(409, str(error)) from error


@router.get("/reports/{name}", responses={202: {}, 404: {}})
def read_report(name: Literal["contrast", "decay"], ports: Ports, _: Reader) -> JSONResponse:
    """Return a report that is an hour old at most; where there is none, start one and say 202."""
    data = ports.desk.store.get(f"reports/{name}.json")
    told: dict[str, Any] = json.loads(data) if data else {}
    now = ports.desk.clock.now()
    if told and now - parse_instant(told["at"]) < _FRESH:
        if "error" in told:
            raise ProblemError(409, str(told["error"]))
        return JSONResponse(told["report"] | {"as_of": told["at"]})
    if ports.desk.kv.put(f"asked/{name}", "", ttl_seconds=_ASKED_SECONDS, if_absent=True):
        ports.desk.jobs.start(REPORT, name)
    return JSONResponse({"status": "queued"}, 202, {"Location": f"/reports/{name}"})
