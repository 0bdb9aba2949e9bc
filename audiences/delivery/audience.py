"""Finds or makes the audience on the platform, so that a lost answer makes no second one."""

from __future__ import annotations

from collections.abc import Callable

from audiences.delivery.session import Session, exchange, said
from audiences.platforms.base import Action, Audience, Outcome
from shared.errors import RejectedError
from shared.ports import HttpAnswer


def ensure_audience(session: Session, audience: Audience) -> tuple[str, bool]:
    """Return the audience's id on the platform, and whether it was there before.

    An audience is looked for by name before it is made, so a lost answer makes no second one.
    """
    platform = session.platform
    if platform.create is None or platform.created is None:
        return audience.name, True
    found_id = _find(session, audience.name)
    if found_id:
        return found_id, True
    bodies: list[bytes] = []
    outcome, _ = exchange(
        session, platform.create(session.target, audience), _keeping(bodies), audience.name
    )
    if outcome.action is not Action.DONE:
        # The platform may have taken an earlier attempt whose answer was lost.
        found_id = _find(session, audience.name)
        if found_id:
            return found_id, True
        raise RejectedError(
            f"{platform.title} did not make the audience '{audience.name}': {said(outcome)}"
        )
    return platform.created(bodies[-1]), False


def _find(session: Session, name: str) -> str | None:
    find, found = session.platform.find, session.platform.found
    if find is None or found is None:
        return None
    bodies: list[bytes] = []
    outcome, _ = exchange(session, find(session.target), _keeping(bodies), name)
    if outcome.action is not Action.DONE:
        raise RejectedError(f"{session.platform.title} lists no audiences: {said(outcome)}")
    return found(bodies[-1], name)


def _keeping(bodies: list[bytes]) -> Callable[[HttpAnswer], Outcome]:
    """Judge a call about audiences by its status alone, and keep the body of a success."""

    def judge(answer: HttpAnswer) -> Outcome:
        if 200 <= answer.status < 300:
            bodies.append(answer.body)
            return Outcome(action=Action.DONE)
        code = str(answer.status)
        if answer.status == 401:
            return Outcome(action=Action.REAUTH, code=code)
        if answer.status in (0, 408, 423, 429) or answer.status >= 500:
            return Outcome(action=Action.RETRY, code=code)
        return Outcome(action=Action.REFUSED, code=code)

    return judge
