"""Visitor: what small state knows of one identifier: the audiences it is live in, or an opt-out.

One entry holds both, so that a page's question is one read, and an opt-out leaves nothing behind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from audiences.identifiers.catalog import id_type
from audiences.identifiers.digest import identifier_key
from audiences.identifiers.normalise import canonical
from shared.ports import KeyValue

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one identifier: until when it is in which audience, in epoch seconds."""

    audiences: Mapping[str, int] = field(default_factory=dict)
    opted_out: bool = False

    def text(self) -> str:
        """Write the entry as the key-value store holds it."""
        value = {"out": True} if self.opted_out else {"in": dict(sorted(self.audiences.items()))}
        return json.dumps(value, separators=(",", ":"))


def read_entry(text: str | None) -> Entry:
    """Read an entry; none is one that says nothing."""
    value = json.loads(text) if text else {}
    return Entry(value.get("in", {}), bool(value.get("out")))


def entry_key(key: bytes) -> str:
    """Name the entry of an identifier's key."""
    return f"live/{key.hex()}"


def key_of(secret: str, type_name: str, value: str) -> str | None:
    """Name the entry of an identifier, or return None when it is no usable one."""
    kind = id_type(type_name)
    read = canonical(type_name, value) if kind else None
    if kind is None or read is None or read.value is None:
        return None
    return entry_key(identifier_key(secret, type_name, read.value))


def memberships(kv: KeyValue, key: str, now: float) -> list[str]:
    """Return the audiences that an identifier is in at this instant, in one read."""
    entry = read_entry(kv.get(key))
    return sorted(name for name, until in entry.audiences.items() if until > now)


def opt_out(kv: KeyValue, key: str) -> None:
    """Remember, until it is erased, that nothing may be kept of an identifier."""
    kv.put(key, Entry(opted_out=True).text())


def opted_out(kv: KeyValue, keys: set[str]) -> set[str]:
    """Return those of the entries that say no."""
    if not keys:
        return set()
    with ThreadPoolExecutor(min(_AT_ONCE, len(keys))) as pool:
        found = pool.map(kv.get, sorted(keys))
        return {
            k for k, text in zip(sorted(keys), found, strict=True) if read_entry(text).opted_out
        }
