"""What LinkedIn answers: a status for each element, and errors by status and code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome, Request, Size
from audiences.platforms.codes import rowless, word
from shared.errors import RejectedError, RetryableError

SMALLEST = 300
PAGE = 100
_STOP = {"INVALID_VERSION", "NONEXISTENT_VERSION", "SEGMENT_LIMIT_EXCEEDED", "VERSION_MISSING"}
ANSWERS = {
    Action.DONE: "200 with a status for each element: 2xx is taken, 429 and 5xx told again in the "
    "next run, others are refused",
    Action.RETRY: "429, 5xx; 200 that cannot be read; 404 in the first minutes of a segment",
    Action.REAUTH: "401",
    Action.SPLIT: "400, which names no row; 413",
    Action.REFUSED: "a single row in such a 400",
    Action.STOP: "403, 404; 426, the version is retired; "
    + ", ".join(f"`{code}`" for code in sorted(_STOP)),
}
NOTES = (
    "The segment is found by `sourceSegmentId`, which is the audience's name.",
    "A person's second address is an element of its own, so that each can match.",
    "A version of the API lives for about a year: set `api_version` before it ends.",
    "Names, titles and companies are not sent.",
    "Additions and removals of one person are never under way together.",
)
UNVERIFIED = (
    "The rate: 600 requests a minute of a member; the quotas of a day are not published.",
    "How long a segment may lie idle before it is archived and then expires.",
)


def outcome(answer: Answer, rows: int) -> Outcome:
    """Judge the answer to a batch of elements, each of which has a status of its own."""
    body = say.read_object(answer.body) or {}
    if 200 <= answer.status < 300 and isinstance(body.get("elements"), list):
        return _by_element(body["elements"], rows)
    return _whole(answer, body)


def told(answer: Answer) -> Outcome:
    """Judge a call about a segment."""
    if 200 <= answer.status < 300:
        return Outcome(action=Action.DONE)
    return rowless(_whole(answer, say.read_object(answer.body) or {}))


def _whole(answer: Answer, body: dict[str, Any]) -> Outcome:
    code = word(body.get("code"))
    if answer.status < 500 and (code in _STOP or answer.status == 426):
        return say.judged(Action.STOP, code or "http_426")
    if answer.status == 400:  # of the body's shape: nothing was taken
        return say.judged(Action.SPLIT, code or "http_400")
    return say.by_status(answer, code)


def _by_element(elements: list[Any], rows: int) -> Outcome:
    rejected: dict[int, str] = {}
    uncertain: dict[int, str] = {}
    for row in range(rows):
        one = elements[row] if row < len(elements) else None
        status = say.whole(one.get("status")) if isinstance(one, dict) else 0
        if 200 <= status < 300:
            continue
        later = status in {0, 429} or status >= 500
        (uncertain if later else rejected)[row] = _code(one) or f"http_{status}"
    if not rejected and not uncertain:
        return Outcome(action=Action.DONE)
    first = next(iter((rejected or uncertain).values()))
    return say.judged(Action.DONE, first, rejected=rejected, uncertain=uncertain)


def _code(element: object) -> str:
    error = element.get("error") if isinstance(element, dict) else None
    return word(error.get("code")) if isinstance(error, dict) else ""


def found(asked: Request, answer: Answer, name: str) -> str | Request | None:
    """Return the id of the segment of this name, or the request for the next page."""
    body = say.read_object(answer.body)
    if body is None or not isinstance(body.get("elements"), list):
        raise RetryableError("LinkedIn's list of segments cannot be read")
    for segment in say.objects(body["elements"]):
        if segment.get("sourceSegmentId") == name and segment.get("id"):
            return str(segment["id"])
    path, _, query = asked.path.partition("?")
    said = dict(parse_qsl(query))
    start, paging = int(said.get("start", "0")) + PAGE, body.get("paging")
    total = say.whole(paging.get("total")) if isinstance(paging, dict) else 0
    if start >= total:
        return None
    return replace(asked, path=f"{path}?{urlencode(said | {'start': start})}")


def created(answer: Answer) -> str:
    """Return the id of a new segment, which stands in a header."""
    made = answer.headers.get("x-restli-id") or answer.headers.get("x-linkedin-id") or ""
    if not made:
        raise RejectedError("LinkedIn made a segment but did not say its id")
    return made


def sized(answer: Answer) -> Size | None:
    """Return the size of the audience; one that is ready and shows 0 has fewer than 300."""
    body = say.read_object(answer.body) or {}
    first = next(iter(say.objects(body.get("destinations"))), {})
    size, ready = first.get("audienceSize"), first.get("status") == "READY"
    if type(size) is not int or size < 0 or (size == 0 and not ready):
        return None
    return Size(size, size) if size else Size(0, SMALLEST - 1)
