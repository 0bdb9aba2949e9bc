"""What light work has of the world: a workspace without the lake's engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from audiences.delivery.session import Session
from shared.clock import Clock
from shared.ports import Http, KeyValue, Secrets, Sleep, Store

Progress = Callable[[str, int], None]  # (what is going on, how far: rows or requests so far)


def silent(_what: str, _done: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What delivering works with; it reads plans and writes outcomes, and no table."""

    store: Store  # the lake's files
    kv: KeyValue
    http: Http
    secrets: Secrets
    clock: Clock
    sleep: Sleep
    destinations: Mapping[str, str]  # name -> text of its file
    progress: Progress = silent
    sessions: dict[str, Session] = field(default_factory=dict, repr=False)  # of the run at hand
