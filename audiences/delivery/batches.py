"""Turns planned changes into exact requests: bodies in the outbox, and the rows behind them."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from audiences import schemas
from audiences.consent import read_consent
from audiences.delivery import outbox
from audiences.delivery.outbox import Planned
from audiences.lake.lake import Lake
from audiences.platforms.base import Batch, Consent, Op, Platform, Row, Target

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
    ]
)
FIELD, ROW = "\x1f", "\x1e"


def rows_key(run: str) -> str:
    """Name the file that says which row stands where in which request."""
    return f"outbox/{run}/rows.parquet"


def write_requests(
    lake: Lake,
    run: str,
    platform: Platform,
    target: Target,
    starts: datetime,
    batches: Iterable[pa.RecordBatch],
) -> tuple[Planned, ...]:
    """Write every request's body and the rows file; return the requests in order.

    `batches` come in the order of op, batch and place (`match.diff.batched_sql`); a request is
    complete when the next begins.
    """
    planned: list[Planned] = []
    folder = Path(tempfile.mkdtemp(prefix="outbox-", dir=lake.scratch))
    try:
        path = folder / "rows.parquet"
        with pq.ParquetWriter(path, ROWS, compression="zstd") as writer:
            for op, number, table in _requests(batches):
                request_id = f"{op}-{number:05d}"
                rows = _rows(platform, op, starts, table)
                planned.append(_request(lake, run, platform, target, request_id, op, rows))
                writer.write_table(_behind(request_id, table))
        lake.store.upload(path, rows_key(run))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tuple(planned)


def _requests(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, int, pa.Table]]:
    """Regroup rows so that each table holds one request's rows."""
    current: tuple[str, int] | None = None
    parts: list[pa.Table] = []
    for batch in batches:
        table = pa.Table.from_batches([batch])
        for at, part in _runs(table):
            if current is not None and at != current:
                yield *current, pa.concat_tables(parts)
                parts = []
            current = at
            parts.append(part)
    if current is not None:
        yield *current, pa.concat_tables(parts)


def _runs(table: pa.Table) -> Iterator[tuple[tuple[str, int], pa.Table]]:
    ops, numbers = table["op"].to_pylist(), table["batch"].to_pylist()
    start = 0
    for end in range(1, table.num_rows + 1):
        at = (ops[start], numbers[start])
        if end == table.num_rows or (ops[end], numbers[end]) != at:
            yield at, table.slice(start, end - start)
            start = end


def _rows(platform: Platform, op: str, starts: datetime, table: pa.Table) -> list[Row]:
    wired = table["wired"].to_pylist()
    keys = [tuple(_pair(text) for text in row.split(ROW)) for row in wired]
    if op == Op.REMOVE:
        return [Row(k, ttl_minutes=0 if platform.row_ttl else None) for k in keys]
    consents = [_consent(text) for text in table["consent"].to_pylist()]
    if not platform.row_ttl:
        return [Row(k, c) for k, c in zip(keys, consents, strict=True)]
    ends = table["forgets_at"].to_pylist()
    return [
        Row(k, c, int((end - starts).total_seconds() // 60))
        for k, c, end in zip(keys, consents, ends, strict=True)
    ]


def _pair(text: str) -> tuple[str, str]:
    wire, _, value = text.partition(FIELD)
    return wire, value


_KNOWN: dict[str, Consent] = {}  # a handful of texts stand on millions of rows


def _consent(text: str) -> Consent:
    if text not in _KNOWN:
        _KNOWN[text] = Consent(**read_consent(text))
    return _KNOWN[text]


def _request(
    lake: Lake,
    run: str,
    platform: Platform,
    target: Target,
    request_id: str,
    op: str,
    rows: list[Row],
) -> Planned:
    request = platform.request(Batch(op=Op(op), target=target, rows=rows))
    outbox.write_body(lake.store, run, request_id, request.body)
    return Planned(
        id=request_id,
        op=op,
        rows=len(rows),
        method=request.method,
        path=request.path,
        content_type=request.content_type,
        headers=dict(request.headers),
        sha256=hashlib.sha256(request.body).hexdigest(),
        bytes=len(request.body),
    )


def _behind(request_id: str, table: pa.Table) -> pa.Table:
    named = table.append_column("request", pa.array([request_id] * table.num_rows, pa.string()))
    return named.select(ROWS.names).cast(ROWS)
