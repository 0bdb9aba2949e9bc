"""Input files, workspaces and readings of the lake, as the tests of flows make them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audiences.flows.ingest import Ingested, ingest_file
from audiences.flows.workspace import Workspace
from audiences.identifiers.digest import identifier_key
from audiences.lake import query, snapshot
from audiences.lake.layout import LOGS
from audiences.schemas import PEOPLE
from infra.local.commands import init
from infra.local.runtime import open_workspace
from shared.ports import Store, StoredFile

AS_OF = datetime(2026, 11, 21, 6, tzinfo=UTC)
SECRET = "0123456789abcdef" * 4
Row = Mapping[str, Any]


def new_workspace(
    folder: Path,
    *,
    as_of: datetime | None = AS_OF,
    country: str = "",
    toml: str = "",
    audiences: Mapping[str, str] | None = None,
    destinations: Mapping[str, str] | None = None,
) -> Workspace:
    """Open the workspace in a folder, made first; files that are given replace the examples."""
    if not (folder / "bridge.toml").exists():
        init.make_workspace(folder, secret=SECRET)
        settings = folder / "bridge.toml"
        text = settings.read_text(encoding="utf-8")
        if country:
            text = text.replace('# default_country = "VN"', f'default_country = "{country}"')
        settings.write_text(f"{text}\n{toml}", encoding="utf-8")
        for kind, files in (("audiences", audiences), ("destinations", destinations)):
            if files is not None:
                for old in (folder / kind).glob("*.yaml"):
                    old.unlink()
                for name, text in files.items():
                    (folder / kind / f"{name}.yaml").write_text(text, encoding="utf-8")
    return open_workspace(folder, as_of=as_of)


def with_store(workspace: Workspace, store: Store) -> Workspace:
    """Return the workspace with another store in front of the same files."""
    return replace(workspace, lake=replace(workspace.lake, store=store))


def write(path: Path, rows: Sequence[Row], header: Sequence[str] | None = None) -> Path:
    """Write rows in the format that the path's ending names: csv, jsonl, parquet, .gz, .zst."""
    names = list(header or dict.fromkeys(name for row in rows for name in row))
    kind = next(s for s in reversed(path.suffixes) if s not in (".gz", ".zst"))
    if kind == ".parquet":
        columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
        pq.write_table(pa.table(columns), path)
        return path
    text = _csv(rows, names) if kind == ".csv" else _jsonl(rows)
    path.write_bytes(packed(text.encode(), path.suffix))
    return path


def packed(data: bytes, suffix: str) -> bytes:
    """Compress as the suffix says."""
    match suffix:
        case ".gz":
            return gzip.compress(data, 1, mtime=0)
        case ".zst":
            return pa.Codec("zstd").compress(data, asbytes=True)
        case _:
            return data


def _csv(rows: Sequence[Row], names: Sequence[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([row.get(name) or "" for name in names] for row in rows)
    return out.getvalue()


def _jsonl(rows: Sequence[Row]) -> str:
    lines = (
        json.dumps({k: v for k, v in row.items() if v is not None}, ensure_ascii=False)
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines)


def ingest(
    workspace: Workspace, kind: str, rows: Sequence[Row], name: str = "x.csv", source: str = "crm"
) -> Ingested:
    """Write rows to a file and take it in."""
    path = workspace.lake.scratch / name
    return ingest_file(workspace, kind, write(path, rows), source)


# What differs between two ingests of the same content: when it came and in which file.
BY_FILE = frozenset({"ingest"})


def rows_of(
    workspace: Workspace, table: str, *, without: Iterable[str] = BY_FILE
) -> list[dict[str, Any]]:
    """Return all committed rows of a log in an order of their own."""
    names = [name for name in LOGS[table].schema.names if name not in set(without)]
    rows: list[dict[str, Any]] = workspace.lake.log(table).to_table(columns=names).to_pylist()
    return sorted(rows, key=repr)


def every_log(workspace: Workspace) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every log, without what differs from file to file."""
    return {table: rows_of(workspace, table) for table in LOGS}


def live(workspace: Workspace, view: str, sql: str) -> list[tuple[Any, ...]]:
    """Return the sorted rows of a query over one of the views of what is alive."""
    with query.connect(workspace.lake.scratch) as con:
        getattr(query, f"view_{view}")(con, workspace.lake, workspace.now())
        return sorted(con.execute(sql).fetchall())


def key_of(kind: str, value: str) -> bytes:
    """Return the key of a canonical value in a workspace made here."""
    return identifier_key(SECRET, kind, value)


def people(workspace: Workspace) -> dict[bytes, bytes]:
    """Return identifier key -> person of the newest snapshot."""
    found = snapshot.latest(workspace.lake, "people")
    table = snapshot.dataset(workspace.lake, found, PEOPLE).to_table()
    return {row["key"].bytes: row["person"].bytes for row in table.to_pylist()}


def stored(workspace: Workspace, prefix: str = "") -> list[str]:
    """Return the keys of all files in the lake's store."""
    return [file.key for file in workspace.lake.store.list(prefix)]


def _kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(slots=True)
class KillingStore:
    """A store that kills its own process, without a goodbye, when its changes are used up.

    Another `die` may raise instead, so that nothing after it happens.
    """

    store: Store
    left: int
    die: Callable[[], None] = _kill_this_process

    @property
    def url(self) -> str:
        """The address of the store behind."""
        return self.store.url

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        """Write a file, or die."""
        self._count()
        return self.store.put(key, data, if_absent=if_absent)

    def upload(self, path: Path, key: str, *, if_absent: bool = False) -> bool:
        """Move a file, or die."""
        self._count()
        return self.store.upload(path, key, if_absent=if_absent)

    def get(self, key: str) -> bytes | None:
        """Read a file."""
        return self.store.get(key)

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """List files."""
        return self.store.list(prefix)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove files one by one, or die between two of them."""
        for key in keys:
            self._count()
            self.store.delete([key])

    def _count(self) -> None:
        if self.left == 0:
            self.die()
        self.left -= 1
