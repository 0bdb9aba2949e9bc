"""What Amazon answers: a job for an upload, and when it ends the records that it did not take."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome
from audiences.platforms.codes import unasked

ANSWERS = {
    Action.DONE: "job `SUCCEEDED`, `COMPLETED`; `PARTIALLYSUCCEEDED` with records",
    Action.PENDING: "202 with `jobRequestId`; job `PENDING`, or one that cannot be read now",
    Action.RETRY: (
        "429, 5xx; job `FAILED`, or `PARTIALLYSUCCEEDED` without records, or one that is forgotten"
    ),
    Action.REAUTH: "401",
    Action.SPLIT: "413; 400, which names no record",
    Action.REFUSED: "a single record in such a 400",
    Action.STOP: "403, 404, 415",
}
_DONE = ("SUCCEEDED", "COMPLETED")


def outcome(answer: Answer, _rows: int) -> Outcome:
    """Judge the answer to an upload: a job that is under way, or a refusal of the whole."""
    if 200 <= answer.status < 300:
        handle = str((say.read_object(answer.body) or {}).get("jobRequestId", ""))
        if re.fullmatch(r"[\w.:-]{1,200}", handle, re.ASCII):
            return Outcome(action=Action.PENDING, handle=handle)
        return say.by_status(answer, "unreadable")
    if answer.status == 400:  # nothing was taken, and any record may be the reason
        return say.judged(Action.SPLIT, "http_400")
    return say.by_status(answer)


def told(answer: Answer) -> Outcome:
    """Judge a call without records."""
    if 200 <= answer.status < 300:
        return Outcome(action=Action.DONE)
    return say.by_status(answer)


def names(body: bytes) -> Sequence[str]:
    """Return the names of a body's records in their order."""
    whole = re.sub(rb"\{audience_id\}", b"0", body, count=1)
    return [str(record["externalUserId"]) for record in json.loads(whole)["records"]]


def status_outcome(answer: Answer, rows: int) -> Outcome:
    """Judge a job: what it did not take it names; what failed for itself may be sent again."""
    if answer.status != 200:
        return unasked(answer)
    body = say.read_object(answer.body) or {}
    state, bad = body.get("jobState"), _invalid(body)
    code = next(iter(bad.values()), "")
    if state in _DONE or (state == "PARTIALLYSUCCEEDED" and bad):
        if bad:
            return say.judged(Action.DONE, code, named=bad)
        return Outcome(action=Action.DONE)
    if state == "FAILED" and bad and len(bad) >= rows:
        return say.judged(Action.REFUSED, code, named=bad)
    if state in ("FAILED", "PARTIALLYSUCCEEDED"):
        return say.judged(Action.RETRY, str(state), named=bad)
    return say.judged(Action.PENDING, "PENDING")


def _invalid(body: dict[str, Any]) -> dict[str, str]:
    """Return why records were not taken, by their names; a sentence could quote one."""
    found = {}
    for record in say.objects(body.get("invalidRecords")):
        why = re.match(r"[A-Z]{2,30}(_[A-Z0-9]{1,30}){0,9}\b", str(record.get("error", "")))
        found[str(record.get("externalId", ""))] = why[0] if why else "invalid_record"
    return found
