"""Any receiver of its own: batches of members as signed CloudEvents, each named by its content."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from audiences.platforms import _webhook_answers as judged
from audiences.platforms import answers as say
from audiences.platforms.base import (
    Access,
    Batch,
    Consent,
    Key,
    Limits,
    Op,
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
    kind = {"type": judged.TYPE, "datacontenttype": "application/json"}
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
    outcome=judged.outcome,
    divide=_divide,
    authorise=_authorise,
    account="any name: it stands in `source` of every event",
    credentials="the secret that signs, which the receiver knows as well",
    consent="`attributes` of each member that is added, where known",
    answers=judged.ANSWERS,
    settings=(IDENTIFY,),
    notes=judged.NOTES,
)
