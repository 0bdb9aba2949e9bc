"""What Microsoft Advertising answers: faults of a call, and partial errors of its items."""

from __future__ import annotations

import re
from typing import Any

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome

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
_WAITS = {  # seconds until the service takes calls again, by its guides
    _WORDS[117]: 60.0,
    "BulkServiceTooManyRequests": 60.0,
    "BulkServiceNoMoreCallsPermittedForTheTimePeriod": 900.0,
}
RETRY = {*_WAITS, "InternalError", "ApiExecutionError"}
_STOP = {_WORDS[code] for code in (106, 108, 116, 120, 208, 303, 8003)}
_ABOUT_THE_TARGET = re.compile(r"(Audience|Account|Customer)Id|Identity|NotAuthorized|Permission")
ANSWERS = {
    Action.DONE: (
        "200 with `PartialErrors`, which name rows by `Index`; of a file `Completed`, or "
        "`CompletedWithErrors` and a file of errors, which names rows by `Client Id`"
    ),
    Action.PENDING: "a file that is taken, and its status until it is worked on",
    Action.RETRY: (
        "`CallRateExceeded` (a minute later), `InternalError`; 429, 5xx without a code; a file "
        "that `Failed`, `BulkServiceNoMoreCallsPermittedForTheTimePeriod`"
    ),
    Action.REAUTH: "`InvalidCredentials`, `AuthenticationTokenExpired` with any status; 401",
    Action.SPLIT: "413; codes that end in `ExceedLimit` or `ExceedsLimit`",
    Action.REFUSED: "other faults; of a file an error of its list, `UploadFileRowCountExceeded`",
    Action.STOP: (
        "`UserIsNotAuthorized`, `CustomerListTermsAndConditionsNotAccepted`, and codes about the "
        "account or the audience; 403, 404"
    ),
}


def outcome(answer: Answer, rows: int) -> Outcome:
    """Judge an answer to a change of members by the codes in it, then by its status."""
    body = say.read_object(answer.body) or {}
    errors = errors_of(body)
    if 200 <= answer.status < 300:
        if "PartialErrors" not in body:
            return say.judged(Action.RETRY, "unreadable")
        return _partial(errors, rows)
    words = [symbol(error) for error in errors]
    judged = of_the_call(words) if words else None
    return judged or say.by_status(answer, next(iter(words), ""))


def told(answer: Answer) -> Outcome:
    """Judge a call about audiences: a 200 with errors in it has done nothing."""
    if not 200 <= answer.status < 300:
        return outcome(answer, 0)
    words = [symbol(error) for error in errors_of(say.read_object(answer.body) or {})]
    if not words:
        return Outcome(action=Action.DONE)
    return of_the_call(words) or say.judged(Action.REFUSED, words[0])


def errors_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the errors of an answer, whichever list they stand in."""
    lists = ("PartialErrors", "Errors", "OperationErrors", "BatchErrors")
    return [error for name in lists for error in say.objects(body.get(name))]


def symbol(error: dict[str, Any]) -> str:
    """Return an error's symbol, and nothing of a text that could quote an item."""
    if word := _WORDS.get(say.whole(error.get("Code"))):
        return word
    said = error.get("ErrorCode")
    is_symbol = isinstance(said, str) and re.fullmatch(r"([A-Z]+[a-z]+){2,16}", said)
    return str(said) if is_symbol else "Unknown"


def of_the_call(words: list[str]) -> Outcome | None:
    """Judge what is wrong with a call whatever its items; None when nothing is known to be."""
    for known, action in ((_STOP, Action.STOP), (_REAUTH, Action.REAUTH), (RETRY, Action.RETRY)):
        if word := next((w for w in words if w in known), ""):
            return say.judged(action, word, _WAITS.get(word))
    if word := next((w for w in words if _ABOUT_THE_TARGET.search(w)), ""):
        return say.judged(Action.STOP, word)
    if word := next((w for w in words if re.search(r"Exceeds?Limit$", w)), ""):
        return say.judged(Action.SPLIT, word)
    return None


def _partial(errors: list[dict[str, Any]], rows: int) -> Outcome:
    named = {error["Index"]: symbol(error) for error in errors if _is_place(error, rows)}
    others = [symbol(error) for error in errors if not _is_place(error, rows)]
    # What stands at no place speaks for the call, else for every item that no other names.
    judged = of_the_call([*others, *(word for word in named.values() if word in _STOP)])
    if judged:
        return judged
    if others:
        named = {i: named.get(i, others[0]) for i in range(rows)}
    again = {i: word for i, word in named.items() if word in RETRY}
    refused = {i: word for i, word in named.items() if i not in again}
    if not named:
        return Outcome(action=Action.DONE)
    code = next(iter(refused.values()), next(iter(again.values()), ""))
    return say.judged(Action.DONE, code, rejected=refused, uncertain=again)


def _is_place(error: dict[str, Any], rows: int) -> bool:
    return type(error.get("Index")) is int and 0 <= error["Index"] < rows
