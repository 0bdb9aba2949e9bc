"""Problems as answers (RFC 9457), and the last stop before a caller, which shows no value."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import BridgeError, Fault, RetryableError
from shared.log import log
from shared.redact import scrub

TITLES = {
    400: "Bad request",
    401: "Who is calling is not known",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "It has changed",
    413: "Too large",
    422: "Faults in what was sent",
    428: "Say which version is meant",
    500: "Our fault",
    501: "Not available",
    503: "Busy",
}
MOST_FAULTS = 50
_RETRY_SECONDS = "2"


def problem(
    status: int,
    detail: str = "",
    faults: Iterable[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem; what it says is scrubbed of anything that looks like an identifier."""
    told = [
        {"where": scrub(f.where), "what": scrub(f.what), "fix": f.fix}
        for f, _ in zip(faults, range(MOST_FAULTS), strict=False)
    ]
    body: dict[str, object] = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
    }
    if detail:
        body["detail"] = scrub(detail)
    if told:
        body["faults"] = told
    return JSONResponse(body, status, headers, media_type="application/problem+json")


async def answer_http(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the framework's
    """Answer what the framework itself refuses, such as an unknown path."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    return problem(status, headers=headers)


async def answer_bridge(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Answer an error of ours by what the caller can do about it; we learn of it by the log."""
    if isinstance(error, RetryableError):
        log("busy", level="warning", error=error)
        return problem(503, str(error), headers={"Retry-After": _RETRY_SECONDS})
    log("fault", level="error", error=error)
    return problem(500)


Answer = Callable[[Request, Any], Coroutine[Any, Any, Response]]
HANDLERS: Mapping[int | type[Exception], Answer] = {
    HTTPException: answer_http,
    BridgeError: answer_bridge,
}


def guarded(app: ASGIApp) -> ASGIApp:
    """Return an application that answers 500 to whatever went through, and logs it scrubbed."""

    async def outermost(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await app(scope, receive, sent)
        except Exception as error:  # noqa: BLE001 - the last stop before the caller
            log("crash", level="error", error=error)
            if scope["type"] == "http" and not begun:
                await problem(500)(scope, receive, send)

    return outermost
