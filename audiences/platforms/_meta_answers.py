"""What Graph answers to customer files: rows only counted, errors by code and subcode."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome

_RETRY = {1, 2, 4, 17, 32, 341, 613, 80003}
_REAUTH = {102, 190, 463, 467}
_STOP = {10, 200, 294, 368, 803, 2635, 2650, 2655, 1487301, 1487366}
_BY_SUBCODE = {
    33: Action.STOP,  # no such audience
    463: Action.REAUTH,  # the token expired
    467: Action.REAUTH,  # the token was invalidated
    1713230: Action.STOP,  # the audience is blocked for what its name suggests
    1870145: Action.RETRY,  # a replace is running
    1870148: Action.RETRY,  # partly done; adds and removes may be repeated
    1870159: Action.DONE,  # the session is finished: its last batch came, its answer was lost
    1870158: Action.RETRY,  # the session timed out: the plan is over by then
}
_DONE = Outcome(action=Action.DONE)


def _listed(codes: set[int]) -> str:
    return ", ".join(str(code) for code in sorted(codes))


ANSWERS = {
    Action.DONE: "200 with `num_received`; 2650 with 1870159",
    Action.RETRY: f"codes {_listed(_RETRY)}; `is_transient`; 5xx; no JSON; "
    "2650 with 1870145, 1870148, 1870158",
    Action.REAUTH: f"codes {_listed(_REAUTH)}",
    Action.SPLIT: "413",
    Action.REFUSED: "100, 105, and other 400s; every row malformed",
    Action.STOP: f"codes {_listed(_STOP)}; 100 with 33 or 1713230; 403, 404",
}
NOTES = (
    (
        "Every request of every audience has the same fourteen columns, with empty text for what a "
        "row lacks or is not sent: an audience that has seen another schema answers `#2650 data "
        "source mismatch`."
    ),
    (
        "Names, places and births refine a row that has a key, when it is added; it is taken back "
        "by its keys alone, of which any one is enough."
    ),
    "A removal is `POST …/users?method=delete`, because some proxies drop the body of a `DELETE`.",
    (
        "Rows that Meta quotes in `invalid_entry_samples` are never read, because they are "
        "identifiers; only the count is used."
    ),
    "Mode `replace` is one session of `usersreplace`, through within 90 minutes.",
)
UNVERIFIED = (
    (
        "Whether `filtering` by `name` works on the list of audiences: it asks for 500, the most "
        "that an account may have."
    ),
    (
        "The rate of an account (5,000 calls an hour, or 190,000 with advanced access): 10 "
        "requests a second, slower when Meta says so."
    ),
    "Apps that require `appsecret_proof` are not supported: switch it off for the app.",
    "Data processing options (LDU) of each row are not sent.",
)


def outcome(answer: Answer, rows: int) -> Outcome:
    """Judge an answer: Graph counts malformed rows, and names errors by code and subcode."""
    body = say.read_object(answer.body)
    if body is not None and isinstance(body.get("error"), dict):
        return _error(answer, body["error"])
    if answer.status not in (200, 400):
        return say.by_status(answer)
    if body is None or type(body.get("num_received")) is not int:
        return say.judged(Action.RETRY, "unreadable")  # Graph writes JSON: a proxy wrote this
    lost = max(0, rows - body["num_received"]) + say.whole(body.get("num_invalid_entries"))
    if lost >= rows > 0:
        return say.judged(Action.REFUSED, "invalid_entries")
    # The samples quote the rows themselves, not their places: they are not read.
    return say.judged(Action.DONE, "invalid_entries", lost=lost) if lost else _DONE


def _error(answer: Answer, error: Mapping[str, Any]) -> Outcome:
    code, subcode = say.whole(error.get("code")), say.whole(error.get("error_subcode"))
    action = _action(answer, code, subcode, error.get("is_transient"))
    return say.judged(action, f"{code}/{subcode}" if subcode else str(code), _wait(answer))


def _action(answer: Answer, code: int, subcode: int, transient: object) -> Action:
    if subcode in _BY_SUBCODE:
        return _BY_SUBCODE[subcode]
    if code in _REAUTH:
        return Action.REAUTH
    if transient is True or code in _RETRY or answer.status >= 500:
        return Action.RETRY
    if code in _STOP:
        return Action.STOP
    return Action.REFUSED if answer.status == 400 else say.by_status(answer).action


def _wait(answer: Answer) -> float | None:
    """Return the longest wait of X-Business-Use-Case-Usage, which counts minutes."""
    header = answer.headers.get("x-business-use-case-usage", "")
    minutes = re.findall(r'"estimated_time_to_regain_access"\s*:\s*([0-9]{1,5})\b', header)
    return max(float(m) * 60 for m in minutes) if minutes else None


def pace(answer: Answer, _at: datetime) -> float | None:
    """Return the wait that the account's usage asks for."""
    return _wait(answer)
