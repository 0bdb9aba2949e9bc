"""Injected faults: which call fails, and how, by a seed and the call itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

KINDS = ("429", "500", "timeout", "reset_after_commit", "partial", "expired_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How often calls fail, and in which ways."""

    rate: float = 0.0
    kinds: tuple[str, ...] = KINDS
    seed: int = 0
    timeout_seconds: float = 0.3  # how long a connection is held before it is dropped
    retry_after_seconds: float = 0.0  # what an injected 429 asks for


NONE = Faults()


def read_faults(body: Mapping[str, object]) -> Faults | str:
    """Read the faults that a test asks for, or say what is wrong with the request."""
    unknown = sorted(set(body) - set(Faults.__slots__))
    if unknown:
        return f"unknown fields: {', '.join(unknown)}"
    kinds = body.get("kinds", list(KINDS))
    if not isinstance(kinds, list) or not kinds or set(map(str, kinds)) - set(KINDS):
        return f"kinds must be a list of: {', '.join(KINDS)}"
    numbers = {n: body[n] for n in Faults.__slots__ if n in body and n != "kinds"}
    if any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers.values()):
        return f"{', '.join(numbers)} must be numbers"
    given = {name: float(str(number)) for name, number in numbers.items()}
    if any(number < 0 for number in given.values()) or given.get("rate", 0) > 1:
        return "rate must be between 0 and 1, the others not negative"
    seed = int(given.pop("seed", 0))
    return Faults(kinds=tuple(map(str, kinds)), seed=seed, **given)


def pick(faults: Faults, digest: str, attempt: int) -> str:
    """Return the kind of fault of the n-th call with this digest, empty for none.

    The draw depends on the call and not on its neighbours, so parallel lanes that arrive in
    another order meet the same faults.
    """
    if not faults.rate:
        return ""
    draw = hashlib.sha256(f"{faults.seed}|{attempt}|{digest}".encode()).digest()
    if int.from_bytes(draw[:8], "big") / 2**64 >= faults.rate:
        return ""
    return faults.kinds[int.from_bytes(draw[8:16], "big") % len(faults.kinds)]
