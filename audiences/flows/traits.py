"""Traits: a call says only what is new of somebody, a profile says all; this adds them up.

What is known so far of each record stands in the key-value store, under the record's key. Without
it, a call that names a new trait would take back an earlier refusal of consent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from audiences.flows.visitor import key_of
from audiences.ingest.call_rows import Row
from shared.ports import KeyValue

_STRONG = ("external_id", "email", "phone", "email_sha256", "phone_sha256")
AT = "updated_at"


def state_key(secret: str, source: str, row: Row) -> str | None:
    """Name the state of the record that a row is of; None when no identifier in it is usable."""
    for name in _STRONG:
        for value in row.get(name, "").split("|"):
            found = key_of(secret, name, value) if value else None
            if found:
                return f"record/{source}/{found.rpartition('/')[2]}"
    return None


@dataclass(frozen=True, slots=True)
class Traits:
    """Adds rows of profiles to what is known, for one commit."""

    kv: KeyValue
    secret: str
    commit: str
    exists: Callable[[str], bool]  # is there such a commit?
    _known: dict[str, tuple[Row, str]] = field(default_factory=dict)  # row, commit that holds it
    _changed: set[str] = field(default_factory=set)

    def add(self, source: str, row: Row) -> Row | None:
        """Return the whole record with a row's news, or None when there are none."""
        key = state_key(self.secret, source, row)
        if key is None:
            return row
        before, commit_id = self._read(key)
        older, newer = sorted((before, row), key=lambda each: each.get(AT, ""))
        whole = older | newer
        if {**whole, AT: ""} == {**before, AT: ""} and self.exists(commit_id):
            return None
        self._known[key] = whole, self.commit
        self._changed.add(key)
        return whole

    def keep(self) -> None:
        """Write what has changed; before the commit, so that nothing in it can be forgotten."""
        for key in sorted(self._changed):
            row, commit = self._known[key]
            self.kv.put(key, json.dumps({"commit": commit, "row": row}))

    def _read(self, key: str) -> tuple[Row, str]:
        if key not in self._known:
            text = self.kv.get(key)
            value: Any = json.loads(text) if text else {"row": {}, "commit": ""}
            self._known[key] = value["row"], value["commit"]
        return self._known[key]
