"""Digests and keys: the same identifier has the same key, whether it came raw or hashed."""

from __future__ import annotations

import hashlib

_HASHED_AS = {"email_sha256": "email", "phone_sha256": "phone"}
_MOBILE = frozenset({"idfa", "gaid", "maid"})


def sha256_hex(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes as lower-case hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def identity(type: str, canonical_value: str) -> tuple[str, str]:  # noqa: A002
    """Return the type and value that an identifier's key is made of.

    For e-mail and phone the value is the digest of the plain form (lower-case address, E.164 with
    its plus), so that a value known raw and one known hashed are the same identifier.
    """
    if type in {"email", "phone"}:
        return type, sha256_hex(canonical_value)
    if type in _MOBILE:
        return "maid", canonical_value
    return _HASHED_AS.get(type, type), canonical_value


def identifier_key(secret: str, type: str, canonical_value: str) -> bytes:  # noqa: A002
    """Return the 16 bytes by which the lake knows an identifier."""
    identity_type, identity_value = identity(type, canonical_value)
    return hashlib.sha256(f"{secret}|{identity_type}|{identity_value}".encode()).digest()[:16]


def identifier_key_sql(secret_param: str, identity_type_sql: str, identity_value_sql: str) -> str:
    """Return DuckDB SQL for `identifier_key` of an identity; the secret is a bound parameter."""
    text = f"${secret_param} || '|' || {identity_type_sql} || '|' || {identity_value_sql}"
    return f"left(sha256({text}), 32)::UUID"
