"""Leases: locks in small state, which end by themselves when their holder has died."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from shared.errors import RetryableError
from shared.ports import KeyValue


@dataclass(frozen=True, slots=True)
class Leases:
    """Gives a name to one owner at a time; `seconds` is longer than an owner works unseen."""

    kv: KeyValue
    seconds: int

    def take(self, name: str, owner: str) -> bool:
        """Take a name, or keep it from now on if the owner has it; return whether it is theirs.

        Where its time was over, whoever comes first has it: the owner may have lost it.
        """
        self.kv.delete(_key(name), if_value=owner)
        return self.kv.put(_key(name), owner, ttl_seconds=self.seconds, if_absent=True)

    def give_back(self, name: str, owner: str) -> None:
        """Let others have a name; one that is not the owner's stays as it is."""
        self.kv.delete(_key(name), if_value=owner)

    @contextlib.contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold a name until the block ends.

        Raises:
            RetryableError: when another one holds it.
        """
        owner = secrets.token_hex(8)
        if not self.take(name, owner):
            raise RetryableError(f"another function is at work on {name}; it is tried again")
        try:
            yield
        finally:
            self.give_back(name, owner)


def _key(name: str) -> str:
    return f"lock/{name}"
