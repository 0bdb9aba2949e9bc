"""What the Data Manager API answers: refused whole at once, or judged later in counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome
from audiences.platforms.codes import unasked

_STOP = {
    "DESTINATION_ACCOUNT_TYPE_MISMATCH",
    "EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED",
    "INVALID_DESTINATION",
    "INVALID_USER_LIST_ID",
    "INVALID_USER_LIST_TYPE",
    "NOT_ALLOWLISTED",
    "TERMS_AND_CONDITIONS_NOT_SIGNED",
}
_ROWS = {  # a single row may be the reason, or there are too many of them
    "INVALID_BASE64_ENCODING",
    "INVALID_HEX_ENCODING",
    "INVALID_MOBILE_ID_FORMAT",
    "INVALID_SHA256_FORMAT",
    "TOO_MANY_AUDIENCE_MEMBERS",
    "TOO_MANY_USER_IDENTIFIERS",
}
ANSWERS = {
    Action.DONE: "status `SUCCESS`, `PARTIAL_SUCCESS`",
    Action.PENDING: "200 with `requestId`; status `PROCESSING`, or one that cannot be read now",
    Action.RETRY: "409, 429, 5xx; `INTERNAL_ERROR` when processed; a status that is forgotten",
    Action.REAUTH: "401",
    Action.SPLIT: "413; 400 that names members, or " + ", ".join(f"`{r}`" for r in sorted(_ROWS)),
    Action.REFUSED: "400 of another reason; status `FAILED`",
    Action.STOP: "403, 404; " + ", ".join(f"`{r}`" for r in sorted(_STOP)),
}


def outcome(answer: Answer, rows: int) -> Outcome:
    """Judge the answer to an ingest or a removal: taken with a handle, or refused with reasons."""
    body = say.read_object(answer.body) or {}
    if answer.status == 200:
        handle = str(body.get("requestId", ""))
        if re.fullmatch(r"[\w.:-]{1,200}", handle, re.ASCII):
            return Outcome(action=Action.PENDING, handle=handle)
        return say.by_status(answer, "unreadable")
    code, reasons, bad = _error(body)
    if answer.status != 400:
        return say.by_status(answer, code)
    if reasons & _STOP:
        return say.judged(Action.STOP, min(reasons & _STOP))
    named = {i: reason for i, reason in bad.items() if i < rows}
    # One bad row fails them all, and nothing of the batch is kept: the others go out anew.
    if named or reasons & _ROWS:
        return say.judged(Action.SPLIT, code or "INVALID_ARGUMENT", rejected=named)
    return say.by_status(answer, code)


def _error(body: Mapping[str, Any]) -> tuple[str, set[str], dict[int, str]]:
    """Return the error's code, every reason in it, and the reasons of the rows that it names."""
    error = body.get("error")
    error = error if isinstance(error, dict) else {}
    details = say.objects(error.get("details"))
    violations = [v for d in details for v in say.objects(d.get("fieldViolations"))]
    reasons = [r for d in [*details, *violations] if (r := _reason(d.get("reason")))]
    bad: dict[int, str] = {}
    for violation in violations:
        place = re.match(r"audience_?[mM]embers\[([0-9]{1,6})\]", str(violation.get("field")))
        if place:
            bad.setdefault(int(place[1]), _reason(violation.get("reason")) or "INVALID_ARGUMENT")
    code = next(iter(reasons), _reason(error.get("status")))
    return code, set(reasons), bad


def _reason(value: object) -> str:
    """Return an enum's word, and nothing of a text that could quote a row."""
    word = str(value).removeprefix("PROCESSING_ERROR_REASON_")
    return word if re.fullmatch(r"[A-Z]{2,30}(_[A-Z0-9]{1,30}){0,9}", word) else ""


def status_outcome(answer: Answer, rows: int) -> Outcome:
    """Judge a request's status; Google counts the rows that it refused and names none."""
    body = say.read_object(answer.body) or {}
    if answer.status != 200:
        return unasked(answer, _error(body)[0])
    done = next(iter(say.objects(body.get("requestStatusPerDestination"))), {})
    info = done.get("errorInfo")
    counts = say.objects(info.get("errorCounts")) if isinstance(info, dict) else []
    reasons = [r for c in counts if (r := _reason(c.get("reason")))]
    lost = max(1, min(rows, sum(say.whole(c.get("recordCount")) for c in counts)))
    match done.get("requestStatus"):
        case "SUCCESS":
            return Outcome(action=Action.DONE)
        case "PARTIAL_SUCCESS" | "FAILED" if "INTERNAL_ERROR" in reasons:
            return say.judged(Action.RETRY, "INTERNAL_ERROR")
        case "PARTIAL_SUCCESS":
            return say.judged(Action.DONE, next(iter(reasons), "PARTIAL_SUCCESS"), lost=lost)
        case "FAILED":
            return say.judged(Action.REFUSED, next(iter(reasons), "FAILED"))
        case _:
            return say.judged(Action.PENDING, "PROCESSING")
