"""The ledger of sends: one row for every row that was sent, in files chained by hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiences.lake.lake import Lake

CHAIN = "sends/_chain/"
START = "0" * 64


@dataclass(frozen=True, slots=True)
class Verified:
    """What the check of the ledger found."""

    links: int
    rows: int
    faults: tuple[str, ...]
    head: str  # hash of the newest link; keep it elsewhere to notice a cut tail


def append(lake: Lake, run: str, day: str, path: Path, rows: int, at: str) -> int:
    """Add a file of sends to the chain; a run that has its link already keeps it.

    Two runs that end at once both get a link: the number is taken with "create if absent".
    """
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    key = f"sends/day={day}/{run}.parquet"
    number, previous, found = _head(lake, run)
    if found is not None:
        return found
    lake.store.upload(path, key)
    while True:
        link = {"number": number, "previous": previous, "file": key, "sha256": digest}
        link |= {"rows": rows, "run": run, "at": at}
        if lake.write_json(f"{CHAIN}{number:012d}.json", link, if_absent=True):
            return number
        number, previous, found = _head(lake, run)
        if found is not None:
            return found


def _head(lake: Lake, run: str) -> tuple[int, str, int | None]:
    """Return the next number, the hash it must name, and the number of this run's own link."""
    keys = [found.key for found in lake.store.list(CHAIN)]
    if not keys:
        return 0, START, None
    # A run settles soon after it was planned, so its own link can only be near the end.
    for key in reversed(keys[-256:]):
        link = lake.read_json(key)
        if link is not None and link["run"] == run:
            return 0, START, int(link["number"])
    data = lake.store.get(keys[-1]) or b""
    return _number(keys[-1]) + 1, hashlib.sha256(data).hexdigest(), None


def _number(key: str) -> int:
    return int(key.removeprefix(CHAIN).removesuffix(".json"))


def verify(lake: Lake) -> Verified:
    """Follow the chain from its start and name every change, loss or reordering."""
    faults: list[str] = []
    previous, rows, links = START, 0, 0
    for expected, (name, data) in enumerate(_links(lake)):
        try:
            link: dict[str, Any] = json.loads(data)
            faults += _check(lake, name, link, expected, previous)
            rows += int(link["rows"])
        except (ValueError, KeyError, TypeError):
            faults.append(f"{name}: the link cannot be read")
        previous, links = hashlib.sha256(data).hexdigest(), links + 1
    return Verified(links, rows, tuple(faults), previous)


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
