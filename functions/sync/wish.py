"""What a sync is asked for with, from an export or a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audiences.flows.steps import Wish
from shared.errors import DataError

_TEXTS = ("audience", "destination", "mode", "approve", "export")
_FLAGS = ("dry_run", "repair")


@dataclass(frozen=True, slots=True)
class SyncEvent:
    """An event of the function: the wish, and the export whose status is to be kept."""

    wish: Wish
    export: str = ""


def read_event(event: Mapping[str, Any]) -> SyncEvent:
    """Read an event: the texts and flags above, of which only the pair must be there.

    Raises:
        DataError: when it is none; it names fields, and repeats no value.
    """
    faults = [name for name in event if name not in (*_TEXTS, *_FLAGS)]
    faults += [name for name in _TEXTS if not isinstance(event.get(name) or "", str)]
    faults += [name for name in ("audience", "destination") if not event.get(name)]
    faults += [name for name in _FLAGS if not isinstance(event.get(name, False), bool)]
    if faults:
        raise DataError(f"the event asks for no sync: look at {sorted(set(faults))}")
    wish = Wish(
        audience=event["audience"],
        destination=event["destination"],
        mode=event.get("mode") or None,
        dry_run=event.get("dry_run", False),
        approve=event.get("approve") or "",
        repair=event.get("repair", False),
    )
    return SyncEvent(wish, event.get("export") or "")
