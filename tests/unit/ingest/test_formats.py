"""Formats: the same content gives the same rows, whatever it is written and packed as."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.ingest.parse import read
from shared.errors import DataError
from tests.builders import packed, write

ENDINGS = [f"{kind}{pack}" for kind in (".csv", ".jsonl") for pack in ("", ".gz", ".zst")]
ENDINGS.append(".parquet")
# What CSV can say: no value is empty, as that is null there, and spaces at the ends go.
TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=12).map(str.strip)
CELL = st.one_of(st.none(), TEXT.filter(bool))
NAME = st.sampled_from(["email", "phone", "it's", 'a "b"', "x;y", "row", "é", "select", "a b"])


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[dict[str, str | None]]]:
    names = draw(st.lists(NAME, min_size=2, max_size=4, unique=True))
    # A first cell that is never empty keeps a row from being a blank line in CSV.
    cells = st.tuples(TEXT.filter(bool), *[CELL] * (len(names) - 1))
    rows = draw(st.lists(cells, min_size=1, max_size=6))
    return names, [dict(zip(names, row, strict=True)) for row in rows]


def rows_in(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for batch in read(path):
        assert not batch.broken
        rows += [{k: v for k, v in row.items() if v is not None} for row in batch.rows.to_pylist()]
    return rows


@settings(max_examples=60, deadline=None)
@given(tables())
def test_every_format_gives_the_same_rows(
    table: tuple[list[str], list[dict[str, str | None]]],
) -> None:
    names, rows = table
    wanted = [
        {
            "row": number,
            **{("row_" if k == "row" else k): v for k, v in row.items() if v is not None},
        }
        for number, row in enumerate(rows, 1)
    ]
    with TemporaryDirectory() as folder:
        for ending in ENDINGS:
            assert rows_in(write(Path(folder, f"x{ending}"), rows, names)) == wanted, ending


@pytest.mark.parametrize("ending", [".csv.gz", ".csv.zst", ".jsonl.gz", ".jsonl.zst"])
def test_a_packed_file_that_is_cut_anywhere_is_refused(tmp_path: Path, ending: str) -> None:
    rows = [{"email": f"u{n * 7919 % 1000}@x.co", "n": str(n)} for n in range(60)]
    whole = write(tmp_path / f"whole{ending}", rows).read_bytes()
    path = tmp_path / f"cut{ending}"
    for cut in range(1, len(whole)):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"cut.*damaged or cut short \(copy it again\)"):
            list(read(path))


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_packed_parts_that_were_joined_are_read_to_the_end(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.csv{suffix}"
    path.write_bytes(packed(b"email,n\na,1\n", suffix) + packed(b"b,2\n", suffix))
    assert [row["email"] for row in rows_in(path)] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("x.csv", b"", "empty, without even a header"),
        ("x.csv", b"\n\n", "empty, without even a header"),
        ("x.csv", b"\xef\xbb\xbf", "empty, without even a header"),
        ("x.csv", "email,n\na,é\n".encode("utf-16"), "header is not UTF-8"),
        ("x.csv", b"em\xe9il,n\n", "header is not UTF-8"),
        ("x.csv", b'"a\nb",c\n1,2\n', "open quote, or a line break inside a name"),
        ("x.csv", b"email,Email\na,b\n", "column 'email' more than once"),
        ("x.csv", b"email,,n\na,b,c\n", "column 2 of the header has no name"),
        ("x.csv.gz", b"email\na\n", "damaged or cut short"),
        ("x.jsonl", b"email,n\na,1\n", "no line of it is a JSON object.*one object on each"),
        ("x.jsonl", b'[{"email": "a"}, {"email": "b"}]', "no line of it is a JSON object"),
        ("x.jsonl", b'{\n"email": "a"\n}\n', "no line of it is a JSON object"),
        ("x.jsonl", b'{"email": "' + b"x" * (18 << 20), "longer than 16 MB"),
        ("x.parquet", b"email\na\n", "not a complete Parquet file"),
        ("x.parquet.gz", b"email\na\n", "ending is not known"),
        ("x.xlsx", b"PK", r"ending is not known \(use csv, jsonl or parquet"),
        ("csv", b"email\na\n", "ending is not known"),
    ],
)
def test_what_cannot_be_read_at_all_says_why(
    tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=f"^{name}: .*{words}"):
        list(read(tmp_path / name))


def test_a_folder_and_nothing_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(DataError, match=r"x\.csv: this is a folder"):
        list(read(tmp_path / "x.csv"))
    with pytest.raises(DataError, match=r"y\.csv: there is no such file"):
        list(read(tmp_path / "y.csv"))


def test_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    for data in (b"email,n", b"email,n\n", b"email,n\r\n\r\n"):
        (tmp_path / "x.csv").write_bytes(data)
        assert sum(batch.rows.num_rows for batch in read(tmp_path / "x.csv")) == 0


def test_wide_batches_stay_small(tmp_path: Path) -> None:
    """Many columns make fewer rows in a batch, so memory follows neither."""
    wide = {f"c{n}": "x" * 80 for n in range(400)}
    path = write(tmp_path / "x.jsonl", [wide] * 3_000)
    batches = list(read(path))
    assert len(batches) > 1
    assert max(batch.rows.nbytes for batch in batches) < 100 << 20
    assert pa.concat_tables([b.rows for b in batches])["row"].to_pylist() == [*range(1, 3_001)]
