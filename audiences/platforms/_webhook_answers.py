"""The webhook's contract in words, and what a receiver's answer means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome

TYPE = "audience-bridge.members.v1"
# A receiver's own words for a refused member: none that could be a name, a number or a token.
_CODE = re.compile(r"[a-z]{1,20}(_[a-z]{1,20}){1,4}")
_WORDS = frozenset({"blocked", "duplicate", "invalid", "unavailable", "unknown"})
ANSWERS = {
    Action.DONE: "2xx, which may name members in `errors`; `retryable` ones come again later",
    Action.RETRY: "408, 409, 425, 429, 5xx; 2xx with a page or JSON that cannot be read",
    Action.REAUTH: "401",
    Action.SPLIT: "400, 413, 422",
    Action.REFUSED: "a single member in such a 400; other 4xx",
    Action.STOP: "3xx, 403, 404, 405, 410 (the receiver wants no more)",
}
NOTES = (
    "`base_url` is the receiver's address; it has no default.",
    (
        "The body is a CloudEvent 1.0 in structured mode of type "
        f"`{TYPE}`: `data` holds `audience` (`id`, `name`), `sent_at` and `members`, "
        'each `{"op": "add" or "remove", "keys": {...}, "attributes": {...}}`.'
    ),
    (
        "`X-Signature` is `sha256=` and the HMAC-SHA256, in hex, of `X-Timestamp`, a full stop "
        "and the body; `X-Timestamp` is in seconds since 1970: refuse what is older than five "
        "minutes."
    ),
    (
        "`Idempotency-Key` is the event's `id`, a digest of `data`: what is sent again after a "
        "lost answer has the same key and the same body."
    ),
    (
        'A receiver answers 2xx with nothing, or with `{"errors": [{"index": 0, "code": '
        '"unknown_member", "retryable": false}]}`; a code is words with underscores.'
    ),
)


def outcome(answer: Answer, rows: int) -> Outcome:
    """Judge an answer: a success may name members that were refused, or that shall come again."""
    if answer.status in (400, 422):  # nothing was taken, and any member may be the reason
        return say.judged(Action.SPLIT, f"http_{answer.status}")
    if not 200 <= answer.status < 300:
        return say.by_status(answer)
    # A page comes from what stands before the receiver: nobody knows what that did.
    if say.is_page(answer):
        return say.by_status(answer, "unreadable")
    rejected: dict[int, str] = {}
    uncertain: dict[int, str] = {}
    lost = 0
    for error in say.objects((say.read_object(answer.body) or {}).get("errors")):
        place = error.get("index")
        if type(place) is not int or not 0 <= place < rows:
            lost += 1
        elif error.get("retryable") is True:
            uncertain[place] = _code(error)
        else:
            rejected[place] = _code(error)
    code = next(iter((*rejected.values(), *uncertain.values())), "unnamed" if lost else "")
    if not code:
        return Outcome(action=Action.DONE)
    return say.judged(
        Action.DONE, code, lost=min(lost, rows), rejected=rejected, uncertain=uncertain
    )


def _code(error: Mapping[str, Any]) -> str:
    code = str(error.get("code", ""))
    return code if code in _WORDS or _CODE.fullmatch(code) else "refused"
