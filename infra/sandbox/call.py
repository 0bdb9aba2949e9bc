"""What passes between the network and a stand-in platform: calls, replies, and checks of values."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.sandbox.state import State

HASHES = re.compile(r"(?:(?:[0-9a-f]{64})?,)*")
UUIDS = re.compile(r"(?:(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?,)*")
RAW = re.compile(r"[^@\s]+@[^@\s]+|\+?[0-9][0-9 ().-]{8,}[0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that arrived; `path` is without the platform's own prefix."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    spoil: bool = False  # refuse some rows, as an injected partial failure

    def digest(self) -> str:
        """Return the SHA-256 of everything that makes one call equal to another."""
        head = json.dumps([self.method, self.path, sorted(self.query.items())])
        return hashlib.sha256(head.encode() + self.body).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer; a text body stands for a platform that does not answer in JSON."""

    status: int = 200
    body: Mapping[str, Any] | str = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A stand-in will not take a call; carries the platform's own words for it."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(reply.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """One platform of the sandbox: what it answers, and how it says that it is unwell."""

    slug: str
    handle: Callable[[Call, State], Reply]
    takes_rows: Callable[[Call], bool]  # whether some rows of this call could be refused
    takes_token: Callable[[Call], bool]  # whether this call carries a token that could expire
    throttled: Callable[[float], Reply]  # (seconds to wait) -> the answer to one call too many
    broken: Callable[[], Reply]
    expired: Callable[[], Reply]


def parse(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a body, or None when it is anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def all_match(pattern: re.Pattern[str], values: Sequence[object]) -> bool:
    """Check a whole column at once: joined, because a million values one by one are slow."""
    try:
        joined = ",".join(values) + ","  # type: ignore[arg-type]  # a wrong type is the answer
    except TypeError:
        return False
    return joined.count(",") == max(1, len(values)) and pattern.fullmatch(joined) is not None


def misfits(pattern: re.Pattern[str], values: Sequence[object]) -> list[int]:
    """Return the places of the values that do not match, none when the whole column does."""
    if all_match(pattern, values):
        return []
    return [i for i, value in enumerate(values) if not all_match(pattern, [value])]


def looks_raw(value: str) -> bool:
    """Tell whether a value is an e-mail address or a phone number in the clear."""
    return RAW.fullmatch(value) is not None


def unknown_fields(value: Mapping[str, object], known: Iterable[str]) -> list[str]:
    """Return the names of the fields that a document does not have."""
    return sorted(set(value) - set(known))


def spoilt(rows: int) -> int:
    """Return how many rows an injected partial failure refuses: the first tenth, or one."""
    return max(1, rows // 10)
