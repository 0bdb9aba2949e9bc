"""A session with one account: sends a request until its outcome is certain, or says why not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from audiences.delivery.pace import Pace, Retries
from audiences.platforms.base import Action, Outcome, Platform, Request, Target
from shared.clock import Clock
from shared.errors import CredentialError, RejectedError, RetryableError
from shared.ports import Http, HttpAnswer, HttpRequest, Sleep

_LATER = (0, 408, 425, 429)


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
    _renewing: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def send(self, request: Request) -> HttpAnswer:
        """Send one request once, with credentials."""
        self.pace.wait()
        headers = {
            "content-type": request.content_type,
            **request.headers,
            **self.platform.authorise(request, self.credentials),
        }
        url = request.path if "://" in request.path else f"{self.base_url}{request.path}"
        return self.http.send(
            HttpRequest(method=request.method, url=url, headers=headers, body=request.body),
            self.platform.limits.timeout_seconds,
        )

    def renew(self, stale: str) -> bool:
        """Renew the token unless another lane has done so; return whether to try once more."""
        with self._renewing:
            if self.credentials != stale:
                return True
            refresh, refreshed = self.platform.refresh, self.platform.refreshed
            request = refresh(self.credentials) if refresh else None
            if request is None or refreshed is None:
                return False
            answer = self.http.send(
                HttpRequest(
                    method=request.method,
                    url=self._token_url(request.path),
                    headers={"content-type": request.content_type, **request.headers},
                    body=request.body,
                ),
                self.platform.limits.timeout_seconds,
            )
            if answer.status in _LATER or answer.status >= 500:
                return True  # nothing is said of the credentials: the next attempt asks again
            if answer.status != 200:
                return False
            self.credentials = refreshed(self.credentials, answer.body)
            return self.credentials != stale

    def _token_url(self, path: str) -> str:
        own = self.target.options.get("token_url")
        return own or (path if "://" in path else f"{self.base_url}{path}")


def exchange(
    session: Session,
    request: Request,
    judge: Callable[[HttpAnswer], Outcome],
    seed: str,
    *,
    attempts: int | None = None,
    until: datetime | None = None,
) -> tuple[Outcome, int]:
    """Send a request until its outcome is certain; return it with the number of attempts.

    Nothing is sent from `until` on.

    Raises:
        CredentialError: when the credentials are refused and cannot be renewed.
        RejectedError: when the platform will take nothing more until a person acts.
        RetryableError: when the attempts or the time are used up and nothing is certain.
    """
    outcome, forgiven = Outcome(action=Action.RETRY), False
    most = attempts or session.retries.attempts
    for attempt in range(1, most + 1):
        if until is not None and session.clock.now() >= until:
            raise RetryableError("the plan grew old before all of it was sent; run again")
        used = session.credentials
        outcome = judge(session.send(request))
        match outcome.action:
            case Action.DONE | Action.PENDING | Action.REFUSED:
                return outcome, attempt
            case Action.STOP:
                raise RejectedError(f"{session.platform.title}: {said(outcome)}")
            case Action.REAUTH:
                # A token may be refused once in passing; twice running means it is no good.
                if not session.renew(used):
                    if forgiven:
                        raise CredentialError(
                            f"{session.platform.title} refuses the credentials ({said(outcome)}); "
                            "renew them and run again: the run goes on where it stopped"
                        )
                    forgiven = True
            case _:
                forgiven = False
        if attempt < most:
            session.sleep(session.retries.wait_seconds(attempt, outcome.wait_seconds, seed))
    raise RetryableError(
        f"{session.platform.title} gave no certain answer in {most} attempts "
        f"({said(outcome)}); run again later: the run goes on where it stopped"
    )


def said(outcome: Outcome) -> str:
    """Say an outcome's code and message on one line."""
    return " ".join(part for part in (outcome.code, outcome.message) if part) or "no answer"
