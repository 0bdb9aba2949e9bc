"""Two may settle one run at the same moment: it has one file and one link, and is held once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from audiences import schemas
from audiences.delivery import ledger, outbox
from audiences.delivery.ledger import CHAIN
from audiences.flows.prepare import LakePiece, settle
from audiences.flows.runs import verify_ledger
from audiences.lake.lake import Lake
from audiences.platforms.base import Action
from shared.ports import Store, StoredFile
from tests.flow.sync_world import World, customers
from tests.flow.test_turns import Stalled, stalled
from tests.unit.delivery.test_ledger import parquet

PEOPLE = customers(range(1, 8))


@dataclass(slots=True)
class Meeting:
    """A store whose users meet before each act on the ledger, so that all do it at once."""

    store: Store
    barrier: threading.Barrier
    met: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.store.url

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        self._meet(key)
        return self.store.put(key, data, if_absent=if_absent)

    def upload(self, path: Path, key: str, *, if_absent: bool = False) -> bool:
        self._meet(key)
        return self.store.upload(path, key, if_absent=if_absent)

    def get(self, key: str) -> bytes | None:
        return self.store.get(key)

    def list(self, prefix: str) -> Iterator[StoredFile]:
        return self.store.list(prefix)

    def delete(self, keys: Any) -> None:
        self.store.delete(keys)

    def _meet(self, key: str) -> None:
        if not key.startswith(("sends/", "held/")):
            return
        self.met.append(key)
        try:
            self.barrier.wait(5)
        except threading.BrokenBarrierError:
            return  # the others are through, or were turned away before


def together(works: list[Callable[[], Any]]) -> list[Any]:
    """Do all at the same moment; return what they came to, and raise what any of them raised."""
    found: list[Any] = [None] * len(works)
    faults: list[BaseException] = []
    start = threading.Barrier(len(works))

    def one(number: int) -> None:
        start.wait()
        try:
            found[number] = works[number]()
        except BaseException as error:  # noqa: BLE001 - it is raised below
            faults.append(error)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return found


def test_two_that_settle_one_run_at_once_write_one_link(world: World) -> None:
    first = stalled(world, sent=True)
    barrier = threading.Barrier(2)

    def one() -> Any:
        workspace = world.open()
        met = Meeting(workspace.lake.store, barrier)
        workspace = replace(workspace, lake=replace(workspace.lake, store=met))
        asked = LakePiece(audience="gold", destination="meta-main", run=first.run)
        return settle(workspace, asked)["report"]

    told = together([one, one])
    assert [report["accepted"] for report in told] == [7, 7]
    found = verify_ledger(world.open())
    assert (found.faults, found.links, found.rows) == ((), 1, 7)
    assert len(world.sends()) == 7
    world.in_step("meta-main", PEOPLE)


def test_what_is_held_is_what_the_ledger_says_though_more_was_heard_since(world: World) -> None:
    """The settling died behind the ledger; a later word on a request is not half believed."""
    first = stalled(world, sent=True)
    with pytest.raises(_DiedError):
        _settle(world, first, dying="held/")
    store = world.open().lake.store
    (one,) = world.plan(first.run).requests
    known = outbox.recorded(store, first.run, one.id)
    assert known is not None
    refused = replace(known.outcome, action=Action.REFUSED, code="late")
    outbox.record(store, first.run, replace(known, outcome=refused), "status")
    _settle(world, first)
    assert {row["outcome"] for row in world.sends()} == {"accepted"}
    world.in_step("meta-main", PEOPLE)
    assert verify_ledger(world.open()).faults == ()


class _DiedError(Exception):
    """Stands for the end of a process."""


@dataclass(frozen=True, slots=True)
class _Dying:
    store: Store
    prefix: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def upload(self, path: Path, key: str, *, if_absent: bool = False) -> bool:
        if self.prefix and key.startswith(self.prefix):
            raise _DiedError
        return self.store.upload(path, key, if_absent=if_absent)


def _settle(world: World, first: Stalled, dying: str = "") -> Any:
    workspace = world.open()
    store = _Dying(workspace.lake.store, dying)
    workspace = replace(workspace, lake=replace(workspace.lake, store=store))
    return settle(workspace, LakePiece(audience="gold", destination="meta-main", run=first.run))


@pytest.mark.parametrize("writers", [2, 5])
def test_a_run_has_one_link_on_every_store(lake: Lake, writers: int) -> None:
    """On a disk and on S3; each writer brings a file of its own, and meets the others."""
    ledger.append(lake, "before", "2026-07-01", parquet(lake, "before", 3), 3, "now")
    barrier = threading.Barrier(writers)

    def one(number: int) -> Callable[[], Any]:
        path = parquet(lake, f"run-1-{number}", number + 1)
        met = replace(lake, store=Meeting(lake.store, barrier))
        return lambda: ledger.append(met, "run-1", "2026-07-01", path, number + 1, "now")

    entries = together([one(number) for number in range(writers)])
    assert {entry.number for entry in entries} == {1}
    assert sum(entry.ours for entry in entries) == 1
    found = ledger.verify(lake)
    assert (found.links, found.faults) == (2, ())
    rows = lake.dataset(["sends/day=2026-07-01/run-1.parquet"], schemas.SENDS).count_rows()
    assert found.rows == 3 + rows


def test_a_link_whose_answer_was_lost_is_not_taken_twice(lake: Lake) -> None:
    """A store may say "exists" of what this very writer has put there."""

    @dataclass(frozen=True, slots=True)
    class Forgetful:
        store: Store
        lied: list[str]

        def __getattr__(self, name: str) -> Any:
            return getattr(self.store, name)

        def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
            made = self.store.put(key, data, if_absent=if_absent)
            if key.startswith(CHAIN) and not self.lied:
                self.lied.append(key)
                return False
            return made

    path = parquet(lake, "run-1", 3)
    lossy = replace(lake, store=Forgetful(lake.store, []))
    assert ledger.append(lossy, "run-1", "2026-07-01", path, 3, "now").number == 0
    found = ledger.verify(lake)
    assert (found.links, found.rows, found.faults) == (1, 3, ())
