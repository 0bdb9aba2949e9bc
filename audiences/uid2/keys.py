"""What `credentials` of an operator resolve to: an API key, and the secret of its envelopes."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from audiences.platforms.answers import read_object
from shared.errors import ConfigurationError

# What the stand-in takes, whose secret stands in docs/sandbox.md; the word opens nothing else.
_SANDBOX = {
    "api_key": "sandbox",
    "client_secret": base64.b64encode(b"sandbox-" * 4).decode(),
}
_HOW = 'write JSON: {"api_key": "...", "client_secret": "..."}, as the operator gave them'


@dataclass(frozen=True, slots=True)
class OperatorKey:
    """How a client is known to an operator."""

    api_key: str = field(repr=False)
    secret: bytes = field(repr=False)  # 32 bytes, of AES-256


def read_key(credentials: str) -> OperatorKey:
    """Read the credentials of an operator; the word `sandbox` alone opens the stand-in.

    Raises:
        ConfigurationError: when they are of another form; the message repeats nothing of them.
    """
    text = credentials.strip()
    found = _SANDBOX if text == "sandbox" else read_object(text.encode())
    if found is None:
        raise ConfigurationError(f"the operator's credentials are no JSON object ({_HOW})")
    api_key, secret = (found.get(name) for name in ("api_key", "client_secret"))
    if not isinstance(api_key, str) or not isinstance(secret, str) or not api_key.strip():
        raise ConfigurationError(f"the operator's credentials lack a part ({_HOW})")
    try:
        key = base64.b64decode(secret.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise ConfigurationError(f"the operator's client_secret is no base64 of 32 bytes ({_HOW})")
    return OperatorKey(api_key.strip(), key)
