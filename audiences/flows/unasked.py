"""Unasked: what is said of contacts that a run could not ask their operator about.

Such a run goes on with what is known: ids stay where they are, and nobody is added by those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NEXT: Mapping[str, str] = {
    "configuration": "mend the credentials below `uid2:` of the destination's file",
    "credential": "renew the credentials below `uid2:` of the destination's file",
    "rejected": "read the operator's words: its key and secret, and a clock that is off, are the "
    "commonest",
}


def is_for_people(unasked: Mapping[str, Any]) -> bool:
    """Say whether a person must act before the operator answers again."""
    return unasked.get("code") in _NEXT


def what_next(unasked: Mapping[str, Any]) -> str:
    """Say what to do about it."""
    return _NEXT.get(str(unasked.get("code")), "nothing; the next sync asks again")


def warning(unasked: Mapping[str, Any]) -> str:
    """Say on one line how many contacts it is about, why, and what becomes of them."""
    count, so = int(unasked["contacts"]), ""
    told = "it could not be asked which raw ids have opted out"
    if count:
        told = f"{count:,} e-mail addresses and phone numbers could not be mapped, and {told}"
        so = "Who is held by them stays as long as the ids live, and nobody is added by them. "
    why = f"{unasked['code']}: {unasked['detail']}"
    return f"{told} ({why}). {so}Next: {what_next(unasked)}"
