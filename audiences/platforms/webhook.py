"""Any receiver of its own: batches of members as signed CloudEvents, each named by its content."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from audiences.platforms import answers as say
from audiences.platforms.base import (
    Access,
    Action,
    Answer,
    Batch,
    Consent,
    Key,
    Limits,
    Op,
    Outcome,
    Platform,
    Request,
)
from audiences.platforms.contacts import chosen_by, identify_by
from shared.clock import iso

KEYS = (
    Key(wire="external_id", types=("external_id",)),
    Key(wire="email", types=("email",)),
    Key(wire="phone", types=("phone",)),
)
IDENTIFY = identify_by(*KEYS, together=True)
TYPE = "audience-bridge.members.v1"
# A receiver's own words for a refused member: none that could be a name, a number or a token.
_CODE = re.compile(r"[a-z]{1,20}(_[a-z]{1,20}){1,4}")
_WORDS = frozenset({"blocked", "duplicate", "invalid", "unavailable", "unknown"})


def _request(batch: Batch) -> Request:
    op = "remove" if batch.op is Op.REMOVE else "add"
    members = [
        {"op": op, "keys": dict(row.keys)} | ({} if op == "remove" else _consent(row.consent))
        for row in batch.rows
    ]
    audience = {"id": batch.target.audience_id, "name": batch.target.audience}
    data = {"audience": audience, "sent_at": iso(batch.at), "members": members}
    source = f"/audience-bridge/{quote(batch.target.account)}"
    return Request(
        method="POST",
        path="",
        body=say.compact(_event({"source": source, "time": iso(batch.at)}, data)),
        content_type="application/cloudevents+json",
    )


def _event(about: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Wrap data in an event whose id is its digest: sent again it is the same event."""
    named = {"specversion": "1.0", "id": hashlib.sha256(say.compact(data)).hexdigest()[:32]}
    kind = {"type": TYPE, "datacontenttype": "application/json"}
    return named | dict(about) | kind | {"data": data}


def _consent(consent: Consent) -> dict[str, Any]:
    flags = {
        "ad_user_data": consent.ad_user_data,
        "ad_personalization": consent.ad_personalization,
    }
    known = {name: flag for name, flag in flags.items() if flag is not None}
    return {"attributes": known} if known else {}


def _divide(body: bytes, places: Sequence[int]) -> bytes:
    whole = json.loads(body)
    data = whole["data"] | {"members": [whole["data"]["members"][place] for place in places]}
    return say.compact(_event({name: whole[name] for name in ("source", "time")}, data))


def _authorise(request: Request, access: Access) -> Mapping[str, str]:
    """Sign `timestamp.body`; the event's id is the key under which it counts once."""
    moment = str(int(access.at.timestamp()))
    key, signed = access.credentials.strip().encode(), f"{moment}.".encode() + request.body
    event = say.read_object(request.body) or {}
    return {
        "x-timestamp": moment,
        "x-signature": "sha256=" + hmac.new(key, signed, hashlib.sha256).hexdigest(),
        "idempotency-key": str(event.get("id", "")),
    }


def _outcome(answer: Answer, rows: int) -> Outcome:
    if answer.status in (400, 422):  # nothing was taken, and any member may be the reason
        return say.judged(Action.SPLIT, f"http_{answer.status}")
    if not 200 <= answer.status < 300:
        return say.by_status(answer)
    body, text = say.read_object(answer.body), answer.body.strip()
    # A page comes from what stands before the receiver: nobody knows what that did.
    if body is None and text[:1] in (b"{", b"[", b"<"):
        return say.by_status(answer, "unreadable")
    rejected: dict[int, str] = {}
    uncertain: dict[int, str] = {}
    lost = 0
    for error in say.objects((body or {}).get("errors")):
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


WEBHOOK = Platform(
    slug="webhook",
    title="Webhook",
    base_url="https://webhook.invalid",  # a destination says its own
    version="v1",
    docs="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md",
    keys=KEYS,
    of=frozenset({"people"}),
    limits=Limits(
        rows=1_000,
        bytes=1_000_000,
        keys_per_row=3,
        one_per_wire=True,
        concurrency=4,
        per_second=10.0,
    ),
    row_ttl=False,
    max_ttl_days=None,
    variant=chosen_by(IDENTIFY),
    request=_request,
    outcome=_outcome,
    divide=_divide,
    authorise=_authorise,
    account="any name: it stands in `source` of every event",
    credentials="the secret that signs, which the receiver knows as well",
    consent="`attributes` of each member that is added, where known",
    answers={
        Action.DONE: "2xx, which may name members in `errors`; `retryable` ones come again later",
        Action.RETRY: "408, 409, 425, 429, 5xx; 2xx with a page or JSON that cannot be read",
        Action.REAUTH: "401",
        Action.SPLIT: "400, 413, 422",
        Action.REFUSED: "a single member in such a 400; other 4xx",
        Action.STOP: "3xx, 403, 404, 405, 410 (the receiver wants no more)",
    },
    settings=(IDENTIFY,),
    notes=(
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
    ),
)
