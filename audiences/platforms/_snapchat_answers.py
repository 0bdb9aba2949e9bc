"""What Snapchat answers: a 200 counts only where it and all of its parts say SUCCESS."""

from __future__ import annotations

from typing import Any

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome, Request, Size
from shared.errors import RejectedError, RetryableError

ANSWERS = {
    Action.DONE: "200 with SUCCESS in it and all its parts",
    Action.RETRY: "429, 5xx; 200 that cannot be read",
    Action.REAUTH: "401",
    Action.SPLIT: "413; 400, which names no row",
    Action.REFUSED: "a single row in such a 400; 200 with a part that failed",
    Action.STOP: "403, 404",
}


def outcome(answer: Answer, _rows: int) -> Outcome:
    """Judge an answer: a 200 counts only where it and all of its parts say SUCCESS."""
    body = say.read_object(answer.body) or {}
    if answer.status == 400:  # nothing was taken, and any row may be the reason
        return say.judged(Action.SPLIT, _code(body) or "http_400")
    if answer.status != 200:
        return say.by_status(answer, _code(body))
    parts = [v for many in body.values() for v in say.objects(many) if "sub_request_status" in v]
    if body.get("request_status") != "SUCCESS":
        return say.judged(Action.RETRY, _code(body) or "unreadable")
    if any(part["sub_request_status"] != "SUCCESS" for part in parts):
        return say.judged(Action.REFUSED, _code(body) or "sub_request_failed")
    return Outcome(action=Action.DONE)


def _code(body: dict[str, Any]) -> str:
    code = str(body.get("error_code", ""))
    return code if len(code) == 5 and code[0] == "E" and code[1:].isdecimal() else ""


def _segments(answer: Answer) -> list[dict[str, Any]]:
    body = say.read_object(answer.body)
    if body is None or not isinstance(body.get("segments"), list):
        raise RetryableError("Snapchat's list of segments cannot be read")
    return [s for p in say.objects(body["segments"]) if isinstance(s := p.get("segment"), dict)]


def found(_asked: Request, answer: Answer, name: str) -> str | Request | None:
    """Return the id of the segment of this name, or the request for the next page."""
    named = next((s for s in _segments(answer) if s.get("name") == name), None)
    if named:
        return str(named["id"])
    paging = (say.read_object(answer.body) or {}).get("paging")
    link = paging.get("next_link") if isinstance(paging, dict) else None
    return Request(method="GET", path=str(link)) if link else None


def created(answer: Answer) -> str:
    """Return the id of a new segment."""
    try:
        return str(_segments(answer)[0]["id"])
    except (RetryableError, IndexError, KeyError):
        raise RejectedError("Snapchat made a segment but did not say its id") from None


def sized(answer: Answer) -> Size | None:
    """Return the number of users that Snapchat says, where it says one."""
    try:
        count = _segments(answer)[0].get("approximate_number_users")
    except (RetryableError, IndexError):
        return None
    return Size(count, count) if type(count) is int and count >= 0 else None
