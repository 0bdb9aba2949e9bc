"""Who of raw ids has opted out: what an operator is asked, and what its answer says.

POST /v2/optout/status takes up to 5,000 raw ids, one request after the other, and names those of
them that have opted out. Its envelope is base64, as in all examples of version 2.
https://unifiedid.com/docs/endpoints/post-optout-status
https://euid.eu/docs/endpoints/post-optout-status
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome, Request
from audiences.uid2.operator import UID2

ROWS = 5_000
_PATH = "/v2/optout/status"


def status_request(uids: Sequence[str]) -> Request:
    """Return the request that asks about raw ids."""
    body = say.compact({"advertising_ids": [*uids]})
    return Request(method="POST", path=_PATH, body=body, content_type="text/plain")


def status_outcome(answer: Answer, asked: Collection[str]) -> Outcome:
    """Judge an answer; one that names an id which was not asked about is none."""
    if answer.status in (404, 405):  # an operator of one's own may have it switched off
        message = f"it has no {_PATH}: write `optout_days: 0` below `uid2:`"
        return Outcome(action=Action.STOP, code=f"http_{answer.status}", message=message)
    if answer.status != 200:
        return UID2.outcome(answer, len(asked))
    if read_opted_out(answer.body, asked) is None:
        return say.judged(Action.RETRY, "unreadable")
    return Outcome(action=Action.DONE)


def read_opted_out(body: bytes, asked: Collection[str]) -> frozenset[str] | None:
    """Return the ids that have opted out; None of what is no answer to what was asked."""
    said = say.read_object(body) or {}
    within = said.get("body") if said.get("status") == "success" else None
    listed = within.get("opted_out") if isinstance(within, dict) else None
    if not isinstance(listed, list):
        return None
    out = {one.get("advertising_id") if isinstance(one, dict) else None for one in listed}
    return frozenset(str(one) for one in out) if out <= {*asked} else None
