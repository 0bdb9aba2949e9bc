"""Turns planned changes into exact requests: bodies in the outbox, and the rows behind them."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audiences import schemas
from audiences.delivery import outbox
from audiences.delivery.cuts import FIELD, ROW, Cut, cuts
from audiences.delivery.outbox import Planned
from audiences.delivery.pool import Put, putting
from audiences.lake.lake import Lake
from audiences.platforms.base import Course, Op, Part, Platform, Request
from shared.errors import ConfigurationError

ROWS = pa.schema(
    [
        ("request", pa.string()),
        ("place", pa.int32()),
        ("op", pa.string()),
        ("unit", schemas.KEY),
        ("row", schemas.KEY),
        ("member", schemas.KEY),
        ("keys", schemas.KEYS),
        ("consent", pa.string()),
        ("forgets_at", schemas.AT),
        ("attributes", schemas.KEY),  # their digest
        ("along", pa.string()),  # the wire names of the attributes, parted by spaces
    ]
)
_HANDLE = re.compile(r"\{handle:([a-z]+-[0-9]{5})\}")


def rows_key(run: str) -> str:
    """Name the file that says which row stands where in which request."""
    return f"outbox/{run}/rows.parquet"


def write_requests(
    lake: Lake, run: str, platform: Platform, course: Course, batches: Iterable[pa.RecordBatch]
) -> tuple[Planned, ...]:
    """Write every request's body and the rows file; return the requests in order.

    `batches` come in the order of `match.diff.ordered_sql`: removals, then additions. Of a course
    that replaces the whole, additions come first, and removals are said by them: they stand behind
    the last request, at places below zero.
    """
    folder = Path(tempfile.mkdtemp(prefix="outbox-", dir=lake.scratch))
    try:
        path = folder / "rows.parquet"
        with (
            pq.ParquetWriter(path, ROWS, compression="zstd") as writer,
            putting(lake.store) as put,
        ):
            made = _Writer(put, run, platform, course, writer)
            requests = made.write(batches)
        lake.store.upload(path, rows_key(run))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return requests


@dataclass(slots=True)
class _Writer:
    put: Put
    run: str
    platform: Platform
    course: Course
    rows: pq.ParquetWriter
    planned: list[Planned] = field(default_factory=list)
    implied: list[pa.Table] = field(default_factory=list)

    def write(self, batches: Iterable[pa.RecordBatch]) -> tuple[Planned, ...]:
        for cut in cuts(self.platform, self.course, self._said(batches)):
            self._keep_batch(cut)
        opened = self._around("open")
        closed = self._around("close")
        requests = [*opened, *self.planned, *closed]
        if self.implied:
            if not requests:
                raise ConfigurationError(
                    f"{self.platform.title} cannot replace an audience by nothing: use mirror"
                )
            requests[-1] = self._keep_implied(requests[-1])
        return tuple(requests)

    def _said(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Pass on what requests are made for, and keep what a replacement takes out unsaid."""
        for batch in batches:
            if self._replaces() and batch["op"][0].as_py() == Op.REMOVE:
                self.implied.append(pa.Table.from_batches([batch]))
            else:
                yield batch

    def _replaces(self) -> bool:
        return self.course.mode in ("replace", "rebuild")

    def _keep_batch(self, cut: Cut) -> None:
        batch = cut.batch
        request_id = f"{batch.op}-{batch.number:05d}"
        replacing = batch.op is Op.REPLACE
        alone = replacing and (batch.number == 0 or batch.last)
        op = Op.ADD if replacing else batch.op
        self.planned.append(
            replace(self._keep(request_id, op, cut.request), rows=len(batch.rows), alone=alone)
        )
        self._keep_rows(request_id, cut.table, range(cut.table.num_rows))

    def _around(self, op: str) -> list[Planned]:
        make = self.platform.opening if op == "open" else self.platform.closing
        if make is None or not (self.planned or self._replaces()):
            return []
        course = replace(self.course, parts=tuple(_part(planned) for planned in self.planned))
        return [
            replace(self._keep(f"{op}-{number:05d}", op, request), alone=True)
            for number, request in enumerate(make(course))
        ]

    def _keep(self, request_id: str, op: str, request: Request) -> Planned:
        self.put(outbox.body_key(self.run, request_id), request.body)
        # Only what stands around the batches may name handles: rows are other people's texts.
        texts = [request.path, "" if op in tuple(Op) else request.body.decode("utf-8", "replace")]
        return Planned(
            id=request_id,
            op=op,
            rows=0,
            method=request.method,
            path=request.path,
            content_type=request.content_type,
            headers=dict(request.headers),
            sha256=hashlib.sha256(request.body).hexdigest(),
            bytes=len(request.body),
            host=request.host,
            uses=tuple(sorted({used for text in texts for used in _HANDLE.findall(text)})),
        )

    def _keep_implied(self, last: Planned) -> Planned:
        table = pa.concat_tables(self.implied)
        self._keep_rows(last.id, table, range(-table.num_rows, 0))
        return replace(last, implied=table.num_rows)

    def _keep_rows(self, request_id: str, table: pa.Table, places: Sequence[int]) -> None:
        names = pa.array([request_id] * table.num_rows, pa.string())
        named = table.append_column("request", names)
        placed = named.append_column("place", pa.array(places, pa.int32()))
        at = placed.column_names.index("along")
        placed = placed.set_column(at, "along", _names(placed["along"]))
        self.rows.write_table(placed.select(ROWS.names).cast(ROWS))


def _names(along: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the wire names of attributes without their values."""
    pattern = f"{FIELD}[^{ROW}]*{ROW}?"
    return pc.utf8_rtrim_whitespace(pc.replace_substring_regex(along, pattern, " "))


def _part(planned: Planned) -> Part:
    return Part(
        id=planned.id,
        op=Op(planned.op),
        rows=planned.rows,
        bytes=planned.bytes,
        sha256=planned.sha256,
        path=planned.path,
    )
