"""Routes of audiences: their files, checked whole before they are written."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from audiences.flows import define
from audiences.flows.define import ChangedError, Defined, InUseError
from audiences.flows.schedules import follow
from functions.api.desk import Admin, Api, Ports, ProblemError, Reader
from shared.errors import BridgeError, ConfigurationError
from shared.log import log

router = APIRouter(tags=["audiences"])
YAML = "application/yaml"
_FACTS = ("title", "of")
IfMatch = Annotated[str | None, Header(alias="If-Match")]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match")]


@router.get("/audiences")
def list_audiences(ports: Ports, _: Reader) -> dict[str, Any]:
    """List the audiences with their last build."""
    found = (define.read(ports.files, name) for name in define.names(ports.files.audiences))
    return {"audiences": [_facts(ports, each) for each in found if each]}


def _facts(ports: Api, defined: Defined) -> dict[str, Any]:
    value = _value(defined)
    facts = {name: value.get(name) for name in _FACTS}
    to = [entry.get("to") for entry in value.get("sync") or [] if isinstance(entry, dict)]
    built = define.last_build(ports.desk.store, defined.name)
    return {"name": defined.name, **facts, "to": to, "built": built, "etag": _tag(defined)}


def _value(defined: Defined) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - a cold start need not wait for it

    try:
        value = yaml.safe_load(defined.text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


@router.get("/audiences/{name}", responses={404: {}}, response_class=Response)
def read_audience(
    name: str,
    ports: Ports,
    _: Reader,
    if_none_match: IfNoneMatch = None,
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Return an audience's file as it stands, or as JSON where that is what is accepted."""
    defined = _existing(ports, name)
    headers = {"ETag": _tag(defined), "Cache-Control": "private, no-cache"}
    if if_none_match == _tag(defined):
        return Response(status_code=304, headers=headers)
    if "json" in accept and "yaml" not in accept:
        return JSONResponse(_plain(_value(defined)), headers=headers)
    return Response(defined.text, media_type=YAML, headers=headers)


@router.put("/audiences/{name}", responses={201: {}, 412: {}, 422: {}, 428: {}})
async def write_audience(
    name: str,
    request: Request,
    ports: Ports,
    _: Admin,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Check an audience's file (YAML or JSON) and write it; all faults are told at once.

    A new audience needs nothing or `If-None-Match: *`, one that exists `If-Match` with its ETag.
    """
    body = await request.body()
    return await run_in_threadpool(_write, ports, name, body, if_match, if_none_match)


def _write(
    ports: Api, name: str, body: bytes, if_match: str | None, if_none_match: str | None
) -> Response:
    if not define.is_name(name):
        raise ProblemError(404, "a name is of a-z, 0-9 and -, 63 at most")
    expected = None if if_none_match == "*" else _expected(if_match)
    if expected is None and if_none_match is None and define.read(ports.files, name):
        raise ProblemError(428, "there is one: send If-Match with the ETag that you have read")
    try:
        text = define.as_yaml(body)
        defined, new = define.replace(ports.files, name, text, expected)
    except ChangedError as error:
        raise ProblemError(412, str(error)) from error
    except ConfigurationError as error:
        raise ProblemError(422, "nothing was written", error.faults) from error
    _follow(ports, name, text)
    headers = {"ETag": _tag(defined), "Location": f"/audiences/{name}"}
    return JSONResponse({"name": name, "etag": _tag(defined)}, 201 if new else 200, headers)


@router.delete("/audiences/{name}", status_code=204, responses={409: {}, 412: {}, 428: {}})
def remove_audience(name: str, ports: Ports, _: Admin, if_match: IfMatch = None) -> Response:
    """Remove an audience's file; what platforms hold of it stays there."""
    _existing(ports, name)
    expected = _expected(if_match)
    if expected is None:
        raise ProblemError(428, "send If-Match with the ETag that you have read, or *")
    try:
        define.remove(ports.files, name, expected)
    except ChangedError as error:
        raise ProblemError(412, str(error)) from error
    except InUseError as error:
        raise ProblemError(409, str(error)) from error
    _follow(ports, name, None)
    return Response(status_code=204)


def _follow(ports: Api, name: str, text: str | None) -> None:
    """Put an audience's schedules in step with its file, which is written by now."""
    if ports.schedules is None:
        return
    try:
        follow(name, text, ports.schedules)
    except BridgeError as error:  # the next refresh does it
        log("not_scheduled", level="warning", error=error, audience=name)


def _existing(ports: Api, name: str) -> Defined:
    defined = define.read(ports.files, name)
    if defined is None:
        raise ProblemError(404, "there is no audience of that name")
    return defined


def _tag(defined: Defined) -> str:
    return f'"{defined.tag}"'


def _expected(if_match: str | None) -> str | None:
    return None if if_match is None else if_match.strip().strip('"')


def _plain(value: Any) -> Any:
    """Return a value of YAML as JSON has it: dates as text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
