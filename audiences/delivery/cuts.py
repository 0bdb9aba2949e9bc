"""Cuts ordered rows into batches: as few as a platform's limits of rows and bytes allow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pyarrow as pa

from audiences.consent.policy import read_consent
from audiences.delivery.parquet import written
from audiences.platforms.base import Batch, Consent, Course, Op, Platform, Request, Row
from shared.errors import ConfigurationError

FIELD, ROW = "\x1f", "\x1e"


@dataclass(frozen=True, slots=True)
class Cut:
    """One batch, its request, and the table of its rows."""

    batch: Batch
    request: Request
    table: pa.Table


def cuts(platform: Platform, course: Course, batches: Iterable[pa.RecordBatch]) -> Iterator[Cut]:
    """Yield batches in order; `number` counts within an op, and the last one of an op knows it.

    Raises:
        ConfigurationError: when a single row is larger than a body may be.
    """
    number, waiting = 0, None
    for op, table in _cut(platform, course, batches):
        if waiting is not None:
            number = number + 1 if waiting.batch.op is op else 0
            yield _ended(platform, waiting) if waiting.batch.op is not op else waiting
        batch = replace(_batch(platform, course, op, table), number=number, last=False)
        waiting = Cut(batch, _made(platform, batch), table)
    if waiting is not None:
        yield _ended(platform, waiting)


def _made(platform: Platform, batch: Batch) -> Request:
    return written(platform.request(batch))


def _ended(platform: Platform, cut: Cut) -> Cut:
    batch = replace(cut.batch, last=True)
    # Only a replacement says in its bytes that it is over; the others are not made twice.
    request = _made(platform, batch) if batch.op is Op.REPLACE else cut.request
    return replace(cut, batch=batch, request=request)


def _cut(
    platform: Platform, course: Course, batches: Iterable[pa.RecordBatch]
) -> Iterator[tuple[Op, pa.Table]]:
    """Yield tables of one op and one part each, within the limits."""
    current: tuple[str, str] | None = None
    held: pa.Table | None = None
    for at, table in _runs(batches):
        if held is not None and at != current:
            yield from _all(platform, course, _op(course, current), held)
            held = None
        current = at
        held = table if held is None else pa.concat_tables([held, table])
        while held.num_rows > platform.limits.rows:
            fits = _fitting(platform, course, _op(course, current), held)
            yield _op(course, current), held.slice(0, fits)
            held = held.slice(fits)
    if held is not None:
        yield from _all(platform, course, _op(course, current), held)


def _op(course: Course, current: tuple[str, str] | None) -> Op:
    op = Op(current[0]) if current else Op.ADD
    return Op.REPLACE if op is Op.ADD and course.mode == "replace" else op


def _all(
    platform: Platform, course: Course, op: Op, table: pa.Table
) -> Iterator[tuple[Op, pa.Table]]:
    while table.num_rows:
        fits = _fitting(platform, course, op, table)
        yield op, table.slice(0, fits)
        table = table.slice(fits)


def _fitting(platform: Platform, course: Course, op: Op, table: pa.Table) -> int:
    """Return how many of the first rows fit into one request."""
    count, most = min(int(table.num_rows), platform.limits.rows), platform.limits.bytes
    while most is not None:
        batch = _batch(platform, course, op, table.slice(0, count))
        size = len(_made(platform, batch).body)
        if size <= most:
            break
        if count == 1:
            raise ConfigurationError(
                f"a single row for {platform.title} makes {size:,} bytes, and a body may have "
                f"{most:,}: raise bytes_per_request, or send fewer identifiers"
            )
        count = max(1, min(count - 1, count * most // size))
    return count


def _runs(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[tuple[str, str], pa.Table]]:
    for batch in batches:
        table = pa.Table.from_batches([batch])
        ops, parts = table["op"].to_pylist(), table["part"].to_pylist()
        start = 0
        for end in range(1, table.num_rows + 1):
            at = (ops[start], parts[start])
            if end == table.num_rows or (ops[end], parts[end]) != at:
                yield at, table.slice(start, end - start)
                start = end


def _batch(platform: Platform, course: Course, op: Op, table: pa.Table) -> Batch:
    return Batch(
        op=op,
        target=course.target,
        rows=_rows(platform, course, op, table),
        at=course.at,
        starts=course.starts,
    )


def _rows(platform: Platform, course: Course, op: Op, table: pa.Table) -> list[Row]:
    wired = table["wired"].to_pylist()
    keys = [_pairs(text) for text in wired]
    if op is Op.REMOVE:
        return [Row(k, ttl_minutes=0 if platform.row_ttl else None) for k in keys]
    consents = [_consent(text) for text in table["consent"].to_pylist()]
    if not platform.row_ttl:
        along = [_pairs(text) if text else () for text in table["along"].to_pylist()]
        return [Row(k, c, attributes=a) for k, c, a in zip(keys, consents, along, strict=True)]
    ends = table["forgets_at"].to_pylist()
    return [
        Row(k, c, int((end - course.starts).total_seconds() // 60))
        for k, c, end in zip(keys, consents, ends, strict=True)
    ]


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(_pair(part) for part in text.split(ROW))


def _pair(text: str) -> tuple[str, str]:
    wire, _, value = text.partition(FIELD)
    return wire, value


_KNOWN: dict[str, Consent] = {}  # a handful of texts stand on millions of rows


def _consent(text: str) -> Consent:
    if text not in _KNOWN:
        _KNOWN[text] = Consent(**read_consent(text))
    return _KNOWN[text]
