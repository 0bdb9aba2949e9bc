"""The guard: stops a run that would change more than a person expects, until one approves it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from audiences.destinations import Guard


def judge(
    guard: Guard,
    held: int,
    changes: Mapping[str, int],
    missing: tuple[str, ...] = (),
    awaited: int = 0,
) -> str:
    """Return why a run must stop, or an empty text.

    `held` and `changes` count members; `missing` names inputs that were there last time. A run
    that changes nothing never stops. A first sync has nothing to lose, so percentages begin with
    the second. So many as are `awaited` may join beside: the last run had to leave them out.
    """
    if not any(changes.values()):
        return ""
    if missing:
        return f"input is missing that the last run had: {', '.join(missing)}"
    if not held or held < guard.min_held:
        return ""
    removed = changes.get("removed", 0)
    moved = removed + max(0, changes.get("added", 0) - awaited)
    removed_percent, moved_percent = 100 * removed / held, 100 * moved / held
    if removed_percent > guard.max_removed_percent:
        return (
            f"it would remove {removed:,} of {held:,} members ({removed_percent:.1f} %; "
            f"the limit is {guard.max_removed_percent:g} %)"
        )
    if moved_percent > guard.max_change_percent:
        return (
            f"it would add or remove {moved:,} against {held:,} held ({moved_percent:.1f} %; "
            f"the limit is {guard.max_change_percent:g} %)"
        )
    return ""


def token(destination: str, audience: str, held_number: int, changes: Mapping[str, int]) -> str:
    """Make the token that approves exactly this much change to exactly this held state."""
    text = "|".join(
        [destination, audience, str(held_number)]
        + [f"{name}={count}" for name, count in sorted(changes.items()) if name != "refreshed"]
    )
    return hashlib.sha256(text.encode()).hexdigest()[:12]
