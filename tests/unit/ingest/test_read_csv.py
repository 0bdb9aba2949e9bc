"""CSV as it comes: broken rows by their number, quotes, line ends, encodings."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from audiences.ingest.parse import read
from audiences.ingest.read_csv import BLOCK_BYTES
from shared.errors import DataError


def parsed(path: Path, data: bytes) -> tuple[dict[int, list[str | None]], dict[int, str]]:
    """Return row -> cells, and row -> reason of broken ones."""
    path.write_bytes(data)
    rows: dict[int, list[str | None]] = {}
    broken: dict[int, str] = {}
    for batch in read(path):
        for row in batch.rows.to_pylist():
            number = row.pop("row")
            rows[number] = list(row.values())
        broken |= {b.row: b.reason for b in batch.broken}
    assert not rows.keys() & broken.keys()
    return rows, broken


def test_broken_rows_cost_no_neighbour_and_keep_their_numbers(tmp_path: Path) -> None:
    rows, broken = parsed(
        tmp_path / "x.csv",
        b'email,n\n\na,1\n\nb\nc,3,4\n"d\ne",5\nf,\xff\n\xff,\xfe\ng, 7 \nh\n',
    )
    assert rows == {1: ["a", "1"], 4: ["d\ne", "5"], 7: ["g", "7"]}
    assert broken == {
        2: "too_few_fields",
        3: "too_many_fields",
        5: "not_utf8",
        6: "not_utf8",
        8: "too_few_fields",
    }


def test_a_row_with_too_many_cells_may_be_no_utf8_as_well(tmp_path: Path) -> None:
    """Such a row comes aside by itself, and none of its neighbours with it."""
    rows, broken = parsed(
        tmp_path / "x.csv", b"a,b\n1,2\n1,\xff,3\n\xe9\n\xc3\xa9,\xf0\x9f\x98\x80\n5,\xc3\n"
    )
    assert rows == {1: ["1", "2"], 4: ["é", "😀"]}
    assert broken == {2: "too_many_fields", 3: "too_few_fields", 5: "not_utf8"}


def test_a_character_may_lie_on_two_blocks(tmp_path: Path) -> None:
    """No character is taken apart, wherever a block ends."""
    line = ("é" * 2000 + ",ü\n").encode()
    count = 4 * BLOCK_BYTES // len(line)
    rows, broken = parsed(tmp_path / "x.csv", b"a,b\n" + line * count + b"x,\xff\n")
    assert {tuple(cells) for cells in rows.values()} == {("é" * 2000, "ü")}
    assert len(rows) == count
    assert broken == {count + 1: "not_utf8"}


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_a_byte_that_is_no_utf8_costs_no_block(tmp_path: Path, ending: str) -> None:
    """A marked byte is longer than it was; what no longer fits into a block begins the next."""
    line = b"x" * 5000 + b",y\n"
    count = 3 * BLOCK_BYTES // len(line)
    data = b"a,b\n" + b"1,\xff\xff\xff\n" + line * count + b"2,\xfe\n"
    packed = gzip.compress(data, 1) if ending.endswith("gz") else data
    rows, broken = parsed(tmp_path / f"x.{ending}", packed)
    assert len(rows) == count
    assert {tuple(cells) for cells in rows.values()} == {("x" * 5000, "y")}
    assert broken == {1: "not_utf8", count + 2: "not_utf8"}


def test_numbers_are_right_beyond_the_first_block(tmp_path: Path) -> None:
    """The reader looks ahead: broken rows of a later block come with an earlier one."""
    lines = [b"%d,%d" % (n, n) for n in range(1, 1_000_001)]
    wrong = {2, 500_000, 999_990, 1_000_000}
    for number in wrong:
        lines[number - 1] = b"%d" % number
    rows, broken = parsed(tmp_path / "x.csv", b"a,b\n" + b"\n".join(lines))
    assert broken.keys() == wrong
    assert len(rows) == 1_000_000 - len(wrong)
    assert all(cells[0] == str(number) for number, cells in rows.items())


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_and_byte_order_marks_make_no_difference(
    tmp_path: Path, end: bytes, bom: bytes, last: bool
) -> None:
    data = bom + end.join([b"Email,N", b"a,1", b"b,2"]) + (end if last else b"")
    assert parsed(tmp_path / "x.csv", data) == ({1: ["a", "1"], 2: ["b", "2"]}, {})


def test_quotes_inside_values_are_kept(tmp_path: Path) -> None:
    data = b'email,n\na,5" pipe\n"b","say ""hi"", ok"\nc,"1 Main St\nSpring, IL\nUSA, Earth\nx"\n'
    rows, broken = parsed(tmp_path / "x.csv", data)
    assert [cells[1] for cells in rows.values()] == [
        '5" pipe',
        'say "hi", ok',
        "1 Main St\nSpring, IL\nUSA, Earth\nx",
    ]
    assert not broken


ROWS = b"".join(b"u%d,VN,%d\n" % (n, n) for n in range(20))


@pytest.mark.parametrize(
    ("data", "row"),
    [
        (b'email,c,n\na,VN,1\nb,"VN,2\n' + ROWS, 2),
        (b'email,c,n\na,VN,1\n"b,VN,2\n' + ROWS, 2),
        (b'email,c,n\na,VN,"1\n' + ROWS + b'b,"VN",2\nc,VN,3\n', 1),
        (b'email,c,n\n"a,VN,1\n' + ROWS + b'"b",VN,2\nc,VN,3\n', 1),
        (b'email,n\na,"1\nb,2\n', 1),
    ],
    ids=["last field", "first field", "closed far below", "first field, closed below", "short"],
)
def test_a_quote_that_is_never_closed_swallows_nothing_unseen(
    tmp_path: Path, data: bytes, row: int
) -> None:
    with pytest.raises(DataError, match=rf"x\.csv: row {row}: a quote opens and is not closed.*\("):
        parsed(tmp_path / "x.csv", data)


def test_a_row_longer_than_a_block_is_told(tmp_path: Path) -> None:
    data = b"email,n\na,1\n" + b"b," + b"x" * (20 << 20) + b"\nc,1\n"
    with pytest.raises(DataError, match=r"a row is longer than 8 MB"):
        parsed(tmp_path / "x.csv", data)


def test_a_header_that_is_data_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(DataError) as told:
        parsed(tmp_path / "x.csv", b"jane.roe@example.com,jane.roe@example.com\na,b\n")
    assert "jane" not in str(told.value)
