"""What Yahoo DataX answers: counts of rows, and a taxonomy that is worked in later."""

from __future__ import annotations

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome

ANSWERS = {
    Action.DONE: "200 with `processedRows`; the invalid ones are counted",
    Action.RETRY: "429, 5xx; 200 without counts; a new segment that is not worked in yet",
    Action.REAUTH: "401",
    Action.SPLIT: "413",
    Action.REFUSED: "400; 200 with no row processed",
    Action.STOP: "403, 404",
}


def outcome(answer: Answer, rows: int) -> Outcome:
    """Judge an answer to rows: Yahoo counts those that are invalid."""
    body = say.read_object(answer.body) or {}
    if answer.status != 200:
        return say.by_status(answer)
    if type(body.get("processedRows")) is not int:
        return say.judged(Action.RETRY, "unreadable")
    lost = min(rows, say.whole(body.get("invalidRows")))
    if lost >= rows > 0:
        return say.judged(Action.REFUSED, "invalid_rows")
    # The examples are the rows themselves, not their places: they are not read.
    if lost:
        return say.judged(Action.DONE, "invalid_rows", lost=lost)
    return Outcome(action=Action.DONE)


def told(answer: Answer) -> Outcome:
    """Judge a call about the taxonomy: what is taken is not there before it is worked in."""
    if not 200 <= answer.status < 300:
        return outcome(answer, 0)
    body = say.read_object(answer.body)
    if body is None:  # the taxonomy itself, which is a list
        return Outcome(action=Action.DONE)
    status = body.get("status")
    if isinstance(status, dict) and status.get("state") == "ERROR":
        return say.judged(Action.REFUSED, "taxonomy_error")
    return Outcome(
        action=Action.RETRY,
        code="segment_begun",
        message="Yahoo works a new segment in within 45 minutes",
    )
