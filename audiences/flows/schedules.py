"""Schedules: keeps what starts syncs by itself in step with the `sync:` entries of audiences."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.errors import ConfigurationError
from shared.ports import Schedule, Schedules

if TYPE_CHECKING:
    from audiences.rules.spec import Audience

# EventBridge Scheduler puts the instant in, which makes a call that comes twice one sync.
DUE = "<aws.scheduler.scheduled-time>"
_LONGEST = 64  # EventBridge Scheduler's limit of a name


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many schedules were made or changed, and how many were removed."""

    put: int
    removed: int


def reconcile(texts: Mapping[str, str], schedules: Schedules) -> Reconciled:
    """Make the schedules those of all audience files; those of a broken file stay as they are."""
    wanted: dict[str, Schedule] = {}
    untouched: list[str] = []
    for name, text in texts.items():
        try:
            wanted |= _of(_parse(name, text))
        except ConfigurationError:
            untouched.append(_mark(name))
    return _made(wanted, tuple(untouched), schedules, "")


def follow(name: str, text: str | None, schedules: Schedules) -> Reconciled:
    """Make the schedules of one audience those of its file; None when it has been removed.

    Raises:
        ConfigurationError: with the file's faults; nothing was changed.
    """
    wanted = {} if text is None else _of(_parse(name, text))
    return _made(wanted, (), schedules, _mark(name))


def schedule_name(audience: str, destination: str) -> str:
    """Name the schedule of a pair: digests, as names may be long, then what a person can read."""
    return f"{_mark(audience)}{_mark(destination)}{audience}.{destination}"[:_LONGEST].rstrip(".-")


def _mark(name: str) -> str:
    return f"{hashlib.sha256(name.encode()).hexdigest()[:10]}."


def _parse(name: str, text: str) -> Audience:
    from audiences.rules import spec  # noqa: PLC0415 - sqlglot takes half a second

    return spec.parse(text, f"audiences/{name}.yaml")


def _of(audience: Audience) -> dict[str, Schedule]:
    return {
        schedule_name(audience.name, entry.to): Schedule(
            entry.schedule,
            entry.timezone,
            {"job": "sync", "audience": audience.name, "to": entry.to, "at": DUE},
            entry.window_minutes,
        )
        for entry in audience.sync
        if entry.schedule
    }


def _made(
    wanted: Mapping[str, Schedule], untouched: tuple[str, ...], schedules: Schedules, within: str
) -> Reconciled:
    found = [name for name in schedules.names() if name.startswith(within)]
    left = [name for name in found if name not in wanted and not name.startswith(untouched)]
    for name in left:
        schedules.delete(name)
    return Reconciled(sum(schedules.put(name, each) for name, each in wanted.items()), len(left))
