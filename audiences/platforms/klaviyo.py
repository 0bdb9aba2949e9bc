"""Klaviyo: a custom property of a profile, true or false, stands for being in an audience."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from audiences.platforms import answers as say
from audiences.platforms.base import (
    Access,
    Action,
    Answer,
    Batch,
    Key,
    Limits,
    Op,
    Outcome,
    Platform,
    Request,
    Target,
)
from audiences.platforms.bodies import called, rows_at
from audiences.platforms.codes import unasked
from audiences.platforms.contacts import chosen_by, identify_by

KEYS = (
    Key(wire="external_id", types=("external_id",)),
    Key(wire="email", types=("email",)),
    Key(wire="phone_number", types=("phone",)),
)
IDENTIFY = identify_by(*KEYS)
REVISION = "2026-07-15"
_JOBS = "/api/profile-bulk-import-jobs"


def _request(batch: Batch) -> Request:
    name, inside = called(batch.target), batch.op is not Op.REMOVE
    profiles = [
        {"type": "profile", "attributes": {**dict(row.keys), "properties": {name: inside}}}
        for row in batch.rows
    ]
    job = {
        "type": "profile-bulk-import-job",
        "attributes": {"profiles": {"data": profiles}},
    }
    body = say.compact({"data": job})
    return Request(method="POST", path=_JOBS, body=body, headers={"revision": REVISION})


def _status(_target: Target, handle: str) -> Request:
    path = f"{_JOBS}/{quote(handle, safe='')}"
    return Request(method="GET", path=path, headers={"revision": REVISION})


def _data(answer: Answer) -> dict[str, Any]:
    data = (say.read_object(answer.body) or {}).get("data")
    return data if isinstance(data, dict) else {}


def _outcome(answer: Answer, _rows: int) -> Outcome:
    if answer.status == 400:  # nothing was taken, and any profile may be the reason
        return say.judged(Action.SPLIT, "http_400")
    if not 200 <= answer.status < 300:
        return say.by_status(answer)
    job = _data(answer).get("id")
    if not isinstance(job, str) or not job:
        return say.judged(Action.RETRY, "unreadable")
    return say.judged(Action.PENDING, "queued", handle=job)


def _status_outcome(answer: Answer, rows: int) -> Outcome:
    if not 200 <= answer.status < 300:
        return unasked(answer)
    told = _data(answer).get("attributes")
    facts = told if isinstance(told, dict) else {}
    match facts.get("status"):
        case "queued" | "processing":
            return say.judged(Action.PENDING, "processing")
        case "complete":
            lost = min(rows, say.whole(facts.get("failed_count")))
            return say.judged(Action.DONE, "failed" if lost else "", lost=lost)
        case "cancelled":
            return say.judged(Action.RETRY, "cancelled")
        case _:
            return say.judged(Action.PENDING, "unreadable")


def _authorise(_request: Request, access: Access) -> Mapping[str, str]:
    return {"authorization": f"Klaviyo-API-Key {access.credentials.strip()}"}


KLAVIYO = Platform(
    slug="klaviyo",
    title="Klaviyo",
    base_url="https://a.klaviyo.com",
    version=REVISION,
    docs="https://developers.klaviyo.com/en/reference/bulk_import_profiles",
    keys=KEYS,
    of=frozenset({"people"}),
    limits=Limits(
        rows=10_000,
        bytes=5_000_000,
        keys_per_row=1,
        one_per_wire=False,
        concurrency=2,
        per_second=2.5,
        timeout_seconds=120.0,
    ),
    row_ttl=False,
    max_ttl_days=None,
    variant=chosen_by(IDENTIFY),
    request=_request,
    outcome=_outcome,
    divide=rows_at("data", "attributes", "profiles", "data"),
    pace=lambda a, at: say.rest_wait(a, at, "ratelimit-remaining", "ratelimit-reset"),
    status=_status,
    status_outcome=_status_outcome,
    authorise=_authorise,
    account="any name of the account: the key says which one it is",
    credentials="private API key with `profiles:write`, `lists:read` and `lists:write`",
    answers={
        Action.PENDING: "202 with a job; a job that is `queued` or `processing`, or not read now",
        Action.DONE: "a job that is `complete`, which counts profiles that failed",
        Action.RETRY: "429, 5xx; a job that was `cancelled` or is gone; 2xx without a job",
        Action.REAUTH: "401",
        Action.SPLIT: "400, 413",
        Action.REFUSED: "a single profile in such a 400; other 4xx",
        Action.STOP: "403, 404",
    },
    settings=(IDENTIFY,),
    notes=(
        (
            "The property has the audience's name; `audience_ids: {vips: in_vips}` names another. "
            "A segment asks for true: someone who leaves has it at false."
        ),
        (
            "No list is filled: Klaviyo takes people out of one only by its own ids of profiles, "
            "and its call that unsubscribes by address would withdraw consent as well."
        ),
        "A profile that Klaviyo does not know is made; an import gives no consent to write to it.",
        "A job only counts profiles that failed: all of its rows are unknown, and go again.",
    ),
    unverified=("How long Klaviyo takes until a segment has followed a property.",),
)
