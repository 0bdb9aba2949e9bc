"""What sort of file a list is, by its first bytes: its packing, separator and header."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from audiences.identifiers.text import is_sentinel
from shared.errors import DataError

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
NONE = "\x1f"  # separates nothing: one value a line
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook (unpack it, or save it as CSV)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (save it as CSV)",
    b"%PDF": "a PDF (get the list as CSV)",
    b"\xff\xfe": "UTF-16 (save it as UTF-8)",
    b"\xfe\xff": "UTF-16 (save it as UTF-8)",
}
_BOM = b"\xef\xbb\xbf"
_LINES = 200
# A header names things; a cell that could be an id, or a word for none, is data.
_DATA = re.compile(
    r"@|^[0-9a-fA-F]{16,}$|^[A-Za-z0-9+/_-]{22,}={0,2}$|^[+(]?[0-9][0-9 ().-]{6,}$"
    r"|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-"
)


@dataclass(frozen=True, slots=True)
class Text:
    """How a text file is to be read."""

    separator: str
    names: tuple[str, ...]
    header: bool
    begins: int  # bytes before the first row of data
    first_line: int  # the line that this row stands on
    bom: bool


def packing(path: Path) -> str | None:
    """Return what a file is packed with, or `parquet`; None for plain text.

    Raises:
        DataError: when there is no such file, it is empty, or of a kind that is no list.
    """
    if not path.is_file():
        what = "this is a folder" if path.is_dir() else "there is no such file"
        raise DataError(f"{path.name}: {what}")
    with path.open("rb") as file:
        head = file.read(4)
    if not head:
        raise DataError(f"{path.name}: the file is empty")
    for mark, what in _FOREIGN.items():
        if head.startswith(mark):
            raise DataError(f"{path.name}: this is {what}")
    if head == b"PAR1":
        return "parquet"
    return next((name for mark, name in _PACKED.items() if head.startswith(mark)), None)


def sniff(path: Path, first: bytes) -> Text:
    """Tell separator, header and names from the first bytes of a text.

    Raises:
        DataError: when it is no text, or its first line does not end.
    """
    bom = first.startswith(_BOM)
    body = first[len(_BOM) :] if bom else first
    if b"\0" in first or body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(
            f"{path.name}: this is no text, or UTF-16 (give CSV, TXT or Parquet, UTF-8)"
        )
    if not body.strip():
        raise DataError(f"{path.name}: there is nothing in it but white space")
    if not re.search(rb"[\r\n]", body) and len(body) >= 1 << 20:
        raise DataError(f"{path.name}: the first line is longer than 1 MB (one row on each line)")
    blank = len(body) - len(body.lstrip(b"\r\n"))
    words = body[blank:].decode("utf-8", errors="replace")
    separator = _separator(words)
    cells = next(iter(_records(words, separator, 1)), [""])
    header = not any(_DATA.search(cell.strip(" \"'\u200b")) or _no_value(cell) for cell in cells)
    start = len(first) - len(body)
    before = body[:blank].replace(b"\r\n", b"\n").count(b"\n") if header else 0
    found = re.search(rb"\r\n|\n|\r|\Z", body[blank:])
    end = start + blank + (found.end() if found else 0)
    return Text(
        separator=separator,
        names=_names(cells if header else [""] * len(cells)),
        header=header,
        begins=end if header else start,
        first_line=before + 2 if header else 1,
        bom=bom,
    )


def _no_value(cell: str) -> bool:
    return is_sentinel(cell.strip())


def _separator(text: str) -> str:
    """Return the separator by which nearly all rows have the same number of cells."""
    for separator in SEPARATORS:
        widths = [len(cells) for cells in _records(text, separator, _LINES) if any(cells)]
        most = max(set(widths), key=widths.count, default=0)
        if most > 1 and widths.count(most) >= 0.8 * len(widths) and widths[0] == most:
            return separator
    return NONE


def _records(text: str, separator: str, most: int) -> list[list[str]]:
    """Return the first rows, each as its cells; a quoted cell may hold line ends."""
    found: list[list[str]] = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            found.append(cells)
            if len(found) == most:
                break
    except csv.Error:  # a cell longer than any real one: a quote is open
        found = [line.split(separator) for line in text.splitlines()[:most]]
    # What was cut at the end of the first bytes has too few cells.
    return found[:-1] if 1 < len(found) < most else found


def _names(cells: list[str]) -> tuple[str, ...]:
    """Name each column, one that has no name of its own by its place."""
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = cell.strip() or f"column {number}"
        names.append(name if name not in names else f"{name} (column {number})")
    return tuple(names)
