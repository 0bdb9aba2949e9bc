"""Asks a platform how many it says that an audience holds."""

from __future__ import annotations

from audiences.delivery.audience import told
from audiences.delivery.exchange import exchange
from audiences.delivery.session import Session
from audiences.platforms.base import Action, Answer, Outcome, Size


def read_size(session: Session) -> Size | None:
    """Return the platform's own size of the session's audience; None where it does not say.

    Raises:
        CredentialError, RejectedError, RetryableError: as the platform answers.
    """
    there = session.platform
    if there.size is None or there.sized is None:
        return None
    answers: list[Answer] = []

    def judge(answer: Answer) -> Outcome:
        outcome = told(there, answer)
        answers.append(answer)
        return outcome

    outcome, _ = exchange(session, there.size(session.target), judge, session.target.audience)
    return there.sized(answers[-1]) if outcome.action is Action.DONE else None
