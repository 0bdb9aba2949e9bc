"""What the stand-ins remember: audiences and their members, tokens, requests, clock, limits."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from infra.sandbox.faults import NONE, Faults
from shared.clock import Clock

KEPT_REQUESTS = 10_000
KEPT_BYTES = 96 * 1024 * 1024
TOKEN_LIFE = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class Audience:
    """One audience on a platform; a member's key is its identifiers, joined with commas."""

    id: str
    name: str
    account: str
    schema: object = None  # Meta: the first schema that it saw
    facts: dict[str, Any] = field(default_factory=dict)  # what else its platform was told of it
    # A member's identifiers stand apart only where one holds a comma: a million tuples weigh.
    members: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    expires: dict[str, datetime] = field(default_factory=dict)
    index: dict[str, str | tuple[str, ...]] | None = None  # identifier -> keys; from first removal
    replacing: Any = None  # Meta: the session of a replacement
    replaced: set[int] = field(default_factory=set)  # Meta: sessions that are finished

    def add(self, rows: Iterable[tuple[str, ...]], until: datetime | None = None) -> None:
        """Take rows in, until a moment where the platform forgets; again changes nothing else."""
        for ids in rows:
            key = ",".join(ids)
            self.members[key] = None if key.count(",") < len(ids) else ids
            if until is not None:
                self.expires[key] = until
            if self.index is not None:
                _link(self.index, key, ids)

    def remove(self, rows: Iterable[tuple[str, ...]]) -> None:
        """Take out every member that shares an identifier with one of the rows."""
        if self.index is None:
            self.index = {}
            for key, ids in self.members.items():
                _link(self.index, key, ids or tuple(key.split(",")))
        for ids in rows:
            for identifier in ids:
                keys = self.index.pop(identifier, ())
                for key in (keys,) if isinstance(keys, str) else keys:
                    self.members.pop(key, None)
                    self.expires.pop(key, None)

    def drop(self, keys: Iterable[str]) -> None:
        """Take out these members alone, and nobody who shares an identifier with one of them."""
        for key in keys:
            self.members.pop(key, None)
            self.expires.pop(key, None)
        self.index = None

    def replace(self, rows: Iterable[tuple[str, ...]]) -> None:
        """Let these rows be all that the audience holds."""
        self.members.clear()
        self.expires.clear()
        self.index = None
        self.add(rows)

    def digest(self) -> str:
        """Return the SHA-256 over the sorted member keys, one a line."""
        return hashlib.sha256("\n".join(sorted(self.members)).encode()).hexdigest()


def _link(index: dict[str, str | tuple[str, ...]], key: str, ids: Iterable[str]) -> None:
    for identifier in ids:
        held = index.setdefault(identifier, key)
        if held == key or (isinstance(held, tuple) and key in held):
            continue
        index[identifier] = (held, key) if isinstance(held, str) else (*held, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One request as the back door shows it, without credentials."""

    platform: str
    method: str
    path: str
    status: int  # 0: the connection was dropped without an answer
    fault: str
    headers: dict[str, str]
    sha256: str
    size: int


@dataclass(slots=True, kw_only=True)
class Pace:
    """A platform's token bucket, and how long its asynchronous work takes."""

    per_second: float = 200.0
    burst: float = 400.0
    polls: int = 2  # Google: a status is final after so many questions,
    milliseconds: float = 300.0  # or after so long, whichever comes first
    absent: float = 0.0  # LinkedIn: so often a new segment is not found yet
    left: float = 400.0
    at: float | None = None

    def wait(self, now: float) -> float:
        """Take one token and return 0, or return the seconds until there is one."""
        if self.at is not None:
            self.left = min(self.burst, self.left + (now - self.at) * self.per_second)
        self.at, self.left = now, min(self.left, self.burst)
        if self.left < 1:
            return (1 - self.left) / self.per_second if self.per_second > 0 else 60.0
        self.left -= 1
        return 0.0


@dataclass(slots=True, kw_only=True)
class State:
    """Everything that a reset forgets."""

    platforms: dict[str, dict[str, Audience]]
    paces: dict[str, Pace]
    clock: Clock = field(default_factory=Clock)
    faults: Faults = NONE
    seen: Counter[str] = field(default_factory=Counter)  # calls by digest, for seeded faults
    tokens: dict[str, datetime] = field(default_factory=dict)  # minted, with their end
    opted_out: dict[bytes, int] = field(default_factory=dict)  # of UID2: digest -> when, in ms
    jobs: dict[str, Any] = field(default_factory=dict)  # work under way, by its handle
    log: deque[Arrived] = field(default_factory=lambda: deque(maxlen=KEPT_REQUESTS))
    bodies: deque[bytes] = field(default_factory=deque)  # of the newest of `log`
    body_bytes: int = 0
    made: Counter[int] = field(default_factory=Counter)

    def next_id(self, first: int) -> str:
        """Return a new audience id; the same sequence of calls is given the same ids."""
        self.made[first] += 1
        return str(first + self.made[first])

    def mint(self, life: timedelta = TOKEN_LIFE) -> str:
        """Make an access token that lives so long by the sandbox's clock."""
        token = f"sandbox-{len(self.tokens) + 1}"
        self.tokens[token] = self.clock.now() + life
        return token

    def once(self, slug: str, word: str) -> bool:
        """Tell whether a word that may be used once (a nonce, a code) comes for the first time."""
        used = self.jobs.setdefault(f"{slug} used", set())
        if word in used:
            return False
        used.add(word)
        return True

    def of(self, slug: str, account: str) -> list[Audience]:
        """Return the audiences of one account, in the order in which they were made."""
        return [a for a in self.platforms[slug].values() if a.account == account]

    def make(self, slug: str, audience: Audience) -> Audience:
        """Put a new audience there."""
        self.platforms[slug][audience.id] = audience
        return audience

    def knows(self, token: str) -> bool:
        """Tell whether a token is good now."""
        end = self.tokens.get(token)
        return token == "sandbox" or (end is not None and end > self.clock.now())  # noqa: S105

    def record(self, arrived: Arrived, body: bytes) -> None:
        """Remember a request; old bodies go first when they weigh too much."""
        self.log.append(arrived)
        self.bodies.append(body)
        self.body_bytes += len(body)
        while self.body_bytes > KEPT_BYTES or len(self.bodies) > len(self.log):
            self.body_bytes -= len(self.bodies.popleft())

    def sweep(self) -> None:
        """Drop the members whose lifetime is over."""
        now = self.clock.now()
        for audiences in self.platforms.values():
            for audience in audiences.values():
                for key in [k for k, end in audience.expires.items() if end <= now]:
                    audience.expires.pop(key)
                    audience.members.pop(key, None)


def fresh(slugs: Iterable[str]) -> State:
    """Return the state of a sandbox that nobody has called yet."""
    slugs = tuple(slugs)
    return State(platforms={s: {} for s in slugs}, paces={s: Pace() for s in slugs})
