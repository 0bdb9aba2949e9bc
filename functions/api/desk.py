"""What every route of the API goes by: its ports, who is calling, and what may go wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from audiences.flows.access import Key, find_key
from audiences.flows.define import Files
from audiences.flows.exports import Desk
from shared.errors import Fault
from shared.ports import Schedules

_BEARER = HTTPBearer(auto_error=False, description="A key made with `bridge key create`.")
_HEADER = APIKeyHeader(name="X-Api-Key", auto_error=False)


@dataclass(frozen=True, slots=True)
class Api:
    """The ports of the API."""

    files: Files
    desk: Desk
    schedules: Schedules | None = None  # where nothing starts by itself, there are none


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request is refused."""

    status: int
    detail: str = ""
    faults: Sequence[Fault] = ()
    headers: dict[str, str] = field(default_factory=dict)


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(self, status: int, detail: str = "", faults: Sequence[Fault] = ()) -> None:
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
        self.problem = Problem(status, detail, faults, headers)
        super().__init__(detail)


def api_of(request: Request) -> Api:
    """Return the ports."""
    api: Api = request.app.state.api
    return api


Ports = Annotated[Api, Depends(api_of)]


def needs(scope: str) -> Any:
    """Return what lets in only keys of a scope, and gives the key."""

    def key(
        ports: Ports,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
        header: Annotated[str | None, Depends(_HEADER)],
    ) -> Key:
        found = find_key(ports.desk.kv, bearer.credentials if bearer else header or "")
        if found is None:
            raise ProblemError(401, "send a live API key as the bearer token of Authorization")
        if not found.may(scope):
            raise ProblemError(403, f"the key's scope is {found.scope}; this needs {scope}")
        return found

    check: Callable[..., Key] = key
    return Depends(check)


Reader = Annotated[Key, needs("read")]
Exporter = Annotated[Key, needs("export")]
Admin = Annotated[Key, needs("admin")]
