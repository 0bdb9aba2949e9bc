"""Replay: computes a run again from its own inputs, and compares the bytes without keeping any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from audiences.delivery.outbox import plan_key
from audiences.flows import load
from audiences.flows.plan import Asked, make_plan
from audiences.flows.runs import plan_of
from audiences.flows.workspace import Workspace
from shared.clock import Clock, parse_instant
from shared.ids import new_id
from shared.ports import Store, StoredFile


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run computed again from its own inputs, and whether it came out the same."""

    run: str
    replay: str
    same: bool
    digest: str
    replay_digest: str
    differs: tuple[str, ...]  # the requests that came out otherwise, or in one of the two only
    late: bool  # ids that the run named may have ended since, and may have been swept

    def as_json(self) -> dict[str, Any]:
        """Return the result with stable names."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class _WithoutBodies:
    """A store that keeps a run's plan and lets its bodies and rows go."""

    store: Store
    run: str
    url: str

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        """Write a file, unless it is one of those that hold identifiers."""
        return self._dropped(key) or self.store.put(key, data, if_absent=if_absent)

    def upload(self, path: Path, key: str, *, if_absent: bool = False) -> bool:
        """Take a file, unless it is one of those that hold identifiers."""
        return self._dropped(key) or self.store.upload(path, key, if_absent=if_absent)

    def get(self, key: str) -> bytes | None:
        """Return a file's bytes."""
        return self.store.get(key)

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """Yield the files below a prefix."""
        return self.store.list(prefix)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove files."""
        self.store.delete(keys)

    def _dropped(self, key: str) -> bool:
        return key.startswith(f"outbox/{self.run}/") and key != plan_key(self.run)


def replay_run(workspace: Workspace, run: str) -> Replayed:
    """Plan a run again from the inputs that it had, as a dry run, and compare the bytes.

    Of the bytes only digests are kept: they may name ids whose lives have ended since.

    Raises:
        DataError: when there is no such run.
        IntegrityError: when one of its inputs is no longer kept.
    """
    plan, name = plan_of(workspace, run), new_id(workspace.now())
    again = make_plan(
        _then(workspace, plan.as_of, name),
        load.audience(workspace, plan.audience),
        load.destination(workspace, plan.destination),
        asked=Asked(run=name, mode="mirror" if plan.replaces else plan.mode, dry_run=True),
        audience_id=plan.replaces or plan.audience_id,
        inputs=plan.inputs,
    )
    one, other = ({(r.id, r.sha256) for r in each.requests} for each in (plan, again))
    return Replayed(
        run,
        name,
        again.digest == plan.digest,
        plan.digest,
        again.digest,
        tuple(sorted({request for request, _ in one ^ other})),
        late=workspace.now() >= parse_instant(plan.valid_until),
    )


def _then(workspace: Workspace, as_of: str, run: str) -> Workspace:
    lake = workspace.lake
    kept = _WithoutBodies(lake.store, run, lake.store.url)
    return replace(workspace, clock=Clock(parse_instant(as_of)), lake=replace(lake, store=kept))
