"""Opens the lake: the store for whole files, and pyarrow's file system for reading Parquet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from audiences.lake.layout import COMMITS, COMPACTIONS, LOGS, OPERATORS_SAID, partition_of
from shared.errors import ConfigurationError, IntegrityError
from shared.ports import Store

# Every page has a checksum, which is verified when it is read.
PARQUET: Mapping[str, Any] = {"compression": "zstd", "write_page_checksum": True}
_CHECKED = ds.ParquetFileFormat(
    default_fragment_scan_options=ds.ParquetFragmentScanOptions(page_checksum_verification=True)
)
RESTORE = "restore it from a copy, or from an earlier version of the bucket"


@dataclass(frozen=True, slots=True)
class Lake:
    """Tables below one root; `scratch` is a local folder for files that are being written."""

    store: Store
    files: fs.FileSystem
    scratch: Path
    only: frozenset[str] | None = None  # read as if there were no other commits than these
    lifetimes: Mapping[str, int] = field(default_factory=dict)  # days, shorter than when taken in
    _read: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict, repr=False)

    def committed(self) -> frozenset[str]:
        """Return the ids of all commits; a log's file counts when its commit is among them.

        Of a commit that a compaction took into another, the other stands here.
        """
        if self.only is not None:
            return self.only
        made = {
            found.key.removeprefix(COMMITS).removesuffix(".json")
            for found in self.store.list(COMMITS)
        }
        for commit, replaced in self.compactions():
            made = (made - replaced) | {commit}
        return frozenset(made)

    def records(self) -> list[str]:
        """Return the commits that brought records in, sorted; answers of operators bring none."""
        return sorted(one for one in self.committed() if not one.startswith(OPERATORS_SAID))

    def compactions(self) -> list[tuple[str, frozenset[str]]]:
        """Return each compaction's commit with those whose place it took, oldest first."""
        for found in self.store.list(COMPACTIONS):
            if found.key not in self._read:  # it is never written anew
                value = self.read_json(found.key) or {}
                self._read[found.key] = str(value["id"]), frozenset(value["replaces"])
        return [self._read[key] for key in sorted(self._read)]

    def since(self, known: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Return the commits that came after some known ones, and those of them that are gone.

        A compaction of known commits is nothing new, and they are not gone.
        """
        seen, replaced = set(known), set[str]()
        for commit, taken in self.compactions():
            replaced |= taken
            if taken <= seen:
                seen.add(commit)
        committed = self.committed()
        return committed - seen, frozenset(known) - committed - replaced

    def log_files(
        self, table: str, keep: Callable[[str], bool] = lambda _: True
    ) -> Iterator[tuple[str, str]]:
        """Yield (key, partition value) of a log's committed files whose partition `keep` takes."""
        commits = self.committed()
        for found in self.store.list(f"{table}/"):
            parts = partition_of(found.key)
            if parts and parts[1] in commits and keep(parts[0]):
                yield found.key, parts[0]

    def log(self, table: str, keep: Callable[[str], bool] = lambda _: True) -> ds.Dataset:
        """Open a log as one dataset with the table's own schema, also when it has no file yet."""
        return self.dataset([key for key, _ in self.log_files(table, keep)], LOGS[table].schema)

    def dataset(self, keys: list[str], schema: pa.Schema) -> ds.Dataset:
        """Open Parquet files as one dataset; a column that an older file lacks reads as null."""
        if not keys:
            return ds.dataset(schema.empty_table())
        try:
            return ds.dataset(keys, schema=schema, filesystem=self.files, format=_CHECKED)
        except FileNotFoundError as error:
            raise IntegrityError(f"a file of the lake is gone: {error}") from error

    def read_json(self, key: str) -> dict[str, Any] | None:
        """Return a JSON file's object, or None when there is no such file."""
        data = self.store.get(key)
        try:
            return None if data is None else json.loads(data)
        except ValueError as error:
            raise IntegrityError(f"{key} is damaged: {RESTORE}") from error

    def write_json(self, key: str, value: Mapping[str, Any], *, if_absent: bool = False) -> bool:
        """Write an object as JSON with sorted keys; see `Store.put` for `if_absent`."""
        data = json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1).encode()
        return self.store.put(key, data, if_absent=if_absent)


def open_lake(
    store: Store,
    scratch: Path,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    lifetimes: Mapping[str, int] | None = None,
) -> Lake:
    """Open the lake on a store whose URL is `file://…` or `s3://bucket/prefix`.

    Its readers end device ids by `lifetimes`, days by type, where these are over before.

    Raises:
        ConfigurationError: for any other URL.
    """
    scheme, _, rest = store.url.partition("://")
    if scheme == "file":
        base: fs.FileSystem = fs.LocalFileSystem()
        rest = unquote(rest)
    elif scheme == "s3":
        base = fs.S3FileSystem(endpoint_override=endpoint, region=region)
    else:
        raise ConfigurationError(f"the lake's address {store.url!r} is neither file:// nor s3://")
    scratch.mkdir(parents=True, exist_ok=True)
    files = fs.SubTreeFileSystem(rest.rstrip("/"), base)
    return Lake(store, files, scratch, lifetimes=dict(lifetimes or {}))
