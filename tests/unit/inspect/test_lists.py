"""Files of any sort: what they are taken for, which line is which, and clear words for the rest."""

from __future__ import annotations

import gzip
import os
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.flows.inspect import Asked, Inspection, inspect_file
from audiences.inspect.columns import choose
from shared.errors import ConfigurationError, DataError
from tests.unit.inspect.lists import mail, sha

HASHES = [sha(mail(n)) for n in range(2000)]
LIST = "".join(f"{one}\n" for one in HASHES).encode()
PAIRS = b"email,h\n" + b"".join(f"{mail(n)},{sha(mail(n))}\n".encode() for n in range(300))


def inspect(folder: Path, name: str, data: bytes, **asked: str) -> Inspection:
    (folder / name).write_bytes(data)
    return inspect_file(folder / name, Asked(**asked))


BROKEN = {
    "empty.csv": (b"", "the file is empty"),
    "blank.csv": (b"\n\n \n", "nothing in it but white space"),
    "header.csv": (b"email_sha256\n", "no row in it, only a header"),
    "cut.csv.gz": (gzip.compress(LIST)[:-5000], "damaged or cut short"),
    "tail.csv.gz": (gzip.compress(LIST)[:-4], "damaged or cut short"),
    "wide.csv": ("h\n".encode("utf-16") + b"", "UTF-16"),
    "nul.csv": (b"a\0b\n" * 9, "no text"),
    "noise.bin": (os.urandom(5000) + b"\0", "no text"),
    "half.parquet": (b"PAR1" + b"x" * 99, "not a complete Parquet file"),
    "one_line.csv": (b"a" * (2 << 20), "longer than 1 MB"),
    "long_line.csv": (LIST + b"a" * (17 << 20) + b"\n" + LIST, "after line 2,000 a row is longer"),
    "second.csv": (b"hash\n" + b"a" * (17 << 20), "after line 1 a row is longer"),
    "quote.csv": (PAIRS + b'"' + PAIRS[8:], "a quote opens near line 302 and is not closed"),
    "last.csv": (PAIRS + b'"x,1\ny,2\n', "a quote opens near line 302"),
    "names.csv": (b"first,last\nAnna,Smith\nBob,Jones\n", "no column of it holds hashes or ids"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_told_in_clear_words(tmp_path: Path, name: str) -> None:
    data, words = BROKEN[name]
    with pytest.raises(DataError, match=words) as told:
        inspect(tmp_path, name, data)
    assert str(told.value).startswith(f"{name}: ")


def test_a_workbook_a_folder_and_nothing_are_told_apart(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "list.csv", "w") as archive:
        archive.writestr("x", "y")
    with pytest.raises(DataError, match="an Excel workbook"):
        inspect_file(tmp_path / "list.csv")
    with pytest.raises(DataError, match="this is a folder"):
        inspect_file(tmp_path)
    with pytest.raises(DataError, match="there is no such file"):
        inspect_file(tmp_path / "none.csv")


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
def test_any_line_end_will_do(tmp_path: Path, ends: bytes) -> None:
    told = inspect(tmp_path, "list.csv", b"hash\n".replace(b"\n", ends) + LIST.replace(b"\n", ends))
    assert (told.rows, told.verdict) == (2000, "clean")


@pytest.mark.parametrize(
    ("data", "assumed"),
    [
        (LIST, "no header"),
        (b"null\n" + LIST, "no header"),
        (b"0912 345 678\n" + LIST, "no header"),
        (b"email\n" + LIST, "the first line is a header"),
    ],
)
def test_a_first_line_that_could_be_data_is_no_header(
    tmp_path: Path, data: bytes, assumed: str
) -> None:
    assert assumed in inspect(tmp_path, "list.txt", data).assumed


def test_a_file_is_taken_for_what_it_is_whatever_its_name_says(tmp_path: Path) -> None:
    assert inspect(tmp_path, "packed.csv", gzip.compress(LIST)).rows == 2000
    assert inspect(tmp_path, "zst.txt", pa.Codec("zstd").compress(LIST, asbytes=True)).rows == 2000
    pq.write_table(pa.table({"h": HASHES}), tmp_path / "table.csv")
    assert inspect_file(tmp_path / "table.csv").counts == "row"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_columns_may_be_parted_by_other_signs(tmp_path: Path, separator: str) -> None:
    rows = [separator.join(("id", "E-Mail")), *(f"{n}{separator}{h}" for n, h in enumerate(HASHES))]
    told = inspect(tmp_path, "list.csv", "\n".join([*rows, ""]).encode())
    assert (told.ignored, told.columns[0].name, told.columns[0].type) == (
        ("id",), "E-Mail", "email",
    )  # fmt: skip


def test_lines_are_counted_through_quoted_line_ends_blank_lines_and_broken_rows(
    tmp_path: Path,
) -> None:
    h = HASHES
    text = f'hash,note\n{h[0]},"a\nb"\n\n{h[1]},c\n{h[2]}\n{h[3]},"x\ny\nz"\nnull,d\n{h[4]},e,f\n'
    told = inspect(tmp_path, "list.csv", text.encode())
    [column] = told.columns
    found = {one.code: one.lines for one in (*told.findings, *column.findings)}
    assert found == {
        "empty": (4,), "wrong_number_of_cells": (6, 11), "placeholder": (10,),
    }  # fmt: skip
    assert told.rows == 7


def test_a_broken_row_that_is_no_utf8_either_costs_only_itself(tmp_path: Path) -> None:
    rows = [*(f"{h},x".encode() for h in HASHES), b"\xfcber,y,z", b"\xfc,y"]
    told = inspect(tmp_path, "list.csv", b"\n".join([b"hash,note", *rows, b""]))
    found = {f.code: f.lines for f in told.every}
    assert found == {"wrong_number_of_cells": (2002,), "not_utf8": (2003,)}


def test_a_byte_order_mark_is_told_and_sticks_to_nothing(tmp_path: Path) -> None:
    for name, head in (("a.csv", b"hash\n"), ("b.txt", b"")):
        told = inspect(tmp_path, name, b"\xef\xbb\xbf" + head + LIST)
        assert [one.code for one in told.every] == ["bom"]
        assert (told.rows, told.verdict) == (2000, "risk")


def test_bytes_in_parquet_are_read_as_hex(tmp_path: Path) -> None:
    raw = pa.array([bytes.fromhex(one) for one in HASHES], pa.binary(32))
    pq.write_table(pa.table({"email": raw}), tmp_path / "list.parquet")
    told = inspect_file(tmp_path / "list.parquet")
    assert told.columns[0].kind == "sha256_hex"
    assert "email holds bytes, read as hex" in told.assumed


def test_a_column_may_be_named_or_numbered_and_its_type_declared(tmp_path: Path) -> None:
    rows = "".join(f"{n},{mail(n)},{h}\n" for n, h in enumerate(HASHES))
    data = f"id,who,what\n{rows}".encode()
    assert [c.name for c in inspect(tmp_path, "x.csv", data).columns] == ["who", "what"]
    for column in ("what", "WHAT", "3"):
        told = inspect(tmp_path, "x.csv", data, column=column, type="phone_sha256")
        assert [(c.name, c.type) for c in told.columns] == [("what", "phone")]
    wrong = inspect(tmp_path, "x.csv", data, column="who", type="email_sha256")
    assert {f.code: f.rows for f in wrong.every} == {"raw_email": 2000}
    with pytest.raises(ConfigurationError, match="there is no such column"):
        inspect(tmp_path, "x.csv", data, column="4")
    with pytest.raises(ConfigurationError, match="there is no type 'mail'"):
        inspect(tmp_path, "x.csv", data, type="mail")


def test_a_hashed_column_that_holds_raw_values_throughout_is_found(tmp_path: Path) -> None:
    data = "".join(f"{mail(n)}\n" for n in range(50))
    told = inspect(tmp_path, "list.csv", f"email_sha256\n{data}".encode())
    assert {f.code: f.rows for f in told.every} == {"raw_email": 50}
    assert told.verdict == "loses"


def test_device_ids_are_judged_as_such(tmp_path: Path) -> None:
    ids = [f"6f1b0a2c-1111-4222-8333-{n:012x}" for n in range(40)]
    rows = [*ids, "00000000-0000-0000-0000-000000000000", ids[0].replace("-", "_")]
    told = inspect(tmp_path, "list.csv", "\n".join(["gaid", *rows, ""]).encode())
    assert {f.code: f.lines for f in told.every} == {"no_tracking_id": (42,), "bad_uuid": (43,)}
    assert "the_trade_desk" in told.columns[0].takes


@pytest.mark.parametrize("spelling", ["md5_hex", "sha512_hex", "sha256_base64url"])
def test_a_spelling_that_no_platform_takes_loses_every_row(tmp_path: Path, spelling: str) -> None:
    import base64
    import hashlib

    def cell(n: int) -> str:
        if spelling.endswith("url"):
            digest = hashlib.sha256(mail(n).encode()).digest()
            return base64.urlsafe_b64encode(digest).decode().replace("=", "")
        return hashlib.new(spelling.removesuffix("_hex"), mail(n).encode()).hexdigest()

    cells = "".join(f"{cell(n)}\n" for n in range(100))
    [column] = inspect(tmp_path, "list.csv", f"email\n{cells}".encode()).columns
    if spelling == "md5_hex":
        assert column.kind == spelling
    if not column.takes:
        assert [f.code for f in column.findings if f.severity.value == "loses"] == ["no_platform"]
        assert column.lost == 100


def test_columns_without_ids_are_left_alone() -> None:
    assert choose(0, "city", {"other": 90, "email": 3}, alone=False) is None
    assert choose(0, "customer", {"phone": 100}, alone=False) is None
    assert choose(0, "phone", {"phone": 100}, alone=False).type == "phone"
    assert choose(0, "column 1", {"phone": 100}, alone=True).type == "phone"


_SIGNS = ",;|@\"' \t\n\r\x1f\u00e9\ufeff\u200b"
_BITS = st.sampled_from([
    *(sign.encode() for sign in _SIGNS), b"\r\n", b"\xff", b"PAR1", b"\x1f\x8b", b"0" * 63,
    HASHES[0].encode(), HASHES[1].upper().encode(), b"email", b"ana@example.com", b"+84912345678",
    b"null",
])  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(
    data=st.one_of(st.lists(_BITS, max_size=40).map(b"".join), st.binary(max_size=200)),
    name=st.sampled_from(["list.csv", "list.txt"]),
)
def test_no_file_whatever_breaks_it(data: bytes, name: str) -> None:
    with TemporaryDirectory() as folder:
        try:
            told = inspect(Path(folder), name, data)
        except DataError:
            return
    every = [line for one in told.every for line in one.lines]
    assert all(0 < line <= data.count(b"\n") + data.count(b"\r") + 1 for line in every)
    assert all(one.rows <= told.rows for one in told.every)
    assert all(0 <= column.lost <= told.rows for column in told.columns)


def test_what_the_bridge_sends_is_what_its_destinations_send(tmp_path: Path) -> None:
    import hashlib

    from audiences.platforms import MODULES, platform

    cells = "".join(f"{hashlib.sha256(mail(n).encode()).hexdigest()}\n" for n in range(20))
    [column] = inspect(tmp_path, "list.csv", f"email_sha256\n{cells}".encode()).columns
    sent = {
        slug for slug in MODULES if any("email_sha256" in key.types for key in platform(slug).keys)
    }
    assert {"google", "line"} <= {*column.takes} - {*column.sends}
    assert set(column.sends) == sent & set(column.takes)
    assert {"meta", "tiktok"} <= set(column.sends)
