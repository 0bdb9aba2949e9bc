"""Sends a request until its outcome is certain, or says why it is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from audiences.delivery.session import Session
from audiences.destinations import is_loopback
from audiences.platforms.base import Action, Outcome, Request
from shared.errors import CredentialError, RejectedError, RetryableError
from shared.ports import FAULT, HttpAnswer

_CERTAIN = (Action.DONE, Action.PENDING, Action.REFUSED, Action.SPLIT)


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

    Nothing is sent from `until` on. Faults and too many requests have budgets of their own.

    Raises:
        CredentialError: when the credentials are refused and cannot be renewed.
        RejectedError: when the platform will take nothing more until a person acts.
        RetryableError: when the attempts or the time are used up and nothing is certain.
    """
    forgiven, tries, faults, throttled = False, 0, 0, 0
    while True:
        if until is not None and session.clock.now() >= until:
            raise RetryableError("the plan grew old before all of it was sent; run again")
        used, tries = session.credentials, tries + 1
        answer = session.send(request)
        outcome = _forgiving(session, answer, judge(answer))
        match outcome.action:
            case Action.DONE | Action.PENDING | Action.REFUSED | Action.SPLIT:
                return outcome, tries
            case Action.STOP:
                raise RejectedError(f"{session.platform.title}: {said(outcome)}")
            case Action.REAUTH:
                # A token may be refused once in passing; twice running means it is no good.
                if not session.renew(used):
                    if forgiven:
                        raise _refused(session, outcome)
                    forgiven = True
                faults += 1
            case _:
                forgiven = False
                slow = answer.status == 429 or outcome.wait_seconds is not None
                throttled, faults = throttled + slow, faults + (not slow)
        if _is_over(session, attempts, tries, faults, throttled):
            if forgiven:
                raise _refused(session, outcome)
            session.lost = session.lost or attempts is None
            raise RetryableError(
                f"{session.platform.title} gave no certain answer in {tries} attempts "
                f"({_why(session, answer, outcome)}); run again later: the run goes on where it "
                "stopped"
            )
        _rest(session, tries, outcome, seed)


def _why(session: Session, answer: HttpAnswer, outcome: Outcome) -> str:
    """Say what came of the last attempt; where no answer came, what became of the connection."""
    if answer.status or FAULT not in answer.headers:
        return said(outcome)
    place = urlsplit(session.base_url).netloc
    fault = answer.headers[FAULT]
    if fault == "refused":
        sandbox = "; is `bridge sandbox` running?" if is_loopback(session.base_url) else ""
        return f"nothing answers at {place}{sandbox}"
    return f"{place} {'took too long' if fault == 'timeout' else 'broke off'}"


def _refused(session: Session, outcome: Outcome) -> CredentialError:
    return CredentialError(
        f"{session.platform.title} refuses the credentials ({said(outcome)}); "
        "renew them and run again: the run goes on where it stopped"
    )


def _is_over(
    session: Session, attempts: int | None, tries: int, faults: int, throttled: int
) -> bool:
    if attempts is not None:
        return tries >= attempts
    return faults >= session.retries.attempts or throttled >= session.retries.throttled


def _rest(session: Session, tries: int, outcome: Outcome, seed: str) -> None:
    wait = session.retries.wait_seconds(tries, outcome.wait_seconds, seed)
    if outcome.wait_seconds is not None:
        session.pace.hold(wait)  # what it says holds for the account, so for all lanes
    session.sleep(wait)


def _forgiving(session: Session, answer: HttpAnswer, outcome: Outcome) -> Outcome:
    """Forgive a platform that does not know an audience yet that it has just made."""
    if answer.status == 404 and session.pace.monotonic() < session.young_until:
        return Outcome(action=Action.RETRY, code="not_there_yet", wait_seconds=5.0)
    return outcome


def said(outcome: Outcome) -> str:
    """Say an outcome's code and message on one line."""
    return " ".join(part for part in (outcome.code, outcome.message) if part) or "no answer"
