"""Token endpoints of the stand-ins: OAuth 2.0 as RFC 6749 has it, with what platforms change."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from infra.sandbox.call import Call, RefusedError, Reply
from infra.sandbox.state import State

KEY = "sandbox"  # the client's id, its secret, and the first refresh token


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What one token endpoint takes and gives."""

    grants: tuple[str, ...] = ("refresh_token",)
    basic: bool = False  # the client names itself in `Authorization: Basic`, not in the form
    life: timedelta = timedelta(hours=1)
    rotates: bool = False  # each refresh gives a new refresh token too; older ones stay good
    more: Mapping[str, Any] = field(default_factory=dict)


def issue(call: Call, state: State, door: Door) -> Reply:
    """Answer a token request, with RFC 6749's refusals where it is wrong."""
    if call.method != "POST":
        raise refused("invalid_request", "The method must be POST", 405)
    form = call.form()
    if not form:
        raise refused("invalid_request", "The body must be application/x-www-form-urlencoded")
    if form.get("grant_type") not in door.grants:
        raise refused("unsupported_grant_type", "The grant type is not supported")
    if _client(call, form, door.basic) != (KEY, KEY):
        raise refused("invalid_client", "Client authentication failed", 401)
    given = {"access_token": state.mint(door.life), "token_type": "bearer"}
    more: dict[str, Any] = {"expires_in": int(door.life.total_seconds()), **door.more}
    if form["grant_type"] == "refresh_token":
        more |= _refresh(state, form.get("refresh_token", ""), door.rotates)
    return Reply(body={**given, **more}, headers={"cache-control": "no-store"})


def refused(error: str, why: str, status: int = 400) -> RefusedError:
    """Return a refusal of a token request."""
    return RefusedError(Reply(status=status, body={"error": error, "error_description": why}))


def _client(call: Call, form: Mapping[str, str], basic: bool) -> tuple[str, str]:
    if not basic:
        return form.get("client_id", ""), form.get("client_secret", "")
    kind, _, word = call.headers.get("authorization", "").partition(" ")
    try:
        name, _, secret = base64.b64decode(word, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return (name, secret) if kind == "Basic" else ("", "")


def _refresh(state: State, token: str, rotates: bool) -> dict[str, str]:
    given: set[str] = state.jobs.setdefault("refresh tokens", {KEY})
    if token not in given:
        raise refused("invalid_grant", "The refresh token is invalid, expired or revoked")
    if not rotates:
        return {}
    new = f"{KEY}-refresh-{len(given)}"
    given.add(new)
    return {"refresh_token": new}
