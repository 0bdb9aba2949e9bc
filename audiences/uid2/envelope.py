"""The envelope of UID2 and EUID operators: AES-256-GCM around a time, a nonce and JSON.

https://unifiedid.com/docs/getting-started/gs-encryption-decryption
"""

from __future__ import annotations

import struct
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import DataError

VERSION = b"\x01"
IV, NONCE, TAG, TIME = 12, 8, 16, 8  # bytes of each


def sealed(key: bytes, body: bytes, *, at: datetime, nonce: bytes, iv: bytes) -> bytes:
    """Return a request's envelope: version, IV, then encrypted the time (ms), nonce and body."""
    plain = struct.pack(">q", int(at.timestamp() * 1000)) + nonce + body
    return VERSION + iv + AESGCM(key).encrypt(iv, plain, None)


def opened(key: bytes, envelope: bytes, *, nonce: bytes) -> bytes:
    """Return the body of an answer's envelope, which has no version.

    Raises:
        DataError: when it was not sealed with the key, or answers another request.
    """
    if len(envelope) < IV + TIME + NONCE + TAG:
        raise DataError("the operator's answer is too short for an envelope")
    try:
        plain = AESGCM(key).decrypt(envelope[:IV], envelope[IV:], None)
    except InvalidTag:
        raise DataError("the operator's answer cannot be decrypted with the secret") from None
    if plain[TIME : TIME + NONCE] != nonce:
        raise DataError("the operator's answer is one to another request")
    return plain[TIME + NONCE :]
