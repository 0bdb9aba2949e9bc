"""Access: keys to the HTTP API, of which only hashes are kept; scoped, expiring, revocable."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from shared.clock import Clock, iso
from shared.errors import ConfigurationError, RetryableError
from shared.ports import KeyValue

SCOPES = ("read", "export", "admin")  # each includes those before it
LONGEST_DAYS = 366
_KEY = re.compile(r"brk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_INDEX = "apikeys"
_LOCK = "lock/apikeys"
_LOCK_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Key:
    """One key as it is known: not its secret, nor the hash of that."""

    id: str
    name: str
    scope: str
    made_at: str
    expires_at: str

    def may(self, scope: str) -> bool:
        """Say whether the key's scope includes another."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)

    def as_json(self) -> dict[str, Any]:
        """Return what is known, with stable names."""
        return asdict(self)


def create_key(
    kv: KeyValue, clock: Clock, name: str, scope: str, days: int = 90
) -> tuple[Key, str]:
    """Make a key and return it with the text to hand over, which is kept nowhere.

    Raises:
        ConfigurationError: for an unknown scope or a life that is too long.
    """
    if scope not in SCOPES:
        raise ConfigurationError(f"there is no such scope (use {', '.join(SCOPES)})")
    if not 1 <= days <= LONGEST_DAYS:
        raise ConfigurationError(f"a key lives from 1 to {LONGEST_DAYS} days")
    id_, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    now = clock.now().replace(microsecond=0)
    key = Key(id_, name[:60], scope, iso(now), iso(now + timedelta(days=days)))
    # The secret is 32 random bytes: there is nothing to guess that a slow hash would protect.
    value = json.dumps(key.as_json() | {"hash": _hash(secret)})
    kv.put(_entry(id_), value, ttl_seconds=days * 24 * 3600)
    with _index(kv) as ids:
        ids.append(id_)
    return key, f"brk_{id_}_{secret}"


def find_key(kv: KeyValue, text: str) -> Key | None:
    """Return the live key that a text is, or None."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    value = json.loads(kv.get(_entry(match[1])) or "{}")
    if not hmac.compare_digest(value.pop("hash", ""), _hash(match[2])):
        return None
    return Key(**value)


def list_keys(kv: KeyValue) -> list[Key]:
    """Return the live keys, oldest first."""
    with _index(kv) as ids:
        found = {id_: kv.get(_entry(id_)) for id_ in ids}
        ids[:] = [id_ for id_ in ids if found[id_]]
    keys = [json.loads(text) for text in found.values() if text]
    return [Key(**{k: v for k, v in value.items() if k != "hash"}) for value in keys]


def revoke_key(kv: KeyValue, id_: str) -> bool:
    """End a key at once; return whether there was one."""
    return kv.delete(_entry(id_))


def _entry(id_: str) -> str:
    return f"apikey/{id_}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@contextlib.contextmanager
def _index(kv: KeyValue) -> Iterator[list[str]]:
    """Change the list of keys, one process at a time."""
    owner = secrets.token_hex(8)
    if not kv.put(_LOCK, owner, ttl_seconds=_LOCK_SECONDS, if_absent=True):
        raise RetryableError("somebody else is changing the API keys; run again")
    try:
        ids: list[str] = json.loads(kv.get(_INDEX) or "[]")
        before = list(ids)
        yield ids
        if ids != before:
            kv.put(_INDEX, json.dumps(ids))
    finally:
        kv.delete(_LOCK, if_value=owner)
