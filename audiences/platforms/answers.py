"""What the platforms have in common in reading answers and writing bodies; none of them itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from audiences.platforms.base import Action, Answer, Outcome
from shared.errors import RejectedError, RetryableError

_STOPS = frozenset({403, 404, 405, 406, 410, 411, 415, 451})
_RETRIES = frozenset({0, 408, 409, 423, 425, 429})
_MEANING = {
    Action.DONE: "some rows are refused",
    Action.PENDING: "the platform has not finished",
    Action.RETRY: "no usable answer, or too many requests",
    Action.REAUTH: "the credentials are not accepted",
    Action.SPLIT: "the request is refused whole: its rows go out in smaller ones",
    Action.REFUSED: "the request is refused as it is",
    Action.STOP: "refused until a person acts: permission, terms, account or audience",
}


def compact(value: object) -> bytes:
    """Write JSON in the fewest bytes, text as UTF-8; equal values give equal bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def read_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object that an answer holds, or None when it holds anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def is_page(answer: Answer) -> bool:
    """Say whether an answer holds a web page, or JSON that cannot be read."""
    text = answer.body.strip()
    return text[:1] == b"<" or (text[:1] in (b"{", b"[") and read_object(text) is None)


def objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list, and nothing of anything else."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def whole(value: object) -> int:
    """Return a count or code that came as a number or as digits, zero when it is neither.

    Nothing of nine digits and more passes: it may be a phone number.
    """
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,8}", value):
        return int(value)
    return value if type(value) is int and 0 <= value < 10**8 else 0


def retry_after(answer: Answer) -> float | None:
    """Return the seconds of a Retry-After header; a date needs a clock and counts as none."""
    text = answer.headers.get("retry-after", "").strip()
    return float(text) if re.fullmatch(r"[0-9]{1,5}", text) else None


def rest_wait(answer: Answer, at: datetime, remaining: str, reset: str) -> float | None:
    """Return the seconds until a window ends in which no call is left, by two headers.

    `reset` may be in seconds from now or since 1970.
    """
    left = answer.headers.get(remaining, "").strip()
    text = answer.headers.get(reset, "").strip()
    if not re.fullmatch(r"0+(\.0+)?", left) or not re.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?", text):
        return None
    end = float(text)
    return end if end < 10**8 else max(0.0, end - at.timestamp())


def judged(
    action: Action,
    code: str,
    wait: float | None = None,
    lost: int = 0,
    *,
    rejected: Mapping[int, str] | None = None,
    uncertain: Mapping[int, str] | None = None,
    named: Mapping[str, str] | None = None,
    handle: str = "",
) -> Outcome:
    """Say an outcome in our own words: what a platform writes may quote the rows it refuses."""
    message = f"{_MEANING[action]} ({code})"
    wait = wait if action in (Action.RETRY, Action.PENDING) else None
    return Outcome(
        action=action,
        code=code,
        message=message,
        wait_seconds=wait,
        rejected=rejected or {},
        uncertain=uncertain or {},
        named=named or {},
        rejected_unnamed=lost,
        handle=handle,
    )


def by_status(answer: Answer, code: str = "") -> Outcome:
    """Judge an answer by its status alone, for where the platform's own words say no more."""
    status = answer.status
    code = code or (f"http_{status}" if status else "no_answer")
    if status == 413:
        return judged(Action.SPLIT, code)
    if status in _STOPS or 300 <= status < 400:
        return judged(Action.STOP, code)
    if status == 401:
        return judged(Action.REAUTH, code)
    # A success that says nothing readable is as good as no answer.
    if status in _RETRIES or status >= 500 or status < 300:
        return judged(Action.RETRY, code, retry_after(answer))
    return judged(Action.REFUSED, code)


def named(body: bytes, list_field: str, name_field: str, name: str) -> Mapping[str, Any] | None:
    """Return the audience of this very name in a platform's list of audiences.

    Raises:
        RetryableError: when the answer is no such list, so that nobody takes it for "none".

    """
    answer = read_object(body)
    if answer is None or not isinstance(answer.get(list_field, []), list):
        raise RetryableError("the platform's list of audiences cannot be read")
    return next((a for a in objects(answer.get(list_field)) if a.get(name_field) == name), None)


def made(body: bytes, field: str) -> str:
    """Return the id that stands in the answer to a creation.

    Raises:
        RejectedError: when there is none.

    """
    value = (read_object(body) or {}).get(field)
    if not isinstance(value, (str, int)) or not value:
        raise RejectedError("the platform made an audience but did not say its id")
    return str(value)
