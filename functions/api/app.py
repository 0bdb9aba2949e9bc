"""The API as a FastAPI application over its ports; knows no AWS and no lake engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.api import audiences, runs, views
from functions.api.desk import Api, ProblemError
from functions.problem import HANDLERS, guarded, problem
from shared.errors import Fault

LARGEST = 256 * 1024  # bytes of a request
_ABOUT = "Audiences of Audience Bridge: define them, bring platforms in step, see how it went."


def application(api: Api) -> ASGIApp:
    """Return the application; its description is at /openapi.json."""
    app = FastAPI(
        title="Audience Bridge",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        exception_handlers={
            **HANDLERS,
            ProblemError: _refused,
            RequestValidationError: _invalid,
            TooLargeError: _too_large,
        },
    )
    app.state.api = api
    app.include_router(audiences.router)
    app.include_router(runs.router)
    app.include_router(views.router)
    app.add_api_route("/health", _health, methods=["GET"], tags=["health"])
    return guarded(_limited(app))


def _health() -> dict[str, str]:
    """Say that the API is up."""
    return {"status": "ok"}


class TooLargeError(Exception):
    """A request's body is longer than it may be."""


def _limited(app: ASGIApp) -> ASGIApp:
    """Stop reading a body where it gets too long, whatever its header says."""

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        size = 0

        async def received() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > LARGEST:
                raise TooLargeError
            return message

        await app(scope, received, send)

    return limited


async def _refused(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the framework's
    if not isinstance(error, ProblemError):
        return problem(500)
    told = error.problem
    return problem(told.status, told.detail, told.faults, told.headers)


async def _too_large(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return problem(413, f"send {LARGEST // 1024} KB at most")


async def _invalid(request: Request, error: Exception) -> Response:  # noqa: ARG001
    found: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
    faults = [Fault(_where(each["loc"]), str(each["msg"])) for each in found]
    return problem(422, faults=faults)


def _where(path: Sequence[object]) -> str:
    """Say where a fault stands, by our own words only: a name that a caller made up may be data."""
    known = {*runs.Wish.model_fields, *runs.Approval.model_fields, "limit", "before", "name"}
    words = [str(step) if str(step) in known or i == 0 else "…" for i, step in enumerate(path)]
    return ".".join(words)
