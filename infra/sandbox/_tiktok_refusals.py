"""How TikTok answers: HTTP 200 and a code in the body, whatever happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from infra.sandbox.call import RefusedError, Reply, unknown_fields
from infra.sandbox.state import Audience, State

BAD = 40002  # a wrong parameter


def ok(data: Mapping[str, Any]) -> Reply:
    """Return a success with its data."""
    return Reply(body={"code": 0, "message": "OK", "request_id": "standin", "data": data})


def error(code: int, message: str) -> Reply:
    """Return an error, which has no data."""
    return Reply(body={"code": code, "message": message, "request_id": "standin", "data": {}})


def refused(code: int, message: str) -> RefusedError:
    """Return a refusal of a call."""
    return RefusedError(error(code, message))


def checked(body: dict[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Return a body that has no fields but the documented ones."""
    if unknown := unknown_fields(body, known):
        raise refused(BAD, f"Unknown field: {', '.join(unknown)}.")
    return body


def mine(state: State, audience_id: str, accounts: Iterable[Any]) -> Audience:
    """Return an audience that belongs to one of the advertisers."""
    audience = state.platforms["tiktok"].get(audience_id)
    if audience is None:
        raise refused(BAD, "The custom audience does not exist.")
    if audience.account not in map(str, accounts):
        raise refused(40001, "No permission to operate the advertiser.")
    return audience
