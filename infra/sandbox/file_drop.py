"""The stand-in of a receiver of files: CSV by name, a manifest, and `.done` when all is there."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
from dataclasses import dataclass

import pyarrow.parquet as pq

from infra.sandbox.call import Call, RefusedError, Reply, StandIn, is_sha256
from infra.sandbox.state import Audience, State

PART = re.compile(
    r"([a-z0-9_-]+)_(add|remove|full)_[0-9]{8}T[0-9]{6}Z_[0-9]{5}\.(csv|csv\.gz|parquet)"
)
END = re.compile(r"([a-z0-9_-]+_[0-9]{8}T[0-9]{6}Z)\.(manifest\.json|done)")


@dataclass(frozen=True, slots=True)
class Stored:
    """One file as it arrived, and the people that its rows stand for."""

    body: bytes
    rows: tuple[tuple[str, ...], ...] = ()


def handle(call: Call, state: State) -> Reply:
    """Answer as a web server that takes files does, and read what has come."""
    if not state.knows(call.bearer):
        raise _refused(401, "unauthorized")
    if call.method == "HEAD":
        return Reply(status=200, body=None)
    if call.method != "PUT":
        raise _refused(405, "method not allowed")
    name = call.path.rpartition("/")[2]
    if part := PART.fullmatch(name):
        _take(state, name, part, call.body)
    elif end := END.fullmatch(name):
        _end(state, name, end, call.body)
    else:
        raise _refused(400, "no such name of a file")
    return Reply(status=201, body=None)


def _refused(status: int, why: str) -> RefusedError:
    return RefusedError(Reply(status=status, body=why))


def _take(state: State, name: str, part: re.Match[str], body: bytes) -> None:
    audience, word, format_ = part[1], part[2], part[3]
    try:
        lines = _parquet(body) if format_ == "parquet" else _csv(body, packed=format_ != "csv")
    except (OSError, EOFError, ValueError):
        raise _refused(400, "the file cannot be read") from None
    rows = _rows(lines, "remove" if word == "remove" else "add")
    state.jobs[f"file_drop {name}"] = Stored(body, rows)
    if word == "full":
        return
    held = _audience(state, audience)
    held.remove(rows) if word == "remove" else held.add(rows)


def _audience(state: State, name: str) -> Audience:
    made = Audience(id=name, name=name, account="")
    return state.platforms["file_drop"].setdefault(name, made)


def _csv(body: bytes, *, packed: bool) -> list[list[str]]:
    text = (gzip.decompress(body) if packed else body).decode()
    return list(csv.reader(io.StringIO(text)))


def _parquet(body: bytes) -> list[list[str]]:
    table = pq.read_table(io.BytesIO(body))
    if any(column.type != "string" for column in table.schema):
        raise _refused(400, "every column must be a string")
    rows = [[cell or "" for cell in row.values()] for row in table.to_pylist()]
    return [table.column_names, *rows]


def _rows(lines: list[list[str]], action: str) -> tuple[tuple[str, ...], ...]:
    """Read who is meant; a row that says something else than its header is passed over."""
    header = lines[0] if lines else []
    if header[:1] != ["action"] or len(header) < 2 or len(set(header)) != len(header):
        raise _refused(400, "the first line must be a header that begins with action")
    hashed = [place for place, column in enumerate(header) if column.endswith("_sha256")]
    return tuple(
        tuple(cell for cell in cells[1:] if cell)
        for cells in lines[1:]
        if len(cells) == len(header)
        and cells[0] == action
        and any(cells[1:])
        and all(not cells[place] or is_sha256(cells[place]) for place in hashed)
    )


def _end(state: State, name: str, end: re.Match[str], body: bytes) -> None:
    if end[2] == "done":
        _finish(state, end[1], body)
    else:
        state.jobs[f"file_drop {name}"] = Stored(body)


def _finish(state: State, stem: str, body: bytes) -> None:
    """Compare what is here with the manifest; a full set takes the place of what was before."""
    manifest = state.jobs.get(f"file_drop {stem}.manifest.json")
    if manifest is None or hashlib.sha256(manifest.body).hexdigest().encode() != body.strip():
        raise _refused(409, "the manifest is not the one that is done")
    told = json.loads(manifest.body)
    files = [state.jobs.get(f"file_drop {file['name']}") for file in told["files"]]
    for file, stored in zip(told["files"], files, strict=True):
        if stored is None or hashlib.sha256(stored.body).hexdigest() != file["sha256"]:
            raise _refused(409, "a file of the manifest is not there, or not whole")
    if told["mode"] == "replace":
        rows = [row for stored in files if stored for row in stored.rows]
        _audience(state, told["audience"]).replace(rows)


FILE_DROP = StandIn(
    slug="file_drop",
    handle=handle,
    throttled=lambda wait: Reply(
        status=429, body="slow down", headers={"retry-after": str(round(wait))}
    ),
    broken=lambda: Reply(status=500, body="internal error"),
    expired=lambda: Reply(status=401, body="unauthorized"),
)
