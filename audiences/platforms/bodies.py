"""What the platforms have in common in making bodies: cutting rows out of one, unique numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime

from audiences.platforms.answers import compact
from audiences.platforms.base import Target


def rows_at(*path: str | int) -> Callable[[bytes, Sequence[int]], bytes]:
    """Return a `divide` for JSON bodies: the rows are the list, or text with commas, at a path."""

    def divide(body: bytes, places: Sequence[int]) -> bytes:
        whole = json.loads(body)
        within = whole
        for step in path[:-1]:
            within = within[step]
        rows = within[path[-1]]
        if isinstance(rows, str):
            listed = rows.split(",")
            within[path[-1]] = ",".join(listed[place] for place in places)
        else:
            within[path[-1]] = [rows[place] for place in places]
        return compact(whole)

    return divide


def unique(target: Target, at: datetime, bits: int = 63) -> int:
    """Return a number that another run of the account does not have, and a replay has again."""
    text = f"{target.account}|{target.audience}|{at.isoformat()}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> (64 - bits)
