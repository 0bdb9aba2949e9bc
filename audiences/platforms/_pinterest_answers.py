"""What Pinterest answers: the list as it stands, or a code; counters that are no sizes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome, Request, Size
from audiences.platforms.codes import rowless
from shared.errors import RetryableError

SMALLEST = 100
ANSWERS = {
    Action.DONE: "200 with the list",
    Action.RETRY: "429, 5xx; 200 that cannot be read",
    Action.REAUTH: "401",
    Action.SPLIT: "400, which names no record; 413",
    Action.REFUSED: "a single record in such a 400",
    Action.STOP: "403, 404",
}
NOTES = (
    (
        "A list cannot be made empty: it is made with the digest of an address at `.invalid`, "
        "which nobody can have, and that is taken out at once."
    ),
    "A list is of no use by itself, so an audience of the same name is made of it at once.",
    "A list takes every kind of record, whatever its `list_type` says.",
    "Counters rise with every call: the size is known as 100 and more, or fewer, and no better.",
    "Lists cannot be deleted or replaced.",
)
UNVERIFIED = (
    "The largest request: 10,000 records or 1 MB, as other connectors send.",
    "The rate of writing: 6 requests a second. Trial access has 1,000 calls a day in all.",
    (
        "Whether an audience can be made of a list that has fewer than 100 members yet: if "
        "Pinterest refuses, the report warns, and it is to be made there by hand."
    ),
    "How long a member stays: nothing is documented.",
)


def outcome(answer: Answer, _rows: int) -> Outcome:
    """Judge an answer: a success shows the list, and a 400 names no record."""
    body = say.read_object(answer.body) or {}
    if answer.status in (200, 201):
        made = Outcome(action=Action.DONE)
        return made if body.get("id") else say.judged(Action.RETRY, "unreadable")
    code = say.whole(body.get("code"))
    said = f"code_{code}" if code else ""
    if answer.status == 400:  # nothing was taken, and any record may be the reason
        return say.judged(Action.SPLIT, said or "http_400")
    return say.by_status(answer, said)


def told(answer: Answer) -> Outcome:
    """Judge a call about lists and audiences."""
    if 200 <= answer.status < 300:
        return Outcome(action=Action.DONE)
    return rowless(outcome(answer, 0))


def pace(answer: Answer, at: datetime) -> float | None:
    """Return the seconds until calls are left again."""
    return say.rest_wait(answer, at, "x-ratelimit-remaining", "x-ratelimit-reset")


def found(asked: Request, answer: Answer, name: str) -> str | Request | None:
    """Return the id of the list of this name, or the request for the next page."""
    body: dict[str, Any] = say.read_object(answer.body) or {}
    if not isinstance(body.get("items"), list):
        raise RetryableError("Pinterest's lists of customers cannot be read")
    for one in say.objects(body["items"]):
        if one.get("name") == name and re.fullmatch(r"[0-9]+", str(one.get("id"))):
            return str(one["id"])
    bookmark = body.get("bookmark")
    if not isinstance(bookmark, str) or not bookmark:
        return None
    path = asked.path.partition("&bookmark=")[0]
    return replace(asked, path=f"{path}&bookmark={quote(bookmark, safe='')}")


def sized(answer: Answer) -> Size | None:
    """Return whether the list has enough members, which is all that Pinterest says."""
    status = (say.read_object(answer.body) or {}).get("status")
    if status == "READY":
        return Size(SMALLEST, None)
    return Size(0, SMALLEST - 1) if status == "TOO_SMALL" else None
