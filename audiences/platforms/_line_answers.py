"""What LINE answers: an upload is taken at once and worked on; a group says how it stands."""

from __future__ import annotations

import re
from typing import Any

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome

NOT_FOUND = "AUDIENCE_GROUP_NOT_FOUND"
_SMALL = "AUDIENCE_GROUP_AUDIENCE_INSUFFICIENT"
_ENDS = {"FAILED": Action.RETRY, "EXPIRED": Action.REFUSED}
_AT_WORK = ("QUEUED", "WORKING")
_STOP = {
    NOT_FOUND,
    "AUDIENCE_GROUP_CAN_NOT_UPLOAD_STATUS_EXPIRED",
    "AUDIENCE_GROUP_COUNT_MAX_OVER",
    "WRONG_BOT_ID",
}
_REFUSED = {"AUDIENCE_GROUP_NAME_SIZE_OVER"}
ANSWERS = {
    Action.DONE: "group `READY`, `INACTIVE`; group `FAILED` because it is small yet",
    Action.PENDING: "202; group `IN_PROGRESS`, or a job of it, or one that cannot be read now",
    Action.RETRY: "429, 5xx; group `FAILED` for another reason, or gone",
    Action.REAUTH: "401",
    Action.SPLIT: "413; 400 of another reason, which names no row",
    Action.REFUSED: "a single id in such a 400; group `EXPIRED`; "
    + ", ".join(f"`{code}`" for code in sorted(_REFUSED)),
    Action.STOP: "403, 404; " + ", ".join(f"`{code}`" for code in sorted(_STOP)),
}
NOTES = (
    (
        "LINE takes nobody out of a group: where somebody leaves, a new group is made of those "
        "who stay, and the old one is deleted when LINE has the new one ready; the id changes."
    ),
    (
        "A group ends 180 days after it was made, and adding does not change that: "
        "it is made anew when half of the time is over. Mode `add` makes none anew."
    ),
    "Only user ids are sent: an IFA lives shorter than its group.",
    "Groups are for channels of users in Japan, Thailand and Taiwan.",
)
UNVERIFIED = (
    "How small a group may be: 50 is what hides attributes.",
    "Whether a group stands as failed when one of its uploads has.",
)


def outcome(answer: Answer, _rows: int) -> Outcome:
    """Judge the answer to an upload; the group says later how it went."""
    if 200 <= answer.status < 300:
        if answer.body.strip() and say.read_object(answer.body) is None:
            return say.by_status(answer, "unreadable")
        return Outcome(action=Action.PENDING, handle="group")
    code = _code(answer)
    if answer.status == 400 and code not in _STOP | _REFUSED:
        return say.judged(Action.SPLIT, code or "http_400")  # nothing was taken
    return _refusal(answer, code)


def _refusal(answer: Answer, code: str) -> Outcome:
    if 400 <= answer.status < 500 and code in _STOP:
        return say.judged(Action.STOP, code)
    return say.by_status(answer, code)


def _code(answer: Answer) -> str:
    """Return the code of an error, and nothing of a text that could quote an id."""
    body = say.read_object(answer.body) or {}
    words = [str(d.get("message", "")) for d in say.objects(body.get("details"))]
    return next((w for w in words if re.fullmatch(r"[A-Z]{2,30}(_[A-Z]{1,30}){1,9}", w)), "")


def told(answer: Answer) -> Outcome:
    """Judge a call without rows; a group that LINE is at work on is asked about again."""
    if not 200 <= answer.status < 300:
        return _refusal(answer, _code(answer))
    if group_of(answer) is None:
        return Outcome(action=Action.DONE)
    state = status_outcome(answer, 0)
    match state.action:
        case Action.PENDING:
            return say.judged(Action.RETRY, state.code, 10.0)
        case Action.RETRY:  # no waiting mends it, and the old group must stay
            return say.judged(Action.STOP, state.code)
        case _:
            return state


def group_of(answer: Answer) -> dict[str, Any] | None:
    """Return the group that an answer shows, None where it shows none."""
    group = (say.read_object(answer.body) or {}).get("audienceGroup")
    return group if isinstance(group, dict) else None


def status_outcome(answer: Answer, _rows: int) -> Outcome:
    """Judge a group: at work, ready, too small to be used yet, or failed."""
    if answer.status != 200:
        return _unasked(answer)
    group = group_of(answer) or {}
    jobs = say.objects((say.read_object(answer.body) or {}).get("jobs"))
    state = group.get("status")
    if any(job.get("jobStatus") in _AT_WORK for job in jobs):
        state = "IN_PROGRESS"
    if state in ("READY", "INACTIVE"):
        return Outcome(action=Action.DONE)
    if state == "FAILED" and group.get("failedType") == _SMALL:
        return Outcome(action=Action.DONE, code=_SMALL)
    if state in _ENDS:
        return say.judged(_ENDS[state], str(state))
    return say.judged(Action.PENDING, "IN_PROGRESS")


def _unasked(answer: Answer) -> Outcome:
    """Judge a group that could not be read: ask again, or take its rows for unknown if gone."""
    judged = _refusal(answer, _code(answer))
    if judged.action is Action.RETRY:
        return say.judged(Action.PENDING, judged.code, judged.wait_seconds)
    if judged.code == NOT_FOUND or answer.status == 404:
        return say.judged(Action.RETRY, judged.code)
    return judged
