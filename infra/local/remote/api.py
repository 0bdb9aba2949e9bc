"""A stack's API as its commands use it: one request at a time, problems as our errors."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from infra.local.secrets import LocalSecrets
from shared.errors import (
    BridgeError,
    ConfigurationError,
    CredentialError,
    DataError,
    Fault,
    RetryableError,
)
from shared.ports import Http, HttpAnswer, HttpRequest

_TIMEOUT_SECONDS = 30.0
_PAUSE_SECONDS = 2.0
_TRIES = 5
_AGAIN = (0, 429, 502, 503, 504)
_UNDER_WAY = ("queued", "running", "waiting")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Remote:
    """The API at an address, asked with a key."""

    url: str
    key: str = field(repr=False)
    http: Http = field(repr=False)
    sleep: Callable[[float], None] = time.sleep

    def get(self, path: str) -> Any:
        """Return what is at a path, waiting while it is being made."""
        while True:
            answer = self.send("GET", path)
            if answer.status != 202:
                return json.loads(answer.body)
            self.sleep(_PAUSE_SECONDS)

    def ended(self, path: str, watch: Callable[[str], None]) -> dict[str, Any]:
        """Return a run once it is over; `watch` is told its status on the way."""
        while True:
            run: dict[str, Any] = self.get(path)
            if run["status"] not in _UNDER_WAY:
                return run
            watch(run["status"])
            self.sleep(_PAUSE_SECONDS)

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        """Send a request, again while the stack is busy or away, and return a good answer.

        Every request of ours may be repeated: those that start something carry an idempotency key.

        Raises:
            CredentialError: when the key is refused.
            ConfigurationError: when what was sent has faults; each is told.
            RetryableError: when the stack cannot be reached.
            DataError: for any other refusal.
        """
        own = {"authorization": f"Bearer {self.key}", **(headers or {})}
        request = HttpRequest(method=method, url=f"{self.url}{path}", headers=own, body=body)
        for attempt in range(_TRIES):
            answer = self.http.send(request, _TIMEOUT_SECONDS)
            if answer.status not in _AGAIN:
                break
            if attempt < _TRIES - 1:
                self.sleep(_PAUSE_SECONDS)
        if answer.status >= 300 or answer.status == 0:
            raise _refused(answer)
        return answer


def connect(url: str, key: str) -> Remote:
    """Open a stack's API; `key` is `env:NAME`, `file:PATH` or `secret://NAME`.

    Raises:
        ConfigurationError: when the address is none, is not encrypted, or no key is there.
    """
    from shared.requests_http import RequestsHttp  # noqa: PLC0415 - only who calls pays for it

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ConfigurationError(Fault("--remote", "is no address", "write https://HOST"))
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ConfigurationError(
            Fault("--remote", "would send the key without encryption", "write https://…")
        )
    return Remote(url.rstrip("/"), LocalSecrets(Path()).resolve(key), RequestsHttp())


def part(name: str) -> str:
    """Write a name as one part of a path."""
    return quote(name, safe="")


def _refused(answer: HttpAnswer) -> BridgeError:
    if answer.status in _AGAIN:
        why = "cannot be reached" if answer.status == 0 else f"is busy ({answer.status})"
        return RetryableError(f"the stack {why}: run again later")
    try:
        told: Mapping[str, Any] = json.loads(answer.body)
    except ValueError:
        told = {}
    words = str(told.get("detail") or told.get("title") or f"HTTP {answer.status}")
    if answer.status in (401, 403):
        return CredentialError(f"the stack refuses the key: {words}")
    faults = [Fault(f["where"], f["what"], f["fix"]) for f in told.get("faults", ())]
    if faults:
        return ConfigurationError(*faults)
    return DataError(f"the stack refuses that: {words}")
