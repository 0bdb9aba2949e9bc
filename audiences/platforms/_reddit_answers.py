"""What Reddit answers: nothing to rows that it takes, and errors whose status alone is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome, Request, Size
from shared.errors import RejectedError, RetryableError

AT = "/api/v3"
ANSWERS = {
    Action.DONE: "204; 2xx with JSON",
    Action.RETRY: "429, 5xx; 2xx that cannot be read",
    Action.REAUTH: "401",
    Action.SPLIT: "400, which names no row; 413",
    Action.REFUSED: "a single row in such a 400",
    Action.STOP: "403, 404, 410",
}
NOTES = (
    "A column is in a request when one of its rows has it; a row without it has empty text.",
    "Rows are never judged one by one: an accepted request is all that Reddit says.",
    "A digest that was made elsewhere matches only if it was made as `email_noise` says.",
)
UNVERIFIED = (
    "The largest request: 2,500 rows, as Reddit's own connector sends.",
    "The rate: one request a second, slower where headers say that no call is left.",
    "The shape of errors: the status alone is read.",
)


def outcome(answer: Answer, _rows: int) -> Outcome:
    """Judge an answer: 204 without a word is a success, and a 400 names no row."""
    readable = say.read_object(answer.body) is not None
    if answer.status == 204 or (200 <= answer.status < 300 and readable):
        return Outcome(action=Action.DONE)
    if answer.status == 400:  # nothing was taken, and no row is named
        return say.judged(Action.SPLIT, "http_400")
    return say.by_status(answer)


def pace(answer: Answer, at: datetime) -> float | None:
    """Return the seconds until calls are left again."""
    return say.rest_wait(answer, at, "x-ratelimit-remaining", "x-ratelimit-reset")


def found(asked: Request, answer: Answer, name: str) -> str | Request | None:
    """Return the id of the customer list of this name, or the request for the next page."""
    body: dict[str, Any] = say.read_object(answer.body) or {}
    if not isinstance(body.get("data"), list):
        raise RetryableError("Reddit's list of audiences cannot be read")
    for one in say.objects(body["data"]):
        if one.get("name") == name and one.get("type") == "CUSTOMER_LIST" and one.get("id"):
            return str(one["id"])
    paging = body.get("pagination")
    link = paging.get("next_url") if isinstance(paging, dict) else None
    # An absolute address, or one that begins at the root of the host.
    return replace(asked, path=str(link).removeprefix(AT)) if link else None


def _data(answer: Answer) -> dict[str, Any]:
    data = (say.read_object(answer.body) or {}).get("data")
    return data if isinstance(data, dict) else {}


def created(answer: Answer) -> str:
    """Return the id of a new audience."""
    made = _data(answer).get("id")
    if not isinstance(made, str) or not made:
        raise RejectedError("Reddit made an audience but did not say its id")
    return made


def sized(answer: Answer) -> Size | None:
    """Return how many users Reddit matched, where it says it."""
    size = _data(answer).get("size")
    return Size(size, size) if type(size) is int and size >= 0 else None
