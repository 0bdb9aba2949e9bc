"""Two processes that write at the same time: nothing is lost, and who loses a race is told."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest

from audiences import schemas
from audiences.lake import snapshot
from audiences.lake.append import commit
from audiences.lake.lake import Lake
from audiences.lake.layout import LOGS
from shared.errors import IntegrityError
from tests.conftest import lake_on_disk

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["audiences.lake.append", "tests.conftest"])
WRITERS, ROUNDS = 2, 10
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def key(number: int) -> bytes:
    return UUID(int=number).bytes


def append_many(folder: Path, writer: int, start: Barrier) -> None:
    lake = lake_on_disk(folder)
    start.wait()
    for number in range(ROUNDS):
        rows = pa.Table.from_pylist([{"email": f"{writer}.{number}"}], LOGS["profiles"].schema)
        with commit(lake, f"c{writer}-{number}", {"at": "2026-11-21"}) as out:
            out.write("profiles", "crm", rows)


def replace_many(folder: Path, writer: int, start: Barrier, told: Any) -> None:
    """Add this writer's keys to those that the newest snapshot holds, as often as it takes."""
    lake = lake_on_disk(folder)
    start.wait()
    lost = 0
    for number in range(ROUNDS):
        while not add(lake, writer * 1_000 + number):
            lost += 1
    told.put(lost)


def add(lake: Lake, number: int) -> bool:
    before = snapshot.latest(lake, "people")
    held = snapshot.dataset(lake, before, schemas.PEOPLE).to_table()
    one = pa.Table.from_pylist([{"key": key(number), "person": key(number)}], schemas.PEOPLE)
    rows = pa.concat_tables([held, one]).to_batches()
    after, run = before.number if before else None, f"r{number}-{after_of(before)}"
    try:
        snapshot.write(lake, "people", schemas.PEOPLE, rows, run=run, after=after, about={})
    except IntegrityError:
        return False
    return True


def after_of(before: snapshot.Snapshot | None) -> int:
    return before.number if before else 0


def run(target: Any, folder: Path, *more: Any) -> None:
    start = CONTEXT.Barrier(WRITERS)
    processes = [
        CONTEXT.Process(target=target, args=(folder, writer, start, *more))
        for writer in range(WRITERS)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0


def test_appends_of_two_writers_add_up(tmp_path: Path) -> None:
    run(append_many, tmp_path)
    found = lake_on_disk(tmp_path).log("profiles").to_table().column("email").to_pylist()
    assert sorted(found) == sorted(f"{w}.{n}" for w in range(WRITERS) for n in range(ROUNDS))


def test_no_snapshot_of_two_writers_is_lost(tmp_path: Path) -> None:
    told = CONTEXT.SimpleQueue()
    run(replace_many, tmp_path, told)
    lake = lake_on_disk(tmp_path)
    latest = snapshot.latest(lake, "people")
    assert latest is not None
    rows = snapshot.dataset(lake, latest, schemas.PEOPLE).to_table().column("key").to_pylist()
    wanted = {key(writer * 1_000 + n) for writer in range(WRITERS) for n in range(ROUNDS)}
    assert {row.bytes for row in rows} == wanted
    assert latest.number == snapshot.snapshots(lake, "people")[-1] == WRITERS * ROUNDS
    if not sum(told.get() for _ in range(WRITERS)):
        pytest.skip("the two writers never met")
