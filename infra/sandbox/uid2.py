"""The stand-in of the UID2 operator: identity map v3 and opt-out status, in their envelopes."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import struct
import time
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.sandbox.call import Call, RefusedError, Reply, StandIn, parse, spoilt, unknown_fields
from infra.sandbox.state import State

ITEMS = 5_000
BYTES = 1024 * 1024
SKEW = 60.0  # seconds that an envelope may be old
DAY = 86_400
YEAR = 365  # days
# The client secret of the sandbox, as the client writes it; the key is what it decodes to.
SECRET = base64.b64encode(b"sandbox-sandbox-sandbox-sandbox-").decode()
MAP, STATUS = "/v3/identity/map", "/v2/optout/status"
KINDS = ("email", "email_hash", "phone", "phone_hash")
# People who opted out, for tests: the address of the operator's documents, and a phone number.
OPTED_OUT = frozenset({"optout@example.com", "+12345678901"})
SINCE = 1_633_643_601_000  # since when, in ms
PHONE = re.compile(r"\+[0-9]{10,15}")


def handle(call: Call, state: State) -> Reply:
    """Answer as an operator does: encrypted when all is well, in plain JSON when not."""
    if not state.knows(call.bearer):
        raise _refused(401, "unauthorized", "")
    answers = {MAP: _mapped, STATUS: _status}
    if call.path not in answers:
        raise _refused(404, "client_error", "Not Found")
    if call.method != "POST":
        raise _refused(405, "client_error", "Method Not Allowed")
    if len(call.body) > BYTES * 3 // 2:
        raise _refused(413, "client_error", "The request is too large")
    # What is documented of version 2 is base64; only version 3 is known to take bytes.
    raw = call.media_type == "application/octet-stream" and call.path == MAP
    nonce, body = _opened(call.body, raw, state)
    answer = answers[call.path](call, state, body)
    text = json.dumps({"status": "success", "body": answer}).encode()
    return Reply(body=_sealed(text, nonce, raw), headers=_media(raw))


def _refused(status: int, word: str, message: str) -> RefusedError:
    body = {"status": word, **({"message": message} if message else {})}
    return RefusedError(Reply(status=status, body=body))


def _media(raw: bool) -> dict[str, str]:
    return {"content-type": "application/octet-stream" if raw else "text/plain"}


def _opened(sent: bytes, raw: bool, state: State) -> tuple[bytes, dict[str, Any]]:
    """Return the nonce and the JSON of an envelope: 1 B version, 12 B IV, ciphertext, 16 B tag."""
    try:
        envelope = sent if raw else base64.b64decode(sent, validate=True)
        if len(envelope) < 45 or envelope[0] != 1:
            raise _refused(400, "client_error", "Invalid envelope version or length")
        plain = AESGCM(base64.b64decode(SECRET)).decrypt(envelope[1:13], envelope[13:], None)
    except (InvalidTag, ValueError):
        why = "Invalid envelope: it is no base64, or of another secret"
        raise _refused(400, "client_error", why) from None
    (sent_ms,) = struct.unpack(">q", plain[:8])
    now = (time.time(), state.clock.now().timestamp())  # the sandbox's clock may stand elsewhere
    if all(abs(one - sent_ms / 1000) > SKEW for one in now):
        raise _refused(400, "client_error", "Request too old or invalid timestamp")
    body = parse(plain[16:])
    if body is None:
        raise _refused(400, "client_error", "Required Parameter Missing: body is not a JSON object")
    return plain[8:16], body


def _sealed(text: bytes, nonce: bytes, raw: bool) -> bytes | str:
    iv = os.urandom(12)
    plain = struct.pack(">q", int(time.time() * 1000)) + nonce + text
    envelope = iv + AESGCM(base64.b64decode(SECRET)).encrypt(iv, plain, None)
    return envelope if raw else base64.b64encode(envelope)


def _mapped(call: Call, state: State, body: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    if not body or unknown_fields(body, KINDS):
        raise _refused(400, "client_error", f"Required Parameter Missing: {', '.join(KINDS)}")
    lists = [body.get(kind, []) for kind in KINDS]
    if not all(isinstance(i, str) for one in lists if isinstance(one, list) for i in one) or not (
        all(isinstance(one, list) for one in lists)
    ):
        raise _refused(400, "client_error", "Every parameter must be a list of strings")
    count = sum(map(len, lists))
    if count > ITEMS:
        raise _refused(400, "client_error", f"Request exceeds {ITEMS} items")
    spoil = spoilt(count) if call.spoil and count else 0
    answer: dict[str, list[dict[str, Any]]] = {}
    for kind, values in zip(KINDS, lists, strict=True):
        answer[kind] = [
            {"e": "invalid identifier"} if place < spoil else _one(kind, value, state)
            for place, value in enumerate(values)
        ]
        spoil = max(0, spoil - len(values))
    return answer


def _one(kind: str, value: str, state: State) -> dict[str, Any]:
    digest = _digest(kind, value)
    if digest is None:
        return {"e": "invalid identifier"}
    if digest in _OUT or digest in state.opted_out:
        return {"e": "optout"}
    return raw_id(kind, digest, int(state.clock.now().timestamp()) // DAY)


def _status(_call: Call, state: State, body: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Say which raw ids have opted out; of the others, known or not, nothing is said."""
    asked = body.get("advertising_ids")
    if not isinstance(asked, list) or len(body) > 1:
        raise _refused(400, "client_error", "Required Parameter Missing: advertising_ids")
    if len(asked) > ITEMS:
        raise _refused(400, "client_error", "Request payload is too large")
    if not all(isinstance(one, str) for one in asked):
        raise _refused(400, "client_error", "advertising_ids must be a list of strings")
    out = _opted_out(state)
    named = [(one, out[one]) for one in asked if one in out]
    return {"opted_out": [{"advertising_id": one, "opted_out_since": at} for one, at in named]}


def _opted_out(state: State) -> dict[str, int]:
    """Return the raw ids of who has opted out, of this year and those around it, and since when."""
    year = int(state.clock.now().timestamp()) // DAY // YEAR
    everybody = dict.fromkeys(_OUT, SINCE) | state.opted_out
    return {
        _uid(kind, digest, near): since
        for digest, since in everybody.items()
        for kind in ("email", "phone")
        # A digest's own year may begin up to 65,535 days before the calendar's.
        for near in (year + int.from_bytes(digest[:2]) // YEAR + n for n in (-1, 0, 1))
    }


def raw_id(kind: str, digest: bytes, today: int) -> dict[str, Any]:
    """Map a digest on a day: an id changes once in 365 days, on a day of its own, and not before r.

    `today` is in days since 1970, as r is in seconds.
    """
    year, since = divmod(today + int.from_bytes(digest[:2]), YEAR)
    good = min(YEAR - since, 30)
    before = _uid(kind, digest, year - 1) if since < 90 else None
    return {"u": _uid(kind, digest, year), "p": before, "r": (today + good) * DAY}


def _uid(kind: str, digest: bytes, year: int) -> str:
    salted = f"sandbox-uid2-{kind[:5]}-{year}-".encode() + digest
    return base64.b64encode(hashlib.sha256(salted).digest()).decode()


def _digest(kind: str, value: str) -> bytes | None:
    """Return the digest of a normalised identifier, None where it is not valid."""
    match kind:
        case "email":
            local, at, domain = value.strip(" ").lower().partition("@")
            if domain == "gmail.com":
                local = local.partition("+")[0].replace(".", "")
            whole = local and at and domain and "@" not in domain
            return hashlib.sha256(f"{local}@{domain}".encode()).digest() if whole else None
        case "phone":
            fits = PHONE.fullmatch(value) is not None
            return hashlib.sha256(value.encode()).digest() if fits else None
    if re.fullmatch(r"[0-9a-fA-F]{64}", value):
        return bytes.fromhex(value)
    try:
        digest = base64.b64decode(value, validate=True)
    except ValueError:
        return None
    return digest if len(digest) == 32 else None


_OUT = frozenset(hashlib.sha256(one.encode()).digest() for one in OPTED_OUT)

UID2 = StandIn(
    slug="uid2",
    handle=handle,
    takes_rows=lambda call: call.path == MAP,
    # An operator that has had enough says so without a body.
    throttled=lambda _wait: Reply(status=429, body=None),
    broken=lambda: Reply(status=500, body={"status": "unknown", "message": "Internal error"}),
    expired=lambda: Reply(status=401, body={"status": "unauthorized"}),
)
