"""Access tokens that were got: renewed once for all lanes, kept in memory until they end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from audiences.platforms.answers import read_object
from audiences.platforms.base import Access, Platform, Request
from audiences.platforms.oauth import is_spent
from shared.ports import HttpAnswer

Keep = Callable[[str], str]  # stores rotated credentials; returns why it could not, or nothing
_LATER = (0, 408, 425, 429)
_GOT: dict[str, str] = {}  # credentials with a live token, by a digest of those in the secret


def recall(slug: str, secret: str, at: datetime) -> str:
    """Return credentials with a token that this process got with the same secret, else those."""
    found = _GOT.get(_digest(slug, secret))
    live = found is not None and not is_spent(Access(credentials=found, at=at))
    return found if live and found else secret


def remember(slug: str, secret: str, credentials: str) -> None:
    """Keep credentials for as long as their token lives; one without an end is not kept."""
    if "ends" in (read_object(credentials.encode()) or {}):
        _GOT[_digest(slug, secret)] = credentials


def _digest(slug: str, secret: str) -> str:
    return hashlib.sha256(f"{slug}|{secret}".encode()).hexdigest()


def renewed(
    platform: Platform, access: Access, post: Callable[[Request], HttpAnswer]
) -> tuple[str, bool]:
    """Return the credentials after asking for a new token, and whether to try once more.

    Raises:
        CredentialError: when the token endpoint's success holds no token.
    """
    refresh, refreshed = platform.refresh, platform.refreshed
    request = refresh(access) if refresh else None
    if request is None or refreshed is None:
        return access.credentials, False
    answer = post(request)
    if answer.status in _LATER or answer.status >= 500:
        return access.credentials, True  # nothing is said of the credentials: ask again later
    if answer.status != 200:
        return access.credentials, False
    new = refreshed(access, answer)
    return new, new != access.credentials


def is_rotated(old: str, new: str) -> bool:
    """Say whether the refresh token is another one now: the old one may be dead."""
    before, after = (read_object(text.encode()) or {} for text in (old, new))
    return bool(before) and before.get("refresh_token") != after.get("refresh_token")
