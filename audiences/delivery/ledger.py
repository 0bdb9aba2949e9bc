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
    # The file comes before its link: only where it is there can the run have been here before.
    if any(found.key == key for found in lake.store.list(key)):
        own = _own(lake, key)
        if own is not None:
            return own
    lake.store.upload(path, key)
    while True:
        number, previous = _head(lake)
        link = {"number": number, "previous": previous, "file": key, "sha256": digest}
        link |= {"rows": rows, "run": run, "at": at}
        if lake.write_json(f"{CHAIN}{number:012d}.json", link, if_absent=True):
            return number


def _own(lake: Lake, key: str) -> int | None:
    """Return the number of the link that names a file; the newest are looked at first."""
    for name in reversed([found.key for found in lake.store.list(CHAIN)]):
        link = lake.read_json(name)
        if link is not None and link["file"] == key:
            return int(link["number"])
    return None


def _head(lake: Lake) -> tuple[int, str]:
    """Return the next number and the hash that it must name."""
    last = max((found.key for found in lake.store.list(CHAIN)), default="")
    if not last:
        return 0, START
    return _number(last) + 1, hashlib.sha256(lake.store.get(last) or b"").hexdigest()


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
