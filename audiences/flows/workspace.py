"""What a flow works with: the lake, the settings, and the ports to the world outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from audiences.flows.bench import Bench, Progress, silent
from audiences.flows.notices import Teller
from audiences.lake.lake import Lake
from shared.clock import Clock
from shared.ports import Http, KeyValue, Notify, Secrets, Sleep
from shared.settings import Settings


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
    notify: Mapping[str, Notify] = field(default_factory=dict)  # who is told of runs

    def now(self) -> datetime:
        """Return the instant of this run."""
        return self.clock.now()

    def teller(self) -> Teller:
        """Return what tells people of runs."""
        return Teller(self.notify, self.kv, self.settings.notify.match_rate_drop)

    def bench(self) -> Bench:
        """Return what light work takes of it."""
        return Bench(
            store=self.lake.store,
            kv=self.kv,
            http=self.http,
            secrets=self.secrets,
            clock=self.clock,
            sleep=self.sleep,
            destinations=self.destinations,
            progress=self.progress,
        )
