"""Finds or makes the audience on the platform, so that a lost answer makes no second one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from audiences.delivery.exchange import exchange, said
from audiences.delivery.session import Session
from audiences.platforms.base import (
    EPOCH,
    Action,
    Answer,
    Audience,
    Course,
    Outcome,
    Platform,
    Request,
)
from shared.errors import CredentialError, RejectedError, RetryableError
from shared.ports import HttpAnswer

_MOST_PAGES = 1_000


def ensure_audience(session: Session, audience: Audience) -> tuple[str, bool]:
    """Return the audience's id on the platform, and whether it was there before.

    An audience is looked for by name before it is made, so a lost answer makes no second one.

    Raises:
        CredentialError, RejectedError, RetryableError: as the platform answers.
    """
    create, created = session.platform.create, session.platform.created
    if create is None or created is None:
        return _there(session, audience.name), True
    for attempt in range(1, session.retries.attempts + 1):
        found_id = _find(session, audience.name)
        if found_id:
            return found_id, attempt == 1
        answers: list[Answer] = []
        try:
            made, _ = exchange(
                session,
                create(session.target, audience),
                _keeping(session.platform, answers),
                audience.name,
                attempts=1,
            )
        except (CredentialError, RetryableError):  # a token may be refused once in passing
            if attempt == session.retries.attempts:
                raise
            # The answer was lost, not necessarily the audience: look before asking again.
            session.sleep(session.retries.wait_seconds(attempt, None, audience.name))
            continue
        if made.action is Action.DONE:
            return _settled(session, created(answers[-1])), False
        raise RejectedError(
            f"{session.platform.title} did not make the audience '{audience.name}': {said(made)}"
        )
    raise AssertionError(audience.name)


def _there(session: Session, name: str) -> str:
    """Return the id of an audience that only a person can make; without a list it is its name."""
    if session.platform.find is None:
        return name
    if found_id := _find(session, name):
        return found_id
    raise RejectedError(
        f"{session.platform.title} has no audience '{name}' that can be filled so: make it there, "
        "or name its number in audience_ids (docs/platforms.md says how)"
    )


def equip(session: Session, audience: Audience) -> None:
    """Send what a new audience needs once; what is there already may refuse to be made again.

    Raises:
        CredentialError, RejectedError, RetryableError: as the platform answers.
    """
    if session.platform.equip is None:
        return
    for request in session.platform.equip(session.target, audience):
        made, _ = exchange(session, request, _keeping(session.platform, []), audience.name)
        if made.action is not Action.DONE:
            session.warnings.append(
                f"{session.platform.title} did not take all that the new audience "
                f"'{audience.name}' needs ({said(made)}): look at it there"
            )


def take_away(session: Session, audience_id: str, name: str) -> None:
    """Delete an audience that a run had made to take another's place, when that is given up.

    It goes by its id, or by its name where the id was never heard; none there is no fault.

    Raises:
        CredentialError, RejectedError, RetryableError: as the platform answers.
    """
    found_id = audience_id or _find(session, name)
    if session.platform.closing is None or not found_id:
        return
    course = Course(
        target=session.target, at=EPOCH, starts=EPOCH, mode="rebuild", replaces=found_id
    )
    for request in session.platform.closing(course):
        if request.method == "DELETE":
            outcome, _ = exchange(session, request, partial(gone, session.platform), name)
            if outcome.action is not Action.DONE:
                title = session.platform.title
                raise RejectedError(f"{title} did not delete audience '{name}': {said(outcome)}")


def gone(platform: Platform, answer: HttpAnswer) -> Outcome:
    """Judge a deletion: what is to go may have gone before, when the answer to that was lost."""
    outcome = told(platform, answer)
    lost = answer.status in (404, 410) or outcome.code in platform.gone
    return Outcome(action=Action.DONE) if lost else outcome


def _settled(session: Session, audience_id: str) -> str:
    """Wait as long as the platform needs before it knows what it has just made."""
    wait, forgive = session.platform.young_seconds
    session.young_until = session.pace.monotonic() + wait + forgive if forgive else 0.0
    if wait:
        session.sleep(wait)
    return audience_id


def _find(session: Session, name: str) -> str | None:
    find, found = session.platform.find, session.platform.found
    if find is None or found is None:
        return None
    asked: str | Request | None = find(replace(session.target, audience=name))
    for _ in range(_MOST_PAGES):
        if not isinstance(asked, Request):
            return asked
        answers: list[Answer] = []
        outcome, _tries = exchange(session, asked, _keeping(session.platform, answers), name)
        if outcome.action is not Action.DONE:
            raise RejectedError(f"{session.platform.title} lists no audiences: {said(outcome)}")
        before, asked = asked, found(asked, answers[-1], name)
        if asked == before:
            break
    raise RetryableError(f"{session.platform.title}'s list of audiences has no end")


def _keeping(platform: Platform, answers: list[Answer]) -> Callable[[HttpAnswer], Outcome]:
    """Judge a call about audiences, and keep the answer of a success."""

    def judge(answer: HttpAnswer) -> Outcome:
        outcome = told(platform, answer)
        if outcome.action is Action.DONE:
            answers.append(answer)
        return outcome

    return judge


def told(platform: Platform, answer: HttpAnswer) -> Outcome:
    """Judge a call that carries no rows as the platform judges it, else by its status."""
    if platform.told is not None:
        return platform.told(answer)
    if 200 <= answer.status < 300:
        return Outcome(action=Action.DONE)
    return platform.outcome(answer, 0)
