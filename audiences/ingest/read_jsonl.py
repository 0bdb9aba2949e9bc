"""JSON lines: one object a line; nested names are joined with a dot, lists with a bar."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from audiences.ingest.raw import BATCH_ROWS, Broken, RawBatch, column_names, tidy


def read_jsonl(path: Path, stream: pa.NativeFile) -> Iterator[RawBatch]:
    """Yield the objects of a file of JSON lines; numbers keep the digits they were written with."""
    objects: list[dict[str, str | None]] = []
    numbers: list[int] = []
    broken: list[Broken] = []
    for number, line in enumerate(_lines(stream), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, parse_float=str, parse_int=str)
            objects.append(_flat(value))
            numbers.append(number)
        except UnicodeDecodeError:
            broken.append(Broken(number, "not_utf8", ""))
        except (ValueError, TypeError, AttributeError, RecursionError):
            broken.append(Broken(number, "not_a_json_object", ""))
        if len(numbers) + len(broken) >= BATCH_ROWS // 4:
            yield _objects(path, objects, numbers, broken)
            objects, numbers, broken = [], [], []
    if numbers or broken:
        yield _objects(path, objects, numbers, broken)


def _flat(value: dict[str, Any], prefix: str = "") -> dict[str, str | None]:
    out: dict[str, str | None] = {}
    for key, item in value.items():
        name = f"{prefix}{key}".strip().lower()
        if isinstance(item, dict):
            out |= _flat(item, f"{name}.")
        elif isinstance(item, list):
            out[name] = "|".join(str(part) for part in item if part is not None)
        elif isinstance(item, bool):
            out[name] = "true" if item else "false"
        else:
            out[name] = None if item is None else str(item)
    return out


def _objects(
    path: Path, objects: list[dict[str, str | None]], numbers: list[int], broken: list[Broken]
) -> RawBatch:
    names = list(dict.fromkeys(name for item in objects for name in item))
    columns = [pa.array([item.get(name) for item in objects], pa.string()) for name in names]
    table = pa.table(
        [pa.array(numbers, pa.int64()), *columns], names=["row", *column_names(path, names)]
    )
    return RawBatch(tidy(table), broken)


def _lines(stream: pa.NativeFile) -> Iterator[bytes]:
    rest = b""
    while block := stream.read(1 << 20):
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
    if rest:
        yield rest
