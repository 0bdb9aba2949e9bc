"""What X answers: counts that must be what was sent, or errors at the places of operations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome, Request, Size
from shared.errors import RejectedError, RetryableError

ANSWERS = {
    Action.DONE: "200 with `success_count` and `total_count` as many as were sent",
    Action.RETRY: "429, 5xx; 200 with other counts",
    Action.REAUTH: "401",
    Action.SPLIT: "413; 400, which names operations in `operation_errors` or none",
    Action.REFUSED: "a single row in such a 400",
    Action.STOP: "403, 404",
}


def outcome(answer: Answer, rows: int) -> Outcome:
    """Judge an answer: X takes all operations of a request or none, and says so by counts."""
    body = say.read_object(answer.body) or {}
    if 200 <= answer.status < 300:
        data = body.get("data")
        data = data if isinstance(data, dict) else {}
        counts = [data.get("success_count"), data.get("total_count")]
        if counts == [rows, rows] and all(type(count) is int for count in counts):
            return Outcome(action=Action.DONE)
        return say.judged(Action.RETRY, "counts_differ" if data else "unreadable")
    code = _code(body.get("errors"))
    if answer.status != 400:
        return say.by_status(answer, code)
    wrong = body.get("operation_errors")
    wrong = wrong[:rows] if isinstance(wrong, list) else []
    named = {i: _code(said) or "invalid" for i, said in enumerate(wrong) if said}
    return say.judged(Action.SPLIT, code or next(iter(named.values()), "http_400"), rejected=named)


def _code(errors: object) -> str:
    """Return the first error's code, and nothing of a text that could quote an identifier."""
    listed = say.objects(errors if isinstance(errors, list) else [errors])
    said = str(listed[0].get("code", "")) if listed else ""
    return said if re.fullmatch(r"[A-Z]{2,30}(_[A-Z]{1,30}){0,6}", said) else ""


def pace(answer: Answer, at: datetime) -> float | None:
    """Return the wait that the account's window asks for, where there is one, else the user's."""
    for window in ("x-account-rate-limit", "x-rate-limit"):
        if f"{window}-remaining" in answer.headers:
            return say.rest_wait(answer, at, f"{window}-remaining", f"{window}-reset")
    return None


def found(asked: Request, answer: Answer, name: str) -> str | Request | None:
    """Return the id of the audience of this name, or the request for the next page."""
    body = say.read_object(answer.body) or {}
    if not isinstance(body.get("data"), list):
        raise RetryableError("X's list of audiences cannot be read")
    for one in say.objects(body["data"]):
        if one.get("name") == name and one.get("id") and one.get("deleted") is not True:
            return str(one["id"])
    cursor = body.get("next_cursor")
    if not isinstance(cursor, str) or not cursor:
        return None
    path = asked.path.partition("&cursor=")[0]
    return replace(asked, path=f"{path}&cursor={quote(cursor, safe='')}")


def _one(answer: Answer) -> Mapping[str, Any]:
    data = (say.read_object(answer.body) or {}).get("data")
    return data if isinstance(data, dict) else {}


def created(answer: Answer) -> str:
    """Return the id of a new audience."""
    made = _one(answer).get("id")
    if not isinstance(made, str) or not made:
        raise RejectedError("X made an audience but did not say its id")
    return made


def sized(answer: Answer) -> Size | None:
    """Return the number of matched users; while it is small or new there is none."""
    count = _one(answer).get("audience_size")
    if not isinstance(count, (int, str)) or not str(count).isdecimal():
        return None
    return Size(int(count), int(count))
