"""JSON lines: one object a line; nested names are joined with a dot, lists with a bar."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from audiences.ingest.raw import Broken, RawBatch, column_names, plain_name, tidy
from shared.errors import DataError

# Objects are large in Python: a batch is bounded by its cells, as rows may bring any columns.
BATCH_CELLS = 1_000_000
_USUAL_COLUMNS = 16
_BLOCK_BYTES = 1 << 20
_LONGEST_LINE = 16 << 20


def read_jsonl(path: Path, stream: pa.NativeFile) -> Iterator[RawBatch]:
    """Yield the objects of a file of JSON lines; numbers keep the digits they were written with.

    Raises:
        DataError: when no line of it is an object, or a line is absurdly long.
    """
    batch, anything = _Batch(), False
    for number, line in enumerate(_lines(path, stream), 1):
        if line.strip():
            batch.add(number, line)
        if batch.cells >= BATCH_CELLS:
            anything = anything or bool(batch.numbers)
            yield batch.done(path)
            batch = _Batch()
    if not batch.numbers and batch.broken and not anything:
        message = f"{path.name}: no line of it is a JSON object"
        raise DataError(f"{message} (write one object on each line, without a list around them)")
    if batch.cells:
        yield batch.done(path)


@dataclass(slots=True)
class _Batch:
    numbers: list[int] = field(default_factory=list)
    objects: list[dict[str, str | None]] = field(default_factory=list)
    names: dict[str, None] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    @property
    def cells(self) -> int:
        return (len(self.numbers) + len(self.broken)) * max(len(self.names), _USUAL_COLUMNS)

    def add(self, number: int, line: bytes) -> None:
        try:
            flat = _flat(json.loads(line, parse_float=str, parse_int=str))
        except UnicodeError:
            self.broken.append(Broken(number, "not_utf8", ""))
        except (ValueError, TypeError, AttributeError, RecursionError):
            self.broken.append(Broken(number, "not_a_json_object", ""))
        else:
            self.numbers.append(number)
            self.objects.append(flat)
            self.names |= dict.fromkeys(flat)

    def done(self, path: Path) -> RawBatch:
        names = list(self.names)
        columns = [pa.array([item.get(n) for item in self.objects], pa.string()) for n in names]
        rows = [pa.array(self.numbers, pa.int64()), *columns]
        table = pa.table(rows, names=["row", *column_names(path, names)])
        return RawBatch(tidy(table), self.broken)


def _flat(value: dict[str, Any], prefix: str = "") -> dict[str, str | None]:
    out: dict[str, str | None] = {}
    for key, item in value.items():
        name = f"{prefix}{plain_name(key)}"
        if not plain_name(key):
            raise ValueError(key)
        name.encode()  # half a surrogate pair is no text
        if isinstance(item, dict):
            out |= _flat(item, f"{name}.")
        elif isinstance(item, list):
            out[name] = "|".join(_text(part) or "" for part in item if part is not None)
        else:
            out[name] = _text(item)
    return out


def _text(item: Any) -> str | None:
    if item is None:
        return None
    if isinstance(item, bool | dict | list):
        return json.dumps(item, ensure_ascii=False)
    text = str(item)
    text.encode()
    return text


def _lines(path: Path, stream: pa.NativeFile) -> Iterator[bytes]:
    rest = b""
    while block := stream.read(_BLOCK_BYTES):
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
        if len(rest) > _LONGEST_LINE:
            raise DataError(f"{path.name}: a line is longer than 16 MB (write one object a line)")
    if rest:
        yield rest
