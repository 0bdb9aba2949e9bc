"""A session with one account: its address, credentials and pace, and what it learns on the way."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from audiences.delivery import tokens
from audiences.delivery.pace import Pace, Retries
from audiences.delivery.quota import Quota
from audiences.platforms.base import Access, Platform, Request, Target
from audiences.platforms.oauth import is_spent
from shared.clock import Clock
from shared.ports import Http, HttpAnswer, HttpRequest, Sleep

_SKEWED = timedelta(seconds=60)  # signatures are refused from minutes on


@dataclass(slots=True)
class Session:
    """One account on one platform: where it is, its credentials, and its pace."""

    platform: Platform
    target: Target
    base_url: str
    credentials: str = field(repr=False)
    http: Http
    clock: Clock
    sleep: Sleep
    pace: Pace
    retries: Retries = field(default_factory=Retries)
    reread: Callable[[], str] | None = None  # the secret as it stands now
    keep: tokens.Keep | None = None
    quota: Quota | None = None  # where the platform counts the requests of a day
    wall: Clock = field(default_factory=Clock)  # signatures are of the real time
    nonce: Callable[[], str] = lambda: secrets.token_hex(16)
    warnings: list[str] = field(default_factory=list)
    lost: bool = False  # whether a request has used up its attempts
    young_until: float = 0.0  # on the pace's clock: a 404 before means "not there yet"
    _secret: str = field(default="", repr=False)
    _skew: timedelta = timedelta(0)
    _renewing: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self._secret = self.credentials
        self.credentials = tokens.recall(self.platform.slug, self._secret, self.wall.now())

    def access(self) -> Access:
        """Return what a request that goes out now is signed with."""
        return Access(
            credentials=self.credentials,
            at=self.wall.now() + self._skew,
            nonce=self.nonce(),
            options=self.target.options,
        )

    def send(self, request: Request) -> HttpAnswer:
        """Send one request once, with credentials."""
        access = self.access()
        if self.platform.refresh is not None and is_spent(access):
            self.renew(access.credentials)
            access = self.access()
        if self.quota is not None:
            self.quota.take()
        self.pace.wait()
        answer = self._signed(replace(request, path=self.address(request)), access)
        self._learn(answer)
        return answer

    def _signed(self, request: Request, access: Access) -> HttpAnswer:
        platform, headers = self.platform, {"content-type": request.content_type}
        headers |= request.headers
        ours = self.is_ours(request.path)
        if ours and platform.sealed is not None:
            request = replace(request, body=platform.sealed(request, access))
        if ours:
            headers |= platform.authorise(request, access)
        answer = self.http.send(
            HttpRequest(
                method=request.method, url=request.path, headers=headers, body=request.body
            ),
            platform.limits.timeout_seconds,
        )
        return platform.opened(answer, access) if ours and platform.opened else answer

    def address(self, request: Request) -> str:
        """Return a request's absolute URL; an own base URL stands for all hosts of a platform."""
        if "://" in request.path:
            return request.path
        own = self.base_url != self.platform.base_url.rstrip("/")
        base = self.base_url if own or not request.host else self.platform.hosts[request.host]
        return f"{base.rstrip('/')}{request.path}"

    def is_ours(self, url: str) -> bool:
        """Credentials go to the declared hosts alone, never to an address out of an answer."""
        known = (self.base_url, *self.platform.hosts.values())
        return urlsplit(url)[:2] in [urlsplit(base)[:2] for base in known]

    def _learn(self, answer: HttpAnswer) -> None:
        rest = self.platform.pace(answer, self.access().at) if self.platform.pace else None
        if rest:
            self.pace.hold(min(rest, self.retries.longest_seconds))
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", ""))
        except ValueError:
            return
        skew = theirs - self.wall.now() if theirs.tzinfo else timedelta(0)
        skewed = abs(skew) > _SKEWED
        if skewed and not self._skew:
            self.warnings.append(
                f"this machine's clock is {abs(skew).total_seconds():.0f} seconds "
                f"{'behind' if skew > timedelta(0) else 'ahead of'} {self.platform.title}'s; "
                "signatures go by the platform's: set the clock"
            )
        self._skew = skew if skewed else timedelta(0)

    def renew(self, stale: str) -> bool:
        """Renew the token unless another lane has done so; return whether to try once more."""
        with self._renewing:
            if self.credentials != stale or self._stored_anew():
                return True
            new, again = tokens.renewed(self.platform, self.access(), self._post)
            if tokens.is_rotated(self.credentials, new):
                self._store(new)
            tokens.remember(self.platform.slug, self._secret, new)
            self.credentials = new
            return again

    def _stored_anew(self) -> bool:
        """Take the secret where somebody has changed it since: a person, or another process."""
        stored = self.reread() if self.reread else self._secret
        if stored == self._secret:
            return False
        self._secret = self.credentials = stored
        return True

    def _store(self, rotated: str) -> None:
        why = self.keep(rotated) if self.keep else "this secret cannot be written"
        if why:
            self.warnings.append(
                f"{self.platform.title} gave a new refresh token, and it could not be stored "
                f"({why}): store credentials where they can be written, or renew them by hand"
            )
        else:
            self._secret = rotated

    def _post(self, request: Request) -> HttpAnswer:
        own = self.target.options.get("token_url")
        return self.http.send(
            HttpRequest(
                method=request.method,
                url=own or self.address(request),
                headers={"content-type": request.content_type, **request.headers},
                body=request.body,
            ),
            self.platform.limits.timeout_seconds,
        )
