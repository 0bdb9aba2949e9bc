"""Reads an input file as batches of text columns, whatever its format; broken rows come aside."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from audiences.ingest.raw import BATCH_BYTES, BATCH_ROWS, RawBatch
from audiences.ingest.read_csv import read_csv
from audiences.ingest.read_jsonl import read_jsonl
from audiences.ingest.read_parquet import read_parquet
from shared.errors import DataError

_FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
_CODECS = {".gz": "gzip", ".zst": "zstd"}
ENDINGS = frozenset({*_FORMATS, *_CODECS})


def read(path: Path) -> Iterator[RawBatch]:
    """Yield a file's rows in batches; memory stays flat however long the file is.

    Raises:
        DataError: when the file is missing, empty, truncated, of an unknown format, or has a
            header or column that cannot be read.
    """
    kind, codec = format_of(path)
    try:
        if kind == "parquet":
            yield from _merged(read_parquet(path))
        else:
            with pa.input_stream(str(path), compression=codec) as stream:
                yield from _merged(
                    read_csv(path, stream) if kind == "csv" else read_jsonl(path, stream)
                )
    except (pa.ArrowInvalid, OSError, EOFError) as error:
        raise DataError(f"{path.name}: {_plain(error)}; nothing of it was kept") from error


def format_of(path: Path) -> tuple[str, str | None]:
    """Return a file's format and compression, by its name.

    Raises:
        DataError: when it is missing, empty, no file, or has an unknown ending.
    """
    if path.is_dir():
        raise DataError(
            f"{path.name}: this is a folder (name the files in it, such as {path.name}/*)"
        )
    if not path.is_file():
        raise DataError(f"{path.name}: there is no such file")
    suffixes = [s.lower() for s in path.suffixes]
    codec = _CODECS.get(suffixes[-1]) if suffixes else None
    kind = _FORMATS.get((suffixes[:-1] if codec else suffixes)[-1:][0] if suffixes else "")
    if kind is None or (kind == "parquet" and codec):
        known = "csv, jsonl or parquet, csv and jsonl also with .gz or .zst"
        raise DataError(f"{path.name}: the file's ending is not known (use {known})")
    if path.stat().st_size == 0:
        raise DataError(f"{path.name}: the file is empty, without even a header")
    return kind, codec


def _plain(error: BaseException) -> str:
    text = str(error).split("\n")[0]
    if "Truncated" in text or "end of" in text.lower() or "zlib" in text or "ZSTD" in text:
        return "the compressed file is damaged or cut short (copy it again)"
    if "straddling" in text:
        return "a row is longer than 8 MB (is there a quote that is never closed?)"
    if "Parquet magic" in text or "parquet" in text.lower():
        return "this is not a complete Parquet file (write it again)"
    # Arrow's messages may quote a cell, so only the kind of trouble is passed on.
    return f"the file cannot be read ({type(error).__name__}; is it really in this format?)"


def _merged(batches: Iterator[RawBatch]) -> Iterator[RawBatch]:
    """Join small batches, as the work behind costs as much for a thousand rows, and cut large."""
    waiting: list[RawBatch] = []
    for batch in batches:
        waiting.append(batch)
        rows = sum(b.rows.num_rows for b in waiting)
        if rows >= BATCH_ROWS or sum(b.rows.nbytes for b in waiting) >= BATCH_BYTES:
            yield from _cut(_joined(waiting))
            waiting = []
    if waiting:
        yield from _cut(_joined(waiting))


def _cut(batch: RawBatch) -> Iterator[RawBatch]:
    """Cut a batch into even ones: a block of narrow rows holds many times what others do."""
    rows = batch.rows.num_rows
    size = math.ceil(rows / max(1, round(rows / BATCH_ROWS))) or 1
    for start in range(0, max(rows, 1), size):
        yield RawBatch(batch.rows.slice(start, size), [] if start else batch.broken)


def _joined(waiting: list[RawBatch]) -> RawBatch:
    rows = pa.concat_tables([b.rows for b in waiting], promote_options="default")
    return RawBatch(rows.combine_chunks(), [x for b in waiting for x in b.broken])
