"""The ledger of sends: one row for every row that was sent, in files chained by hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow.parquet as pq

from audiences.lake.lake import Lake

CHAIN = "sends/_chain/"
START = "0" * 64
_END = 1 << 62


@dataclass(frozen=True, slots=True)
class Verified:
    """What the check of the ledger found."""

    links: int
    rows: int
    faults: tuple[str, ...]
    head: str  # hash of the newest link; keep it elsewhere to notice a cut tail


@dataclass(frozen=True, slots=True)
class Entry:
    """A run's place in the ledger: its link, its file, and whether that is the file just given."""

    number: int
    file: str
    ours: bool


def file_key(run: str, day: str) -> str:
    """Name the file of a run's rows in the ledger, by the run and the day that it is of."""
    return f"sends/day={day}/{run}.parquet"


def append(lake: Lake, run: str, day: str, path: Path, rows: int, at: str) -> Entry:
    """Add a file of sends to the chain, once for a run however many settle it at once.

    A run has one file name, and the first file under it stays. A link is taken with "create if
    absent", and only after every link before it was seen not to name the file; so of two links
    that name it the later one cannot come to be.
    """
    key = file_key(run, day)
    start, _, _ = _scan(lake, key, _END)  # no link names a file that is not there yet
    digest = _digest(path.open("rb"))
    ours = lake.store.upload(path, key, if_absent=True)
    if not ours:
        start = 0
    while True:
        number, previous, own = _scan(lake, key, start)
        if own is not None:
            return Entry(own, key, ours)
        if not ours:  # whoever wrote the file died before its link, or is about to take it
            digest, rows = _stored(lake, key)
        link = {"number": number, "previous": previous, "file": key, "sha256": digest}
        link |= {"rows": rows, "run": run, "at": at}
        if lake.write_json(f"{CHAIN}{number:012d}.json", link, if_absent=True):
            return Entry(number, key, ours)


def _scan(lake: Lake, key: str, start: int) -> tuple[int, str, int | None]:
    """Return the next number, the hash that it must name, and which link from `start` on is ours.

    The newest are looked at first.
    """
    names = [found.key for found in lake.store.list(CHAIN)]
    own = None
    for name in reversed(names):
        if _number(name) < start:
            break
        link = lake.read_json(name)
        if link is not None and link["file"] == key:
            own = int(link["number"])
            break
    if not names:
        return 0, START, own
    data = lake.store.get(names[-1]) or b""
    return _number(names[-1]) + 1, hashlib.sha256(data).hexdigest(), own


def _stored(lake: Lake, key: str) -> tuple[str, int]:
    """Return the digest of a file of the ledger, and how many rows it has."""
    with lake.files.open_input_file(key) as file:
        rows = int(pq.ParquetFile(file).metadata.num_rows)
    return _digest(lake.files.open_input_stream(key)), rows


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    with file:
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()


def _number(key: str) -> int:
    return int(key.removeprefix(CHAIN).removesuffix(".json"))


def verify(lake: Lake) -> Verified:
    """Follow the chain from its start and name every change, loss or reordering.

    A cut tail leaves a whole chain: it shows in what the platforms hold, which names its link,
    and in files that no link names. A run that was interrupted just there shows in the same way,
    until it is brought to its end.
    """
    faults: list[str] = []
    named: set[str] = set()
    previous, rows, links = START, 0, 0
    for expected, (name, data) in enumerate(_links(lake)):
        try:
            link: dict[str, Any] = json.loads(data)
            faults += _check(lake, name, link, expected, previous)
            if link["file"] in named:
                faults.append(f"{name}: an earlier link names {link['file']} too")
            named.add(link["file"])
            rows += int(link["rows"])
        except (ValueError, KeyError, TypeError):
            faults.append(f"{name}: the link cannot be read")
        previous, links = hashlib.sha256(data).hexdigest(), links + 1
    faults += _unnamed(lake, named)
    faults += _cut(lake, links)
    return Verified(links, rows, tuple(faults), previous)


def _unnamed(lake: Lake, named: set[str]) -> Iterator[str]:
    for found in lake.store.list("sends/day="):
        if found.key not in named:
            yield f"{found.key}: no link names this file"


def _cut(lake: Lake, links: int) -> Iterator[str]:
    """Compare the chain's length with the links that the newest states of `held` were made by."""
    newest: dict[str, str] = {}
    for found in lake.store.list("held/"):
        table, _, name = found.key.rpartition("/_manifests/")
        if table:
            newest[table] = f"{table}/_manifests/{name}"
    for table, name in newest.items():
        about = (lake.read_json(name) or {}).get("about", {})
        number = about.get("ledger")
        if number is not None and number >= links:
            yield f"{CHAIN}{number:012d}.json: the link is gone that {table} was settled with"


def _links(lake: Lake) -> Iterator[tuple[str, bytes]]:
    for found in lake.store.list(CHAIN):
        yield found.key, lake.store.get(found.key) or b""


def _check(
    lake: Lake, name: str, link: dict[str, Any], expected: int, previous: str
) -> Iterator[str]:
    if link["number"] != expected or _number(name) != expected:
        yield f"{name}: link {expected} is missing or out of order"
    if link["previous"] != previous:
        yield f"{name}: the link before it was changed"
    data = lake.store.get(link["file"])
    if data is None:
        yield f"{link['file']}: the file is gone"
    elif hashlib.sha256(data).hexdigest() != link["sha256"]:
        yield f"{link['file']}: the file was changed"
