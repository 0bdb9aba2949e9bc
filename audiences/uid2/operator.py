"""The operators of UID2 and EUID, declared as platforms are: one call, that maps digests.

POST /v3/identity/map takes up to 5,000 digests in at most a megabyte, one request after the other;
its answers stand in the order of what was asked.
https://unifiedid.com/docs/endpoints/post-identity-map
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

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
)
from audiences.uid2 import envelope
from audiences.uid2.keys import read_key
from shared.errors import DataError

WIRES = ("email_hash", "phone_hash")  # what is asked about, in the order of a request
_BINARY = "application/octet-stream"


def _request(batch: Batch) -> Request:
    asked: dict[str, list[str]] = {wire: [] for wire in WIRES}
    for row in batch.rows:
        for wire, value in row.keys:
            asked[wire].append(value)
    body = say.compact({wire: values for wire, values in asked.items() if values})
    return Request(method="POST", path="/v3/identity/map", body=body, content_type=_BINARY)


def _sealed(request: Request, access: Access) -> bytes:
    """Seal a body; each attempt gets an IV of its own, as one must never be used twice."""
    nonce, iv = _drawn(access)
    key = read_key(access.credentials).secret
    made = envelope.sealed(key, request.body, at=access.at, nonce=nonce, iv=iv)
    return made if request.content_type == _BINARY else base64.b64encode(made)


def _opened(answer: Answer, access: Access) -> Answer:
    """Take an answer out of its envelope; only a success has one."""
    if answer.status != 200:
        return answer
    nonce, _ = _drawn(access)
    try:
        key = read_key(access.credentials).secret
        body = envelope.opened(key, _bytes(answer.body), nonce=nonce)
    except DataError:
        body = b""  # nobody knows what it says: as good as no answer
    return replace(answer, body=body)


def _bytes(body: bytes) -> bytes:
    """Return an envelope's bytes, which come as base64 where it was sent so."""
    try:
        return base64.b64decode(body.strip(), validate=True)
    except ValueError:
        return body


def _drawn(access: Access) -> tuple[bytes, bytes]:
    """Return nonce and IV of a request, both of what is never the same twice."""
    drawn = hashlib.sha256(access.nonce.encode()).digest()
    return drawn[: envelope.NONCE], drawn[-envelope.IV :]


def _authorise(_request: Request, access: Access) -> Mapping[str, str]:
    return {"authorization": f"Bearer {read_key(access.credentials).api_key}"}


def _outcome(answer: Answer, rows: int) -> Outcome:
    """Judge an answer: an element for each that was asked about, or nothing is certain."""
    if answer.status == 400:
        # Of our own requests that is the envelope: another secret, or a clock that is off.
        return say.judged(Action.STOP, "client_error")
    if answer.status != 200:
        return say.by_status(answer)
    count = sum(len(found) for found in elements(answer.body).values())
    if count != rows:
        return say.judged(Action.RETRY, "unreadable")
    return Outcome(action=Action.DONE)


def elements(body: bytes) -> Mapping[str, Sequence[Mapping[str, object]]]:
    """Return the elements of a decrypted answer, by what they were asked as."""
    said = say.read_object(body) or {}
    within = said.get("body") if said.get("status") == "success" else None
    lists = within if isinstance(within, dict) else {}
    return {wire: say.objects(lists.get(wire)) for wire in WIRES}


UID2 = Platform(
    slug="uid2",
    title="the UID2 operator",
    base_url="https://global.prod.uidapi.com",
    version="v3",
    docs="https://unifiedid.com/docs/endpoints/post-identity-map",
    keys=(
        Key(wire="email_hash", types=("email", "email_sha256")),
        Key(wire="phone_hash", types=("phone", "phone_sha256")),
    ),
    of=frozenset({"people"}),
    limits=Limits(
        rows=5_000,
        keys_per_row=1,
        one_per_wire=True,
        concurrency=1,
        per_second=5.0,
        bytes=1_000_000,
        timeout_seconds=30.0,
    ),
    row_ttl=False,
    max_ttl_days=None,
    ops=frozenset({Op.ADD}),
    request=_request,
    outcome=_outcome,
    authorise=_authorise,
    sealed=_sealed,
    opened=_opened,
)
EUID = replace(
    UID2,
    slug="euid",
    title="the EUID operator",
    base_url="https://prod.euid.eu",
    docs="https://euid.eu/docs/endpoints/post-identity-map",
)
OPERATORS: Mapping[str, Platform] = {"uid2": UID2, "euid": EUID}
