"""The timer of `bridge serve`: starts the syncs that are due by the schedules of audiences.

A decision about each pair is small state: since when its schedule stands, and until when it was
looked at. So nothing that was due while nobody served is forgotten, and nothing comes twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from audiences.flows import exports
from audiences.flows.exports import Desk
from audiences.flows.schedules import schedule_name
from audiences.rules import spec
from audiences.rules.cron import next_due
from audiences.rules.spec import SyncEntry
from shared.clock import iso, parse_instant
from shared.errors import BridgeError, ConfigurationError
from shared.log import log

MISSED_MINUTES = 60  # what was due longer ago is not made up for; as long as EventBridge tries


@dataclass(slots=True)
class Timer:
    """Looks at the schedules of one workspace, again and again."""

    desk: Desk
    _read: dict[str, tuple[str, tuple[SyncEntry, ...]]] = field(default_factory=dict)

    def tick(self, texts: Mapping[str, str]) -> int:
        """Ask for the syncs that have come due; return how many were asked for."""
        started = 0
        for name, text in texts.items():
            for entry in self._entries(name, text):
                if entry.schedule:
                    started += self._look(name, entry)
        return started

    def _entries(self, name: str, text: str) -> tuple[SyncEntry, ...]:
        before = self._read.get(name)
        if before is not None and before[0] == text:
            return before[1]
        entries = before[1] if before else ()
        try:
            entries = spec.parse(text, f"audiences/{name}.yaml").sync
        except ConfigurationError as error:  # the schedules of a broken file stay as they are
            log("not_scheduled", level="warning", error=error, audience=name)
        self._read[name] = (text, entries)
        return entries

    def _look(self, name: str, entry: SyncEntry) -> int:
        key, now = f"schedule/{schedule_name(name, entry.to)}", self.desk.clock.now()
        written = f"{entry.schedule} {entry.timezone}"
        state = json.loads(self.desk.kv.get(key) or "{}")
        if state.get("written") != written:  # new, or changed: it counts from now
            state = {"written": written, "since": iso(now), "until": iso(now), "export": ""}
            self.desk.kv.put(key, json.dumps(state))
            return 0
        due = last_due(entry, state, now)
        if due is None:
            return 0
        if self._goes_on(state["export"]):
            log("schedule_overlaps", level="warning", audience=name, destination=entry.to)
        else:
            state["export"] = self._ask(name, entry, due)
        # An end between the two asks again, under the same name: that is the same export.
        self.desk.kv.put(key, json.dumps(state | {"until": iso(due)}))
        return 1

    def _goes_on(self, export: str) -> bool:
        """Say whether what the last trigger asked for is waiting or under way."""
        if not export or self.desk.kv.get(exports.status_key(export)) is None:
            return False
        return not exports.is_over(self.desk.kv, export)

    def _ask(self, name: str, entry: SyncEntry, due: datetime) -> str:
        wanted: dict[str, Any] = {"audience": name, "to": entry.to, "mode": entry.mode}
        wanted |= {"dry_run": False, "approve": ""}
        try:
            asked = exports.ask(
                self.desk, "schedule", wanted, f"{name} {entry.to} {iso(due)} {entry.mode}"
            )
        except BridgeError as error:
            log("not_scheduled", level="error", error=error, audience=name)
            raise
        return asked.id


def last_due(entry: SyncEntry, state: Mapping[str, str], now: datetime) -> datetime | None:
    """Return the last instant that was due since the schedule was looked at; several are one.

    What was due more than an hour ago is over.
    """
    since = parse_instant(state["since"])
    after = max(parse_instant(state["until"]), now - timedelta(minutes=MISSED_MINUTES))
    found = None
    while True:
        due = next_due(entry.schedule or "", entry.timezone, after, since)
        if due is None or due > now:
            return found
        found = after = due
