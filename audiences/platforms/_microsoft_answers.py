"""What Microsoft Advertising answers: faults of a call, and partial errors of its items."""

from __future__ import annotations

import re
from typing import Any

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome, Request, Size
from shared.errors import RejectedError, RetryableError

# Guides, "Operation Error Codes". A fault's HTTP status says little: only the codes count.
_WORDS = {
    105: "InvalidCredentials",
    106: "UserIsNotAuthorized",
    108: "UserCompromised",
    109: "AuthenticationTokenExpired",
    116: "RequestMissingHeaders",
    117: "CallRateExceeded",
    120: "UserLoginAccessDenied",
    208: "InvalidAccount",
    303: "ApiVersionNoLongerSupported",
    8003: "CustomerListTermsAndConditionsNotAccepted",
}
_REAUTH = {_WORDS[105], _WORDS[109]}
_RETRY = {_WORDS[117], "InternalError", "ApiExecutionError"}
_STOP = {_WORDS[code] for code in (106, 108, 116, 120, 208, 303, 8003)}
_ABOUT_THE_TARGET = re.compile(r"(Audience|Account|Customer)Id|Identity|NotAuthorized|Permission")
_RATE_SECONDS = 60.0
ANSWERS = {
    Action.DONE: "200 with `PartialErrors`, which name rows by `Index`",
    Action.RETRY: "`CallRateExceeded` (a minute later), `InternalError`; 429, 5xx without a code",
    Action.REAUTH: "`InvalidCredentials`, `AuthenticationTokenExpired` with any status; 401",
    Action.SPLIT: "413; codes that end in `ExceedLimit` or `ExceedsLimit`",
    Action.REFUSED: "other faults",
    Action.STOP: (
        "`UserIsNotAuthorized`, `CustomerListTermsAndConditionsNotAccepted`, and codes about the "
        "account or the audience; 403, 404"
    ),
}


def outcome(answer: Answer, rows: int) -> Outcome:
    """Judge an answer to a change of members by the codes in it, then by its status."""
    body = say.read_object(answer.body) or {}
    errors = _errors(body)
    if 200 <= answer.status < 300:
        if "PartialErrors" not in body:
            return say.judged(Action.RETRY, "unreadable")
        return _partial(errors, rows)
    words = [_word(error) for error in errors]
    judged = _of_the_call(words) if words else None
    return judged or say.by_status(answer, next(iter(words), ""))


def told(answer: Answer) -> Outcome:
    """Judge a call about audiences: a 200 with errors in it has done nothing."""
    if not 200 <= answer.status < 300:
        return outcome(answer, 0)
    words = [_word(error) for error in _errors(say.read_object(answer.body) or {})]
    if not words:
        return Outcome(action=Action.DONE)
    return _of_the_call(words) or say.judged(Action.REFUSED, words[0])


def _errors(body: dict[str, Any]) -> list[dict[str, Any]]:
    lists = ("PartialErrors", "Errors", "OperationErrors", "BatchErrors")
    return [error for name in lists for error in say.objects(body.get(name))]


def _word(error: dict[str, Any]) -> str:
    """Return an error's symbol, and nothing of a text that could quote an item."""
    if word := _WORDS.get(say.whole(error.get("Code"))):
        return word
    said = error.get("ErrorCode")
    is_symbol = isinstance(said, str) and re.fullmatch(r"([A-Z]+[a-z]+){2,16}", said)
    return str(said) if is_symbol else "Unknown"


def _of_the_call(words: list[str]) -> Outcome | None:
    """Judge what is wrong with a call whatever its items; None when nothing is known to be."""
    for known, action in ((_STOP, Action.STOP), (_REAUTH, Action.REAUTH), (_RETRY, Action.RETRY)):
        if word := next((w for w in words if w in known), ""):
            return say.judged(action, word, _RATE_SECONDS if word == _WORDS[117] else None)
    if word := next((w for w in words if _ABOUT_THE_TARGET.search(w)), ""):
        return say.judged(Action.STOP, word)
    if word := next((w for w in words if re.search(r"Exceeds?Limit$", w)), ""):
        return say.judged(Action.SPLIT, word)
    return None


def _partial(errors: list[dict[str, Any]], rows: int) -> Outcome:
    named = {error["Index"]: _word(error) for error in errors if _is_place(error, rows)}
    others = [_word(error) for error in errors if not _is_place(error, rows)]
    # What stands at no place speaks for the call, else for every item that no other names.
    judged = _of_the_call([*others, *(word for word in named.values() if word in _STOP)])
    if judged:
        return judged
    if others:
        named = {i: named.get(i, others[0]) for i in range(rows)}
    again = {i: word for i, word in named.items() if word in _RETRY}
    refused = {i: word for i, word in named.items() if i not in again}
    if not named:
        return Outcome(action=Action.DONE)
    code = next(iter(refused.values()), next(iter(again.values()), ""))
    return say.judged(Action.DONE, code, rejected=refused, uncertain=again)


def _is_place(error: dict[str, Any], rows: int) -> bool:
    return type(error.get("Index")) is int and 0 <= error["Index"] < rows


def _audiences(answer: Answer) -> list[dict[str, Any]]:
    listed = (say.read_object(answer.body) or {}).get("Audiences")
    if not isinstance(listed, list):
        raise RetryableError("Microsoft's list of audiences cannot be read")
    return say.objects(listed)


def found(_asked: Request, answer: Answer, name: str) -> str | None:
    """Return the id of the list of this name; the service has no pages."""
    one = next((a for a in _audiences(answer) if a.get("Name") == name and a.get("Id")), None)
    return str(one["Id"]) if one else None


def created(answer: Answer) -> str:
    """Return the id of a new list."""
    ids = (say.read_object(answer.body) or {}).get("AudienceIds")
    if not isinstance(ids, list) or not ids or not isinstance(ids[0], (str, int)) or not ids[0]:
        raise RejectedError("Microsoft made a customer list but did not say its id")
    return str(ids[0])


def sized(answer: Answer) -> Size | None:
    """Return the smallest and largest of the sizes in the networks; there is none at first."""
    try:
        one = _audiences(answer)[0]
    except (RetryableError, IndexError):
        return None
    said = [one.get(network) for network in ("SearchSize", "AudienceNetworkSize")]
    sizes = [int(n) for n in said if isinstance(n, (int, str)) and str(n).isdecimal()]
    return Size(min(sizes), max(sizes)) if sizes else None
