"""Inspect: read a list of hashed identifiers once and say what is wrong with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection as Connection

from audiences.flows.bench import Progress, silent
from audiences.identifiers.columns import canonical_column
from audiences.ingest.raw import shown
from audiences.inspect import cells, pairs, repeats
from audiences.inspect.columns import Column, choose, declared
from audiences.inspect.findings import Finding, Looked, finding, look
from audiences.inspect.lists import Batch, Listing, open_list, texts_of
from audiences.inspect.tally import Count, Tally
from audiences.lake.query import connect
from shared.errors import ConfigurationError, DataError, Fault

TYPES = ("email_sha256", "phone_sha256", "maid_sha256", "hash", "email", "phone", "maid")
MEMORY = "512MB"
_SAMPLE = 20_000  # rows that decide which columns are looked at
_COUNTRY = ("country", "country_code", "cc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the user has said of a list."""

    column: str = ""  # by name, or by number from 1
    type: str = ""
    country: str = ""  # of phone numbers that don't say theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found in one list."""

    file: str
    rows: int
    counts: str  # line | row: what the numbers of a finding's `lines` count
    assumed: tuple[str, ...]
    columns: tuple[Looked, ...]
    ignored: tuple[str, ...]  # columns without ids
    findings: tuple[Finding, ...]  # of the file as a whole

    @property
    def every(self) -> Iterator[Finding]:
        """All findings, those of the file first."""
        yield from self.findings
        for column in self.columns:
            yield from column.findings

    @property
    def verdict(self) -> str:
        """`loses` when rows cannot match, else `risk` or `clean`."""
        found = {one.severity.value for one in self.every}
        return next((word for word in ("loses", "risk") if word in found), "clean")

    def as_json(self) -> dict[str, Any]:
        """Return the answer with the keys of docs/inspect.md."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {
            "assumed": [*self.assumed],
            "columns": [column.as_json() for column in self.columns],
            "ignored": [*self.ignored],
            "findings": [one.as_json() for one in self.findings],
            "verdict": self.verdict,
        }


def inspect_file(
    path: Path, asked: Asked = Asked(), *, memory: str = MEMORY, progress: Progress = silent
) -> Inspection:
    """Inspect a CSV, TXT or Parquet file; memory stays flat however long it is.

    Raises:
        ConfigurationError: for a column that is not there or a type that is not known.
        DataError: when the file cannot be read, or has no column of ids.
    """
    try:
        listing = open_list(path)
        with (
            tempfile.TemporaryDirectory(prefix="bridge-inspect-") as scratch,
            connect(Path(scratch), memory) as con,
        ):
            cells.prepare(con)
            repeats.prepare(con)
            work = _Work(con, listing, asked, _chosen(con, path, listing, asked))
            for batch in listing.batches(work.places):
                work.add(batch)
                progress(f"inspect {path.name}", work.rows)
            return work.done(path)
    except (pa.ArrowInvalid, OSError, EOFError) as error:
        raise DataError(f"{path.name}: {_plain(error)}") from error


def _plain(error: BaseException) -> str:
    text = str(error).split("\n")[0]
    if "Truncated" in text or "zlib" in text or "ZSTD" in text or "end of" in text.lower():
        return "the compressed file is damaged or cut short (copy it again)"
    if "arquet" in text:
        return "this is not a complete Parquet file (write it again)"
    if isinstance(error, PermissionError):
        return "it may not be read by you"
    # Arrow's messages may quote a cell, so only the kind of trouble is passed on.
    return f"the file cannot be read ({type(error).__name__}; is it whole?)"


def _chosen(con: Connection, path: Path, listing: Listing, asked: Asked) -> list[Column]:
    """Decide from the names and the first rows which columns are looked at."""
    if asked.type and asked.type not in TYPES:
        what = f"there is no type '{asked.type}'"
        raise ConfigurationError(Fault("--type", what, f"use {', '.join(TYPES)}"))
    places = [_named(listing, asked.column)] if asked.column else [*range(len(listing.names))]
    if asked.type and len(places) == 1:
        return [declared(places[0], shown(listing.names[places[0]]), asked.type)]
    sample = next(listing.batches(places), Batch(pa.array([], pa.int64()), []))
    if not len(sample.lines) and not sample.broken:
        raise DataError(f"{path.name}: there is no row in it, only a header")
    found: list[Column] = []
    for place, cell in zip(places, sample.columns, strict=False):
        kinds = _kinds(con, sample.lines[:_SAMPLE], cell[:_SAMPLE])
        name = shown(listing.names[place])
        column = choose(place, name, kinds, alone=len(listing.names) == 1)
        if column is None and asked.column:
            column = declared(place, name, "hash")
        if column is not None:
            found.append(declared(place, name, asked.type) if asked.type else column)
    if not found:
        fix = "name it with --column, and say with --type what it should hold"
        raise DataError(f"{path.name}: no column of it holds hashes or ids ({fix})")
    return found


def _named(listing: Listing, wanted: str) -> int:
    names = [name.lower() for name in listing.names]
    if wanted.lower() in names:
        return names.index(wanted.lower())
    if wanted.isdigit() and 0 < int(wanted) <= len(names):
        return int(wanted) - 1
    known = ", ".join(shown(name) for name in listing.names[:20])
    raise ConfigurationError(
        Fault("--column", "there is no such column", f"use one of {known}, or its number")
    )


def _kinds(con: Connection, lines: pa.Array, cell: pa.Array) -> Mapping[str, int]:
    texts, bad = texts_of(cell)
    tally = Tally()
    cells.read_column(con, "sample", pa.table({"line": lines, "text": texts, "bad": bad}))
    tally.add(con, "sample")
    return dict(tally.by_kind())


@dataclass(slots=True)
class _Work:
    """One inspection, growing as batches pass."""

    con: Connection
    listing: Listing
    asked: Asked
    columns: Sequence[Column]
    rows: int = 0
    broken: Count = field(default_factory=Count)
    tallies: dict[int, Tally] = field(default_factory=dict)

    @property
    def places(self) -> list[int]:
        """The columns that are read: those looked at, and the country of phones."""
        names = enumerate(name.lower() for name in self.listing.names)
        countries = [place for place, name in names if name in _COUNTRY][:1]
        return list(dict.fromkeys([*(column.place for column in self.columns), *countries]))

    def add(self, batch: Batch) -> None:
        """Count a batch's cells."""
        self.rows += len(batch.lines) + len(batch.broken)
        self.broken += Count(len(batch.broken), tuple(batch.broken))
        if not len(batch.lines):
            return
        texts = {
            place: texts_of(column)
            for place, column in zip(self.places, batch.columns, strict=True)
        }
        for column in self.columns:
            text, bad = texts[column.place]
            given = pa.table({"line": batch.lines, "text": text, "bad": bad})
            cells.read_column(self.con, f"cells_{column.place}", given)
        countries = self._countries(texts, len(batch.lines))
        raw = [column for column in self.columns if not column.hashed]
        for column in raw:
            self._beside(column, batch.lines, texts[column.place][0], countries)
        for column in self.columns:
            made = f"cells_{column.place}"
            repeats.remember(self.con, made, column.place, digests=column.hashed)
            self.tallies.setdefault(column.place, Tally()).add(self.con, made)

    def _countries(self, texts: Mapping[int, tuple[pa.Array, pa.Array]], rows: int) -> pa.Array:
        given = pa.array([self.asked.country or None] * rows, pa.string())
        named = [p for p in texts if self.listing.names[p].lower() in _COUNTRY]
        return pc.coalesce(texts[named[0]][0], given) if named else given

    def _beside(
        self, column: Column, lines: pa.Array, texts: pa.Array, countries: pa.Array
    ) -> None:
        """Judge raw values, and the hashes that stand beside them."""
        _, reasons = canonical_column(column.type, texts, countries)
        self.con.register("reasons_given", pa.table({"line": lines, "reason": reasons}))
        self.con.execute(
            f"UPDATE cells_{column.place} AS cells SET reason = given.reason "
            "FROM reasons_given AS given WHERE cells.line = given.line "
            "AND given.reason IS NOT NULL AND cells.kind <> 'several'"
        )
        if column.type not in pairs.TYPES:
            return
        for other in self.columns:
            if other.hashed and other.type in ("", column.type):
                pairs.read_pair(
                    self.con, f"cells_{other.place}", column.type, lines, texts, countries
                )

    def done(self, path: Path) -> Inspection:
        """Say what was found."""
        looked = {column.place for column in self.columns}
        names = enumerate(self.listing.names)
        return Inspection(
            file=path.name,
            rows=self.rows,
            counts=self.listing.counts,
            assumed=self.listing.assumed,
            columns=tuple(self._look(column) for column in self.columns),
            ignored=tuple(shown(name) for place, name in names if place not in looked),
            findings=tuple(self._of_file()),
        )

    def _look(self, column: Column) -> Looked:
        return look(
            column,
            self.tallies.get(column.place, Tally()),
            repeats.repeated(self.con, column.place),
            repeats.hashed_twice(self.con, column.place) if column.hashed else Count(),
        )

    def _of_file(self) -> Iterator[Finding]:
        if self.listing.bom:
            what = "the first column's name" if self.listing.header else "the first value"
            yield finding("bom", Count(1, (1,)), more=what)
        if self.broken.rows:
            yield finding("wrong_number_of_cells", self.broken)
