"""Ingest one file: all of it becomes visible at once, or nothing does; twice is once."""

from __future__ import annotations

import difflib
import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences.flows.kept import write_kept
from audiences.flows.workspace import Workspace
from audiences.identifiers.catalog import id_type
from audiences.ingest import events, profiles, rejects, sightings
from audiences.ingest.batch import Ingest, Result
from audiences.ingest.parse import ENDINGS, format_of, read
from audiences.ingest.raw import RawBatch, shown
from audiences.ingest.rejects import Tally
from audiences.lake.append import Commit, commit
from audiences.lake.layout import COMMITS
from audiences.lake.query import connect
from shared.clock import day, iso
from shared.errors import ConfigurationError, DataError
from shared.redact import scrub, shape

KINDS: dict[str, ModuleType] = {"profiles": profiles, "events": events, "sightings": sightings}
_SOURCE = re.compile(r"^[a-z0-9][a-z0-9_-]{0,62}$")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one file."""

    file: str
    commit: str
    rows_in: int
    kept: int
    rejected: int
    dropped_by_consent: int
    reasons: dict[str, int]
    field_reasons: dict[str, int]
    already: bool  # the same file had come before: nothing changed

    def as_json(self) -> dict[str, Any]:
        """Return the counts with stable names."""
        return {name: getattr(self, name) for name in self.__slots__}


def ingest_file(workspace: Workspace, kind: str, path: Path, source: str) -> Ingested:
    """Read one file of profiles, events or sightings into the lake.

    Raises:
        ConfigurationError: for an unknown kind or a bad source name.
        DataError: when the file as a whole cannot be read; nothing of it is kept.
    """
    _check(kind, source)
    format_of(path)
    digest = _digest(path)
    commit_id = hashlib.sha256(f"{kind}|{source}|{digest}".encode()).hexdigest()[:32]
    with workspace.lock(f"ingest-{commit_id}"):
        before = workspace.lake.read_json(f"{COMMITS}{commit_id}.json")
        if before is not None:
            return _ingested(path, before, already=True)
        about = _keep(workspace, kind, source, path, digest, commit_id)
    return _ingested(path, about, already=False)


def _keep(
    workspace: Workspace, kind: str, source: str, path: Path, digest: str, commit_id: str
) -> dict[str, Any]:
    now = workspace.now()
    # Of two files at one instant the later one is newer. Compaction removes no manifest.
    turn = sum(1 for _ in workspace.lake.store.list(COMMITS))
    settings = Ingest(
        source=source,
        secret=workspace.secret,
        as_of=now,
        order=f"{now:%Y%m%dT%H%M%S%f}-{turn:08d}-{commit_id[:12]}",
        default_country=workspace.settings.default_country,
        lifetimes=workspace.settings.lifetimes,
    )
    about = {"id": commit_id, "kind": kind, "source": source, "at": iso(now), "file": digest}
    about["name"] = scrub(path.name)  # by which its rejects are found again
    with (
        commit(workspace.lake, commit_id, about) as out,
        connect(workspace.lake.scratch, workspace.memory) as con,
    ):
        about |= _write(workspace, con, out, kind, path, settings)
        _land(workspace, kind, source, path, digest)
    return about


def _check(kind: str, source: str) -> None:
    if kind not in KINDS:
        raise ConfigurationError(f"there is no kind '{kind}' (use {', '.join(KINDS)})")
    if not _SOURCE.match(source):
        raise ConfigurationError(f"--source {source!r} must be a-z 0-9 _ - and start with a letter")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _land(workspace: Workspace, kind: str, source: str, path: Path, digest: str) -> None:
    """Keep the input as it came, under a name that says nothing of what is in it."""
    suffix = "".join(s.lower() for s in path.suffixes if s.lower() in ENDINGS)
    key = f"landing/source={source}/day={day(workspace.now())}/{kind}-{digest[:32]}{suffix}"
    if next(iter(workspace.lake.store.list(key)), None) is None:
        copy = workspace.lake.scratch / f"landing-{digest[:32]}"
        try:
            shutil.copyfile(path, copy)
            workspace.lake.store.upload(copy, key)
        finally:
            copy.unlink(missing_ok=True)


def _write(
    workspace: Workspace, con: Connection, out: Commit, kind: str, path: Path, settings: Ingest
) -> dict[str, Any]:
    tally, first = Tally(), True
    for batch in read(path):
        if first:
            _check_header(path, kind, batch)
            first = False
        result = _transform(con, kind, settings, batch)
        write_kept(out, settings.source, result)
        _count(tally, batch, result)
        aside = pa.concat_tables([result.rejects, rejects.broken_rows(batch.broken)])
        today = day(settings.as_of).isoformat()
        out.write(
            "rejects",
            today,
            rejects.table_of(aside, ingest=out.id, table=kind, source=settings.source),
        )
        rejects.count(tally, aside)
        workspace.progress(f"ingest {kind}", tally.rows_in)
    if not tally.rows_in:
        raise DataError(f"{path.name}: there is no row in it, only a header")
    return {
        "rows_in": tally.rows_in,
        "kept": tally.kept,
        "rejected": tally.rejected,
        "dropped_by_consent": 0,
        "reasons": dict(sorted(tally.reasons.items())),
        "field_reasons": dict(sorted(tally.field_reasons.items())),
    }


def _transform(con: Connection, kind: str, settings: Ingest, batch: RawBatch) -> Result:
    schema = pa.schema(
        [
            ("row", pa.int64()),
            ("scope", pa.string()),
            ("field", pa.string()),
            ("reason", pa.string()),
            ("raw", pa.string()),
        ]
    )
    if not batch.rows.num_rows:
        return Result([], 0, schema.empty_table())
    result: Result = KINDS[kind].transform(con, settings, batch.rows)
    # A row counts under its first reason, so the order must not be left to chance.
    order = [(name, "ascending") for name in ("row", "field", "reason")]
    return Result(result.kept, result.rows_kept, result.rejects.cast(schema).sort_by(order))


def _count(tally: Tally, batch: RawBatch, result: Result) -> None:
    tally.rows_in += batch.rows.num_rows + len(batch.broken)
    tally.kept += result.rows_kept


def _check_header(path: Path, kind: str, batch: RawBatch) -> None:
    needed, any_of = KINDS[kind].REQUIRED
    names = [name for name in batch.rows.column_names if name != "row"]
    missing = [name for name in needed if name not in names]
    has_any = (
        not any_of
        or any(name in names for name in any_of)
        or (kind == "events" and any(id_type(name) for name in names))
    )
    if not missing and has_any:
        return
    wanted = " and ".join(f"'{n}'" for n in missing) or f"of {', '.join(any_of)}"
    near = [m for n in missing or any_of for m in difflib.get_close_matches(n, names, 1, 0.75)]
    fix = f"; did you mean to call '{shown(near[0])}' that?" if near else ""
    for mark, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(names) == 1 and mark in names[0]:
            fix = f"; separate the columns with commas, not {word}"
    # A header without one known name may be a row of data.
    is_header = any(
        name in KINDS[kind].NATIVE or (kind == "events" and id_type(name)) for name in names
    )
    found = ", ".join(shown(name) if is_header else shape(name) for name in names[:12])
    raise DataError(f"{path.name}: the header has no column {wanted} (found: {found}){fix}")


def _ingested(path: Path, about: dict[str, Any], *, already: bool) -> Ingested:
    return Ingested(
        file=path.name,
        commit=about["id"],
        rows_in=about["rows_in"],
        kept=about["kept"],
        rejected=about["rejected"],
        dropped_by_consent=about["dropped_by_consent"],
        reasons=about["reasons"],
        field_reasons=about["field_reasons"],
        already=already,
    )
