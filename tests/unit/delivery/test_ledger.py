"""The chain of the ledger shows every change, loss and reordering, and takes many writers."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audiences.delivery import ledger
from audiences.delivery.ledger import CHAIN
from audiences.lake.lake import Lake
from tests.conftest import lake_on_disk
from tests.fakes import MemoryStore


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake on disk: what the chain promises does not hang on the store."""
    return lake_on_disk(tmp_path)


def parquet(lake: Lake, name: str, rows: int) -> Path:
    path = lake.scratch / f"{name}.parquet"
    pq.write_table(pa.table({"row": pa.array(range(rows)), "who": [name] * rows}), path)
    return path


def send(lake: Lake, run: str, rows: int = 3, day: str = "2026-07-01") -> int:
    return ledger.append(lake, run, day, parquet(lake, run, rows), rows, f"{day}T00:00:00Z").number


def full(lake: Lake, count: int = 5) -> None:
    for number in range(count):
        assert send(lake, f"run-{number}", rows=number + 1, day=f"2026-07-0{number + 1}") == number


def test_an_empty_ledger_is_whole(lake: Lake) -> None:
    found = ledger.verify(lake)
    assert (found.links, found.rows, found.faults, found.head) == (0, 0, (), ledger.START)


def test_every_run_has_a_link_and_the_chain_is_whole(lake: Lake) -> None:
    full(lake)
    found = ledger.verify(lake)
    assert (found.links, found.rows, found.faults) == (5, 15, ())
    assert found.head != ledger.START


def test_a_run_that_comes_again_keeps_its_link(lake: Lake) -> None:
    full(lake)
    files = {f.key: lake.store.get(f.key) for f in lake.store.list("sends/")}
    assert send(lake, "run-1", rows=99, day="2026-07-02") == 1
    assert {f.key: lake.store.get(f.key) for f in lake.store.list("sends/")} == files


def test_a_run_that_died_between_file_and_link_gets_its_link(lake: Lake) -> None:
    full(lake)
    lake.store.upload(parquet(lake, "half", 7), "sends/day=2026-07-06/half.parquet")
    assert ledger.verify(lake).faults == (
        "sends/day=2026-07-06/half.parquet: no link names this file",
    )
    assert send(lake, "half", rows=2, day="2026-07-06") == 5
    found = ledger.verify(lake)
    assert (found.faults, found.rows) == ((), 22)  # the file that was there first is the run's


def test_a_file_that_two_links_name_is_a_fault(lake: Lake) -> None:
    full(lake)
    newest = lake.store.get(f"{CHAIN}{4:012d}.json") or b""
    link = json.loads(lake.store.get(f"{CHAIN}{1:012d}.json") or b"")
    link |= {"number": 5, "previous": hashlib.sha256(newest).hexdigest()}
    lake.write_json(f"{CHAIN}{5:012d}.json", link)
    assert ledger.verify(lake).faults == (
        f"{CHAIN}{5:012d}.json: an earlier link names sends/day=2026-07-02/run-1.parquet too",
    )


def test_many_runs_later_the_own_link_is_still_found(lake: Lake) -> None:
    memory = MemoryStore()
    lake = Lake(memory, lake.files, lake.scratch)
    send(lake, "first")
    for number in range(300):
        send(lake, f"other-{number}", rows=1)
    assert send(lake, "first") == 0
    assert ledger.verify(lake).links == 301


def test_writers_at_once_all_get_a_link(lake: Lake) -> None:
    paths = {f"run-{n}": parquet(lake, f"run-{n}", 2) for n in range(12)}
    ready = threading.Barrier(len(paths))
    numbers: list[int] = []

    def write(run: str, path: Path) -> None:
        ready.wait()
        numbers.append(ledger.append(lake, run, "2026-07-01", path, 2, "now").number)

    threads = [threading.Thread(target=write, args=pair) for pair in paths.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(12))
    found = ledger.verify(lake)
    assert (found.links, found.rows, found.faults) == (12, 24, ())


def link(number: int) -> str:
    return f"{CHAIN}{number:012d}.json"


def edit(lake: Lake, which: int, **more: object) -> None:
    value = json.loads(lake.store.get(link(which)) or b"")
    lake.store.put(link(which), json.dumps(value | more).encode())


def swap(lake: Lake, one: str, two: str) -> None:
    first, second = lake.store.get(one), lake.store.get(two)
    lake.store.put(one, second or b"")
    lake.store.put(two, first or b"")


FILE_2 = "sends/day=2026-07-03/run-2.parquet"
FILE_3 = "sends/day=2026-07-04/run-3.parquet"
HARM: dict[str, Callable[[Lake], object]] = {
    "a file is changed": lambda lake: lake.store.put(FILE_2, b"other"),
    "a byte is added": lambda lake: lake.store.put(FILE_2, (lake.store.get(FILE_2) or b"") + b" "),
    "a file is lost": lambda lake: lake.store.delete([FILE_2]),
    "two files are swapped": lambda lake: swap(lake, FILE_2, FILE_3),
    "a file is added": lambda lake: lake.store.put("sends/day=2026-07-01/x.parquet", b"x"),
    "a link is lost": lambda lake: lake.store.delete([link(2)]),
    "the first link is lost": lambda lake: lake.store.delete([link(0)]),
    "the last link is lost": lambda lake: lake.store.delete([link(4)]),
    "two links are swapped": lambda lake: swap(lake, link(2), link(3)),
    "a link counts other rows": lambda lake: edit(lake, 2, rows=99),
    "a link names another file": lambda lake: edit(lake, 2, file=FILE_3),
    "a link has another digest": lambda lake: edit(lake, 2, sha256="0" * 64),
    "a link has another number": lambda lake: edit(lake, 2, number=3),
    "a link has another run": lambda lake: edit(lake, 2, run="other"),
    "a link is no JSON": lambda lake: lake.store.put(link(2), b"{"),
    "a link is empty": lambda lake: lake.store.put(link(2), b""),
    "a link is a list": lambda lake: lake.store.put(link(2), b"[]"),
    "a file and its link are lost": lambda lake: lake.store.delete([FILE_2, link(2)]),
    "all links are lost": lambda lake: lake.store.delete([link(n) for n in range(5)]),
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
def test_harm_is_found(lake: Lake, harm: Callable[[Lake], object]) -> None:
    full(lake)
    assert ledger.verify(lake).faults == ()
    harm(lake)
    assert ledger.verify(lake).faults != ()


def test_a_cut_tail_shows_in_what_is_held(lake: Lake) -> None:
    """Link and file of the last run are gone: the chain is whole, but `held` names its link."""
    full(lake)
    about = {"about": {"ledger": 4, "run": "run-4"}, "files": [], "rows": 0}
    lake.write_json("held/meta-main/vips/_manifests/00000003.json", about)
    lake.write_json("held/meta-main/vips/_manifests/00000002.json", about | {"about": {}})
    assert ledger.verify(lake).faults == ()
    lake.store.delete([link(4), "sends/day=2026-07-05/run-4.parquet"])
    assert ledger.verify(lake).faults == (
        f"{link(4)}: the link is gone that held/meta-main/vips was settled with",
    )


def test_the_last_link_with_its_content_changed_shows_in_the_head(lake: Lake) -> None:
    """Who keeps the head elsewhere sees even a last link that was written anew."""
    full(lake)
    head = ledger.verify(lake).head
    edit(lake, 4, at="2027-01-01T00:00:00Z")
    assert ledger.verify(lake).head != head
