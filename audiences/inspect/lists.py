"""Opens a list file and yields its cells as they lie there: untrimmed, with their line numbers.

Ingest's readers mend what can be mended and set the rest aside; here that is what is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from audiences.inspect.numbering import Numbering
from audiences.inspect.sniff import NONE, SEPARATORS, Text, packing, sniff
from audiences.inspect.transport import Rest
from shared.errors import DataError
from shared.utf8 import MARK, as_latin1

BATCH_ROWS = 128 * 1024
BLOCK_BYTES = 8 << 20
_FIRST_BYTES = 1 << 20
_SIZES = (16, 20, 32, 64)  # bytes of a digest


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows: the line of each, its cells, and the lines that had too few or too many."""

    lines: pa.Array
    columns: Sequence[pa.Array]
    broken: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list file, opened."""

    names: tuple[str, ...]
    assumed: tuple[str, ...]  # in words: what was taken for granted
    counts: str  # line | row: what the numbers count
    header: bool = True
    bom: bool = False
    batches: Callable[[Sequence[int]], Iterator[Batch]]  # of the columns at these places


def open_list(path: Path) -> Listing:
    """Open a list by what it is, whatever its name says.

    Raises:
        DataError: when it is missing, empty, or no text and no Parquet.
    """
    packed = packing(path)
    if packed == "parquet":
        return _parquet(path)
    with pa.input_stream(str(path), compression=packed) as stream:
        first = stream.read(_FIRST_BYTES)
    text = sniff(path, first)
    if len(first) < _FIRST_BYTES and not first[text.begins :].strip(b"\r\n"):
        raise DataError(f"{path.name}: there is no row in it, only a header")
    quoted = text.separator != NONE or not path.name.lower().removesuffix(".gz").endswith(".txt")
    how = SEPARATORS.get(text.separator)
    assumed = [
        f"columns parted by {how}s" if how else "one value on each line",
        "the first line is a header" if text.header else "no header",
    ]
    return Listing(
        names=text.names,
        assumed=(*assumed, *([f"packed with {packed}"] if packed else [])),
        counts="line",
        header=text.header,
        bom=text.bom,
        batches=lambda places: _text_batches(path, packed, text, quoted, places),
    )


def _text_batches(
    path: Path, packed: str | None, text: Text, quoted: bool, places: Sequence[int]
) -> Iterator[Batch]:
    broken: list[pa.csv.InvalidRow] = []
    numbering = Numbering(path, text.first_line)
    with pa.input_stream(str(path), compression=packed) as stream:
        stream.read(text.begins)
        rest = Rest(stream)
        for batch in _whole(lambda: _reader(rest, text, quoted, broken), numbering):
            quotes = quoted and rest.quotes > 0
            lines, aside = numbering.lines(batch, broken, quotes=quotes)
            yield Batch(lines, [batch.column(place) for place in places], aside)
        left = numbering.left(broken, open_quote=quoted and rest.quotes % 2 == 1)
        if left:
            yield Batch(pa.array([], pa.int64()), [pa.array([], pa.binary())] * len(places), left)


def _reader(
    rest: Rest, text: Text, quoted: bool, broken: list[pa.csv.InvalidRow]
) -> Iterator[pa.RecordBatch]:
    """Read every column as bytes; rows with too few or too many cells go to `broken`."""
    names = [str(place) for place in range(len(text.names))]

    def aside(row: pa.csv.InvalidRow) -> str:
        broken.append(row)
        return "skip"

    reader: Iterator[pa.RecordBatch] = pa.csv.open_csv(
        pa.PythonFile(rest, mode="r"),
        read_options=pa.csv.ReadOptions(
            use_threads=False, block_size=BLOCK_BYTES, column_names=names
        ),
        parse_options=pa.csv.ParseOptions(
            delimiter=text.separator,
            quote_char='"' if quoted else False,
            newlines_in_values=quoted,
            ignore_empty_lines=False,
            invalid_row_handler=aside,
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.binary()), check_utf8=False
        ),
    )
    return reader


def _whole(
    opened: Callable[[], Iterator[pa.RecordBatch]], numbering: Numbering
) -> Iterator[pa.RecordBatch]:
    try:
        yield from opened()
    except pa.ArrowInvalid as error:
        if "straddling" in str(error):
            raise numbering.too_long() from error
        raise


def _parquet(path: Path) -> Listing:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        rows = file.metadata.num_rows
    if not rows:
        raise DataError(f"{path.name}: there is no row in it")
    raw = [f.name for f in schema if pa.types.is_fixed_size_binary(f.type)]
    assumed = ("Parquet", *(f"{name} holds bytes, read as hex" for name in raw))
    return Listing(
        names=tuple(schema.names),
        assumed=assumed,
        counts="row",
        batches=lambda places: _parquet_batches(path, places),
    )


def _parquet_batches(path: Path, places: Sequence[int]) -> Iterator[Batch]:
    # With a buffer, and not all of it before, a row group of any size is read in pieces.
    with pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
        names = [file.schema_arrow.names[place] for place in places]
        last = 0
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
            lines = pa.array(range(last + 1, last + 1 + batch.num_rows), pa.int64())
            last += batch.num_rows
            yield Batch(lines, [_flat(batch.column(name)) for name in names])


def _flat(column: pa.Array) -> pa.Array:
    """Return a column as text or bytes; null for every cell of a type that holds no id."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), column.type.value_type
    if pa.types.is_fixed_size_binary(kind):
        return pa.array([None if v is None else v.hex() for v in column.to_pylist()], pa.string())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_integer(kind):
        return column.cast(pa.string())
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return column
    if pa.types.is_large_binary(kind):
        return column.cast(pa.binary())
    return pa.nulls(len(column), pa.string())


def texts_of(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return a column's texts, and which of them were no UTF-8 and are read as Latin-1."""
    if not pa.types.is_binary(column.type):
        return column, pa.array([False] * len(column), pa.bool_())
    marked = pc.any(pc.match_substring(column, MARK)).as_py()
    try:
        if not marked:
            return column.cast(pa.string()), pa.repeat(False, len(column))
    except pa.ArrowInvalid:
        pass
    told = [_told(value) for value in column.to_pylist()]
    return (
        pa.array([text for text, _ in told], pa.string()),
        pa.array([bad for _, bad in told], pa.bool_()),
    )


def _told(value: bytes | None) -> tuple[str | None, bool]:
    if value is None:
        return None, False
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1"), True
    plain = as_latin1(text)
    return plain, plain != text
