"""Finds or makes the audience on the platform, so that a lost answer makes no second one."""

from __future__ import annotations

from collections.abc import Callable

from audiences.delivery.session import Session, exchange, said
from audiences.platforms.base import Action, Audience, Outcome, Platform
from shared.errors import RejectedError, RetryableError
from shared.ports import HttpAnswer


def ensure_audience(session: Session, audience: Audience) -> tuple[str, bool]:
    """Return the audience's id on the platform, and whether it was there before.

    An audience is looked for by name before it is made, so a lost answer makes no second one.

    Raises:
        CredentialError, RejectedError, RetryableError: as the platform answers.
    """
    create, created = session.platform.create, session.platform.created
    if create is None or created is None:
        return audience.name, True
    for attempt in range(1, session.retries.attempts + 1):
        found_id = _find(session, audience.name)
        if found_id:
            return found_id, attempt == 1
        bodies: list[bytes] = []
        try:
            told, _ = exchange(
                session,
                create(session.target, audience),
                _keeping(session.platform, bodies),
                audience.name,
                attempts=1,
            )
        except RetryableError:
            if attempt == session.retries.attempts:
                raise
            # The answer was lost, not necessarily the audience: look before asking again.
            session.sleep(session.retries.wait_seconds(attempt, None, audience.name))
            continue
        if told.action is Action.DONE:
            return created(bodies[-1]), False
        raise RejectedError(
            f"{session.platform.title} did not make the audience '{audience.name}': {said(told)}"
        )
    raise AssertionError(audience.name)


def _find(session: Session, name: str) -> str | None:
    find, found = session.platform.find, session.platform.found
    if find is None or found is None:
        return None
    bodies: list[bytes] = []
    outcome, _ = exchange(session, find(session.target), _keeping(session.platform, bodies), name)
    if outcome.action is not Action.DONE:
        raise RejectedError(f"{session.platform.title} lists no audiences: {said(outcome)}")
    return found(bodies[-1], name)


def _keeping(platform: Platform, bodies: list[bytes]) -> Callable[[HttpAnswer], Outcome]:
    """Judge a call about audiences as the platform judges any other; keep a success's body."""

    def judge(answer: HttpAnswer) -> Outcome:
        if 200 <= answer.status < 300:
            bodies.append(answer.body)
            return Outcome(action=Action.DONE)
        return platform.outcome(answer, 0)

    return judge
