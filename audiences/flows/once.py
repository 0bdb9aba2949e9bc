"""Once: tells calls that are new from those that were absorbed before, across crashes.

A call's mark names the commit that took it. Where that commit exists, the call is in the lake;
where it does not, somebody is at it, or died at it: after the lease, the call is taken over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from shared.ports import KeyValue

KEEP_SECONDS = 8 * 24 * 3600  # twice as long as a queue keeps a message
_AT_ONCE = 8


def mark_of(source: str, message_id: str) -> str:
    """Name the mark of a call; the id may be anything that a client made up."""
    text = f"{source}|{message_id}".encode(errors="replace")
    return f"seen/{hashlib.sha256(text).hexdigest()[:40]}"


@dataclass(frozen=True, slots=True)
class Claimed:
    """What became of marks: ours now, in the lake already, or in the hands of somebody else."""

    fresh: frozenset[str]
    known: frozenset[str]
    busy: frozenset[str]


@dataclass(frozen=True, slots=True)
class Once:
    """Marks calls for one commit."""

    kv: KeyValue
    commit: str
    now: float
    lease_seconds: float  # longer than a worker can live; 0 where there is only one
    exists: Callable[[str], bool]  # is there such a commit?
    _existing: dict[str, bool] = field(default_factory=dict)

    def claim(self, marks: Sequence[str]) -> Claimed:
        """Mark calls as ours, where nobody was before us."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = dict(zip(marks, pool.map(self._claim, marks), strict=True))
        return Claimed(_with(found, "fresh"), _with(found, "known"), _with(found, "busy"))

    def give_up(self, marks: Sequence[str]) -> None:
        """Take back marks of calls that the commit will not hold."""
        for mark in marks:
            self.kv.delete(mark, if_value=self._value())

    def _claim(self, mark: str) -> str:
        if self._put(mark):
            return "fresh"
        before = self.kv.get(mark)
        if before is None:  # it expired in between
            return "fresh" if self._put(mark) else "busy"
        commit, _, at = before.partition(" ")
        if self._is_there(commit):
            return "known"
        if self.now - float(at) < self.lease_seconds:
            return "busy"
        taken = self.kv.delete(mark, if_value=before) and self._put(mark)
        return "fresh" if taken else "busy"

    def _put(self, mark: str) -> bool:
        return self.kv.put(mark, self._value(), ttl_seconds=KEEP_SECONDS, if_absent=True)

    def _value(self) -> str:
        return f"{self.commit} {self.now:.3f}"

    def _is_there(self, commit: str) -> bool:
        if commit not in self._existing:
            self._existing[commit] = self.exists(commit)
        return self._existing[commit]


def _with(found: Mapping[str, str], outcome: str) -> frozenset[str]:
    return frozenset(mark for mark, became in found.items() if became == outcome)
