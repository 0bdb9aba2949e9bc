"""What the platforms have in common in reading codes, calls without rows, and statuses."""

from __future__ import annotations

import re

from audiences.platforms.answers import by_status, judged
from audiences.platforms.base import Action, Answer, Outcome


def word(value: object) -> str:
    """Return a code in capitals, and nothing of a text that could quote a row."""
    code = str(value)
    return code if re.fullmatch(r"[A-Z]{2,30}(_[A-Z0-9]{1,30}){0,9}", code) else ""


def rowless(outcome: Outcome) -> Outcome:
    """Judge a call that carries no rows, so that there is nothing to make smaller."""
    return judged(Action.REFUSED, outcome.code) if outcome.action is Action.SPLIT else outcome


def unasked(answer: Answer, code: str = "") -> Outcome:
    """Judge a status that could not be read: ask again, or send again when it is forgotten."""
    told = by_status(answer, code)
    if told.action is Action.RETRY:
        return judged(Action.PENDING, told.code, told.wait_seconds)
    return judged(Action.RETRY, told.code) if answer.status in (400, 404) else told
