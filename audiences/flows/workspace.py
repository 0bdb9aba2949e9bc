"""What a flow works with: the lake, the settings, and the ports to the world outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from audiences.lake.lake import Lake
from shared.clock import Clock
from shared.ports import Http, KeyValue, Secrets, Sleep
from shared.settings import Settings

Progress = Callable[[str, int], None]  # (what is going on, how far: rows or requests so far)


def silent(_what: str, _done: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One company's workspace, as a laptop's folder or a deployed stack gives it."""

    settings: Settings
    secret: str  # seeds identifier keys and holdouts; never leaves
    lake: Lake
    kv: KeyValue
    http: Http
    secrets: Secrets
    clock: Clock
    sleep: Sleep
    lock: Callable[[str], AbstractContextManager[None]]  # one holder of a name at a time
    audiences: Mapping[str, str]  # name -> text of its file
    destinations: Mapping[str, str]
    memory: str = "2GB"  # what DuckDB may take
    progress: Progress = silent

    def now(self) -> datetime:
        """Return the instant of this run."""
        return self.clock.now()
