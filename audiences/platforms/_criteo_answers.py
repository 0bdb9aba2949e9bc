"""What Criteo answers: counts of valid and invalid identifiers, and errors with a code each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome, Request, Size
from shared.errors import RejectedError, RetryableError

_DONE = Outcome(action=Action.DONE)
_REAUTH = {"authorization-token-expired", "authorization-token-invalid"}
_STOP = {"audience-invalid", "audience-segment-not-found", "segment-not-found", "version-gone"}
ANSWERS = {
    Action.DONE: "200 with `nbValidIdentifiers`; the invalid ones are counted",
    Action.RETRY: "429, 5xx; 200 without counts",
    Action.REAUTH: "401; " + ", ".join(f"`{code}`" for code in sorted(_REAUTH)),
    Action.SPLIT: "413",
    Action.REFUSED: "400; 200 with errors, or with no valid identifier",
    Action.STOP: "403, 404, 410; " + ", ".join(f"`{code}`" for code in sorted(_STOP)),
}


def outcome(answer: Answer, rows: int) -> Outcome:
    """Judge an answer to an amendment: identifiers are counted, errors have codes."""
    body = say.read_object(answer.body) or {}
    code = _code(body)
    if code in _REAUTH or code in _STOP:
        return say.judged(Action.REAUTH if code in _REAUTH else Action.STOP, code)
    if answer.status != 200:
        return say.by_status(answer, code)
    facts = _facts(body)
    if type(facts.get("nbValidIdentifiers")) is not int:
        # Without counts nothing is certain, unless an error says that nothing was done.
        return say.judged(Action.REFUSED if code else Action.RETRY, code or "unreadable")
    lost = min(rows, say.whole(facts.get("nbInvalidIdentifiers")))
    if lost >= rows > 0:
        return say.judged(Action.REFUSED, "invalid_identifiers")
    # The samples are the identifiers themselves, not their places: they are not read.
    return say.judged(Action.DONE, "invalid_identifiers", lost=lost) if lost else _DONE


def told(answer: Answer) -> Outcome:
    """Judge a call about segments: a 200 may have done nothing of what was asked."""
    if not 200 <= answer.status < 300:
        return outcome(answer, 0)
    body = say.read_object(answer.body) or {}
    code = _code(body)
    if code and not body.get("data"):
        return say.judged(Action.STOP if code in _STOP else Action.REFUSED, code)
    return _DONE


def _facts(body: Mapping[str, Any]) -> Mapping[str, Any]:
    data = body.get("data")
    facts = data.get("attributes") if isinstance(data, dict) else None
    return facts if isinstance(facts, dict) else {}


def _code(body: Mapping[str, Any]) -> str:
    """Return the first error's code, and nothing of a text that could quote an identifier."""
    listed = [*say.objects(body.get("errors")), *say.objects(body.get("warnings"))]
    said = str(listed[0].get("code", "")) if listed else ""
    if not listed:
        return ""
    return said if re.fullmatch(r"[a-z]{2,20}(-[a-z]{1,20}){1,7}", said) else "error"


def _segments(answer: Answer) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the segments of an answer, and what it says of the whole list."""
    body = say.read_object(answer.body) or {}
    if not isinstance(body.get("data"), list):
        raise RetryableError("Criteo's list of segments cannot be read")
    meta = body.get("meta")
    return say.objects(body["data"]), meta if isinstance(meta, dict) else {}


def found(asked: Request, answer: Answer, name: str) -> str | Request | None:
    """Return the id of the segment of this name, or the request for the next page."""
    segments, meta = _segments(answer)
    for one in segments:
        facts = one.get("attributes")
        if isinstance(facts, dict) and facts.get("name") == name and one.get("id"):
            return str(one["id"])
    path, _, offset = asked.path.rpartition("&offset=")
    after = say.whole(offset) + len(segments)
    if not path or not segments or after >= say.whole(meta.get("totalItems", after + 1)):
        return None
    return replace(asked, path=f"{path}&offset={after}")


def created(answer: Answer) -> str:
    """Return the id of a new segment."""
    try:
        return str(_segments(answer)[0][0]["id"])
    except (RetryableError, IndexError, KeyError):
        raise RejectedError("Criteo made a segment but did not say its id") from None


def sized(answer: Answer) -> Size | None:
    """Return the number of people that Criteo knows of those in the list."""
    count = _facts(say.read_object(answer.body) or {}).get("numberOfMatches")
    return Size(count, count) if type(count) is int and count >= 0 else None
