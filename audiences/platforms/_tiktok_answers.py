"""What TikTok answers: HTTP 200 for everything, and a code that says what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome, Request, Size
from shared.errors import RejectedError, RetryableError

_OK, _PARTLY, _BAD = 0, 20001, 40002
_WAITS = {40016: 5.0, 40100: 5.0, 40132: 300.0, 40133: 300.0, 41001: 300.0}  # in seconds
_RETRY = {40201, 40202, 40700, 51305, 60001, *_WAITS}
_REAUTH = {40102, 40104, 40105}
_STOP = {40001, 40006}


def _listed(codes: set[int]) -> str:
    return ", ".join(str(code) for code in sorted(codes))


ANSWERS = {
    Action.DONE: "0; 20001, after which every row is told again in the next run",
    Action.RETRY: f"{_listed(_RETRY)}, 50000 and more; 5xx; what cannot be read",
    Action.REAUTH: f"{_listed(_REAUTH)}; 401",
    Action.SPLIT: "40002, which names no row; 413",
    Action.REFUSED: "other codes of 40000 and more; a single row that is answered 40002",
    Action.STOP: f"{_listed(_STOP)}; 40002 that says that the audience cannot be edited; 403, 404",
}
NOTES = (
    (
        "Mode `replace` is there with `flow: files` alone, and an audience that was made from a "
        "file takes no streams. Make it there once, from a file of several types with 1,000 rows "
        "or more: it is found by its name, or by `audience_ids`. A change that leaves it with "
        "fewer than 1,000 is refused."
    ),
    "An audience of our name that was made from a file is passed over, and another is made.",
    "A mobile id that is known for neither Apple's nor Android's is not sent.",
    "There is no refresh token: a token that is refused must be got anew by signing in.",
)
UNVERIFIED = (
    "The largest request: 1,000 rows, as other connectors send.",
    "How long a member stays: audiences from files end 365 days after the last change.",
    "Which of 40016, 40132 and 40133 is of the minute and which of the day.",
    "Whether streaming segments stand in the list of custom audiences in every account.",
)


def outcome(answer: Answer, rows: int) -> Outcome:
    """Judge an answer by its code; errors come with status 200 and, now and then, with 400."""
    body = say.read_object(answer.body) or {}
    code = body.get("code")
    if answer.status not in (200, 400) or type(code) is not int or not _is_code(code):
        return say.by_status(answer, "unreadable" if answer.status == 200 else "")
    if code == _OK:
        return Outcome(action=Action.DONE) if answer.status == 200 else say.by_status(answer)
    if code == _PARTLY:
        # Neither which rows nor how many: all of them are told again, which does no harm.
        return say.judged(Action.DONE, str(code), uncertain=dict.fromkeys(range(rows), str(code)))
    return say.judged(_action(code, body), str(code), _WAITS.get(code))


def _is_code(code: int) -> bool:
    return code in (_OK, _PARTLY) or 40000 <= code < 100_000


def _action(code: int, body: dict[str, Any]) -> Action:
    if code == _BAD:
        return Action.STOP if "cannot be edited" in str(body.get("message")) else Action.SPLIT
    if code in _RETRY or code >= 50000:
        return Action.RETRY
    if code in _REAUTH:
        return Action.REAUTH
    return Action.STOP if code in _STOP else Action.REFUSED


def data_of(answer: Answer) -> dict[str, Any] | None:
    """Return the data of a success, None where there is none."""
    body = say.read_object(answer.body) or {}
    data = body.get("data")
    return data if body.get("code") == _OK and isinstance(data, dict) else None


def listed(answer: Answer) -> tuple[list[dict[str, Any]], int]:
    """Return a page of the account's audiences, and how many the account has.

    Raises:
        RetryableError: when the answer is no such list.

    """
    data = data_of(answer) or {}
    if not isinstance(data.get("list"), list):
        raise RetryableError("TikTok's list of audiences cannot be read")
    info = data.get("page_info")
    total = info.get("total_number") if isinstance(info, dict) else None
    return say.objects(data["list"]), say.whole(total)


def found_where(
    fits: Callable[[Mapping[str, Any]], bool],
) -> Callable[[Request, Answer, str], str | Request | None]:
    """Return a `found` that takes the first audience of a name that fits; names may repeat."""

    def found(asked: Request, answer: Answer, name: str) -> str | Request | None:
        audiences, total = listed(answer)
        for audience in audiences:
            if audience.get("name") == name and fits(audience):
                return str(audience["audience_id"])
        path, _, query = asked.path.partition("?")
        said = dict(parse_qsl(query))
        page = int(said.get("page", "1"))
        if not audiences or page * int(said.get("page_size", "1")) >= total:
            return None
        return replace(asked, path=f"{path}?{urlencode(said | {'page': page + 1})}")

    return found


def created(answer: Answer) -> str:
    """Return the id of a new audience."""
    made = (data_of(answer) or {}).get("audience_id")
    if not isinstance(made, str | int) or not made:
        raise RejectedError("TikTok made an audience but did not say its id")
    return str(made)


def sized(answer: Answer) -> Size | None:
    """Return how many users TikTok matched, where it says it."""
    first = next(iter(say.objects((data_of(answer) or {}).get("list"))), {})
    details = first.get("audience_details")
    count = details.get("cover_num") if isinstance(details, dict) else None
    return Size(count, count) if type(count) is int and count >= 0 else None
