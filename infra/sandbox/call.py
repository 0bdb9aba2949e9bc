"""What passes between the network and a stand-in platform: calls, replies, and checks of values."""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from infra.sandbox.state import State

HASHES = re.compile(r"(?:(?:[0-9a-f]{64})?,)*")
UUIDS = re.compile(r"(?:(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?,)*")
SHA256 = re.compile(r"[0-9a-f]{64}")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
RAW = re.compile(r"[^@\s]+@[^@\s]+|\+?[0-9][0-9 ().-]{8,}[0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that arrived; `path` is without the platform's own prefix."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    url: str = ""  # as the client wrote it, without the query: some platforms sign it
    raw_query: str = ""
    spoil: bool = False  # refuse some rows, as an injected partial failure

    @property
    def media_type(self) -> str:
        """Return the type of the body, without parameters such as the character set."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def bearer(self) -> str:
        """Return the token of an `Authorization: Bearer` header, empty without one."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token if kind == "Bearer" else ""

    def form(self) -> dict[str, str]:
        """Return the fields of a form, none when the body is no form."""
        if self.media_type != "application/x-www-form-urlencoded":
            return {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def digest(self) -> str:
        """Return the SHA-256 of everything that makes one call equal to another."""
        head = json.dumps([self.method, self.path, sorted(self.query.items())])
        return hashlib.sha256(head.encode() + self.body).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: JSON, text of a platform that does not answer in JSON, bytes, or no body."""

    status: int = 200
    body: Mapping[str, Any] | str | bytes | None = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A stand-in will not take a call; carries the platform's own words for it."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(reply.status)


Paced = Callable[[int, int, float], Mapping[str, str]]  # (limit, left, seconds to wait)


def counted(prefix: str, *, epoch: bool) -> Paced:
    """Return what writes the headers that count calls: the limit, what remains, and until when.

    The end is in seconds of the clock (`epoch`), or from now on.
    """

    def headers(limit: int, left: int, wait: float) -> dict[str, str]:
        end = math.ceil(time.time() + wait) if wait else int(time.time())
        moment = end if epoch else math.ceil(wait)
        numbers = {"limit": limit, "remaining": left, "reset": moment}
        return {f"{prefix}-{name}": str(number) for name, number in numbers.items()}

    return headers


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """One platform of the sandbox: what it answers, and how it says that it is unwell."""

    slug: str
    handle: Callable[[Call, State], Reply]
    throttled: Callable[[float], Reply]  # (seconds to wait) -> the answer to one call too many
    broken: Callable[[], Reply]
    expired: Callable[[], Reply]
    takes_rows: Callable[[Call], bool] = lambda _call: False  # could some of its rows be refused?
    takes_token: Callable[[Call], bool] = lambda _call: True  # could its token have expired?
    tokens_at: tuple[str, ...] = ()  # paths that are told secrets and give tokens
    paced: Paced | None = None  # the headers of every answer that count calls


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


def is_sha256(value: object) -> bool:
    """Tell whether a value is a SHA-256 digest in lower-case hex."""
    return isinstance(value, str) and SHA256.fullmatch(value) is not None


def is_text(value: object, longest: int, shortest: int = 1) -> bool:
    """Tell whether a value is text of such a length."""
    return isinstance(value, str) and shortest <= len(value) <= longest


def looks_raw(value: str) -> bool:
    """Tell whether a value is an e-mail address or a phone number in the clear."""
    return RAW.fullmatch(value) is not None


def unknown_fields(value: Mapping[str, object], known: Iterable[str]) -> list[str]:
    """Return the names of the fields that a document does not have."""
    return sorted(set(value) - set(known))


def spoilt(rows: int) -> int:
    """Return how many rows an injected partial failure refuses: the first tenth, or one."""
    return max(1, rows // 10)
