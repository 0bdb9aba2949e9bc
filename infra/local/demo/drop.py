"""Writes one delivery of files: profiles.csv, events.csv.gz and sightings.parquet."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from infra.local.demo.customers import HEADER

FILES = {"profiles": "profiles.csv", "events": "events.csv.gz", "sightings": "sightings.parquet"}
_PRICED = ("value", "currency", "quantity", "product_id", "category", "channel")
_IDENTIFIERS = ("external_id", "email", "phone", "cookie")
EVENTS = pa.schema(
    [(name, pa.string()) for name in ("event_id", "name", "at", *_IDENTIFIERS, *_PRICED)]
)
SIGHTINGS = pa.schema(
    [
        ("id_type", pa.string()),
        ("id", pa.string()),
        ("seen_at", pa.timestamp("us", tz="UTC")),
        ("source", pa.string()),
        ("party", pa.int8()),
        ("traits", pa.string()),
        ("country", pa.string()),
        ("browser", pa.string()),
        ("consent_string", pa.string()),
        ("link_type", pa.string()),
        ("link_value", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class DropWriter:
    """The three open files of a drop; rows go out as they come, none is held."""

    name: str
    _profiles: BinaryIO
    _lines: gzip.GzipFile  # the compressed stream below `_events`, for lines that no table can hold
    _events: Any
    _sightings: Any
    rows: Counter[str] = field(default_factory=Counter)

    def profiles(self, records: Sequence[Sequence[str]]) -> None:
        """Append records of customers."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(records)
        self._profiles.write(text.getvalue().encode("utf-8"))
        self.rows["profiles"] += len(records)

    def events(self, table: pa.Table) -> None:
        """Append events."""
        self._events.write_table(table.cast(EVENTS))
        self.rows["events"] += table.num_rows

    def sightings(self, table: pa.Table) -> None:
        """Append sightings."""
        self._sightings.write_table(table.cast(SIGHTINGS))
        self.rows["sightings"] += table.num_rows

    def broken(self, profiles: Sequence[bytes], events: Sequence[bytes]) -> None:
        """Append lines as they are, readable or not."""
        self._profiles.write(b"".join(line + b"\n" for line in profiles))
        self._lines.write(b"".join(line + b"\n" for line in events))
        self.rows["profiles"] += len(profiles)
        self.rows["events"] += len(events)


@contextmanager
def open_drop(folder: Path) -> Iterator[DropWriter]:
    """Open the files of a drop, and close them whole."""
    folder.mkdir(parents=True, exist_ok=True)
    unquoted = pa.csv.WriteOptions(quoting_style="none", quoting_header="none")
    with ExitStack() as stack:
        profiles = stack.enter_context((folder / FILES["profiles"]).open("wb"))
        profiles.write((",".join(HEADER) + "\n").encode("utf-8"))
        packed = stack.enter_context((folder / FILES["events"]).open("wb"))
        # No file name and no time in the header: the same seed is the same bytes.
        lines = stack.enter_context(
            gzip.GzipFile("", mode="wb", compresslevel=1, fileobj=packed, mtime=0)
        )
        events = stack.enter_context(pa.csv.CSVWriter(lines, EVENTS, write_options=unquoted))
        sightings = stack.enter_context(
            pq.ParquetWriter(folder / FILES["sightings"], SIGHTINGS, compression="zstd")
        )
        yield DropWriter(folder.name, profiles, lines, events, sightings)
