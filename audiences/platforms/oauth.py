"""OAuth as platforms have it: bearer tokens from a refresh token or from client credentials.

The credentials are a bare token, or a JSON object: `client_id`, `client_secret`, for the grant
`refresh_token` also that, and what was got with them: `access_token`, `ends` and `refresh_ends`
(seconds since 1970). `expires`, a date, may stand beside them for a token whose end is known.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from audiences.platforms.answers import compact, read_object, whole
from audiences.platforms.base import Access, Answer, Request
from shared.clock import parse_instant
from shared.errors import ConfigurationError, CredentialError


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    """One platform's token endpoint."""

    title: str
    token_url: str
    grant: str = "refresh_token"  # or client_credentials
    basic: bool = False  # the client goes into a Basic header instead of the form
    form: Mapping[str, str] = field(default_factory=dict)  # further fields, such as scope

    def refresh(self, access: Access) -> Request | None:
        """Ask for a new access token; None where the credentials are a bare token."""
        secrets = read_object(access.credentials.encode()) or {}
        needed = ["client_id", "client_secret"]
        needed += ["refresh_token"] if self.grant == "refresh_token" else []
        given = {name: secrets.get(name) for name in needed}
        if not all(isinstance(value, str) and value for value in given.values()):
            return None
        headers = {}
        if self.basic:
            client = f"{given.pop('client_id')}:{given.pop('client_secret')}"
            headers = {"authorization": f"Basic {base64.b64encode(client.encode()).decode()}"}
        return Request(
            method="POST",
            path=str(secrets.get("token_uri", self.token_url)),
            body=urlencode({**given, "grant_type": self.grant, **self.form}).encode(),
            content_type="application/x-www-form-urlencoded",
            headers=headers,
        )

    def refreshed(self, access: Access, answer: Answer) -> str:
        """Return the credentials with the new token, its end, and a rotated refresh token.

        Raises:
            CredentialError: when there is no token in the answer.

        """
        return renewed(self.title, access, answer)


def renewed(title: str, access: Access, answer: Answer) -> str:
    """Return credentials with what a token endpoint gave.

    Raises:
        CredentialError: when it gave no access token.

    """
    said = read_object(answer.body) or {}
    if not isinstance(said.get("access_token"), str):
        raise CredentialError(f"{title} gave no access token: the credentials must be renewed")
    kept: dict[str, Any] = read_object(access.credentials.encode()) or {}
    kept |= {n: said[n] for n in ("access_token", "refresh_token") if isinstance(said.get(n), str)}
    kept.pop("ends", None)
    if lives := whole(said.get("refresh_token_expires_in")):
        kept["refresh_ends"] = int(access.at.timestamp()) + lives
    if lives := whole(said.get("expires_in")):
        kept["ends"] = int(access.at.timestamp()) + lives
    return compact(kept).decode()


def token(access: Access) -> str:
    """Return the access token of the credentials, empty where none was got yet."""
    secrets = read_object(access.credentials.encode())
    if secrets is None:
        return access.credentials.strip()
    return str(secrets.get("access_token", "")).strip()


def bearer(_request: Request, access: Access) -> Mapping[str, str]:
    """Return the bearer header."""
    found = token(access)
    return {"authorization": f"Bearer {found}"} if found else {}


def is_spent(access: Access, margin_seconds: int = 60) -> bool:
    """Say whether credentials are an object without an access token that lives a while yet."""
    secrets = read_object(access.credentials.encode())
    if secrets is None:
        return False
    ends = secrets.get("ends")
    over = isinstance(ends, int) and access.at.timestamp() > ends - margin_seconds
    return over or not secrets.get("access_token")


def ends_at(credentials: str) -> datetime | None:
    """Return when credentials end for good, where they say: what renews itself ends later.

    A refresh token's `refresh_ends` counts, or `expires`; else the `ends` of an access token that
    nothing renews, or the claim `exp` of a bare token that is a JWT.
    """
    secrets = read_object(credentials.encode())
    if secrets is None:
        return _instant((_claims(credentials.strip()) or {}).get("exp"))
    if isinstance(secrets.get("expires"), str):
        try:
            return parse_instant(secrets["expires"])
        except ConfigurationError:
            return None
    renews = "refresh_token" in secrets or "client_secret" in secrets
    return _instant(secrets.get("refresh_ends" if renews else "ends"))


def _instant(seconds: object) -> datetime | None:
    known = isinstance(seconds, int) and 0 < seconds < 1 << 33
    return datetime.fromtimestamp(seconds, UTC) if known and isinstance(seconds, int) else None


def _claims(token: str) -> dict[str, Any] | None:
    """Read the claims of a JWT; its signature is the platform's matter (RFC 7519)."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        return read_object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
