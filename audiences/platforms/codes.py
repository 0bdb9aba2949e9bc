"""What the platforms have in common in reading codes: which to repeat, and where no rows are."""

from __future__ import annotations

import re

from audiences.platforms.answers import judged
from audiences.platforms.base import Action, Outcome


def word(value: object) -> str:
    """Return a code in capitals, and nothing of a text that could quote a row."""
    code = str(value)
    return code if re.fullmatch(r"[A-Z]{2,30}(_[A-Z0-9]{1,30}){0,9}", code) else ""


def rowless(outcome: Outcome) -> Outcome:
    """Judge a call that carries no rows, so that there is nothing to make smaller."""
    return judged(Action.REFUSED, outcome.code) if outcome.action is Action.SPLIT else outcome
