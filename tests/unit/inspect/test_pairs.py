"""A hash beside its raw value tells how it was made; each way is proven, none is guessed."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path

import pytest

from audiences.flows.inspect import Asked, Inspection, inspect_file
from tests.unit.inspect.lists import sha


def inspect(folder: Path, header: str, rows: list[tuple[str, ...]], **asked: str) -> Inspection:
    path = folder / "list.csv"
    lines = "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)
    path.write_text(f"{header}\n{lines}", encoding="utf-8")
    return inspect_file(path, Asked(**asked))


def codes(told: Inspection, name: str) -> dict[str, tuple[int, ...]]:
    [column] = [c for c in told.columns if c.name == name]
    return {one.code: one.lines for one in column.findings if one.severity.value != "note"}


GOOD = [(f"person{n}@example.com", sha(f"person{n}@example.com")) for n in range(20)]
EMAILS = {
    "upper_case_input": [
        ("Ana@Example.com", sha("Ana@Example.com")),
        ("ana@example.com", sha("ANA@EXAMPLE.COM")),
    ],
    "untrimmed_input": [
        (" ana@example.com ", sha(" ana@example.com ")),
        ("ana@example.com", sha("ana@example.com\n")),
    ],
    "latin1_input": [
        ("jürgen@example.com", sha("jürgen@example.com".encode("latin-1"))),
        ("Zoë@example.com", sha("Zoë@example.com".encode("latin-1"))),
    ],
    "decomposed_input": [
        ("zoë@example.com", sha(unicodedata.normalize("NFD", "zoë@example.com"))),
    ],
    "double_hash": [("ana@example.com", sha(sha("ana@example.com")))],
    "other_value": [("ana@example.com", sha("salt:ana@example.com"))],
}


@pytest.mark.parametrize("code", EMAILS)
def test_how_a_hashed_address_went_wrong_is_proven(tmp_path: Path, code: str) -> None:
    told = inspect(tmp_path, "email,hashed_email", [*GOOD, *EMAILS[code]])
    lines = tuple(22 + n for n in range(len(EMAILS[code])))
    assert codes(told, "hashed_email") == {code: lines}


def test_the_forms_that_platforms_want_are_no_fault(tmp_path: Path) -> None:
    rows = [
        *GOOD,
        ("A.Na+news@gmail.com", sha("ana@gmail.com")),
        (" ANA@example.com", sha("ana@example.com")),
        ("jürgen@example.com", sha("jürgen@example.com")),
        ("", sha("nobody-knows@example.com")),
        ("Bo.Do+x@example.com", sha("bodo@example.com")),  # without dots and tag on any domain
    ]
    told = inspect(tmp_path, "email,hash", rows)
    assert codes(told, "hash") == {}


@pytest.mark.parametrize(("name", "length"), [("md5", 32), ("sha1", 40)])
def test_other_algorithms_are_proven_as_well(tmp_path: Path, name: str, length: int) -> None:
    def digest(text: str) -> str:
        return hashlib.new(name, text.encode()).hexdigest()

    rows = [(f"p{n}@example.com", digest(f"p{n}@example.com")) for n in range(9)]
    told = inspect(tmp_path, "email,hash", [*rows, ("Bo@example.com", digest("Bo@example.com"))])
    assert codes(told, "hash")["upper_case_input"] == (11,)
    assert told.columns[1].kind == f"{name}_hex"
    assert len(rows[0][1]) == length


def test_a_phone_that_was_hashed_as_it_was_typed_is_proven(tmp_path: Path) -> None:
    rows = [
        ("+84912345678", "", sha("+84912345678")),
        ("+84 912 345 679", "", sha("84912345679")),  # digits alone, as Meta wants them
        ("0912 345 670", "VN", sha("0912345670")),
        ("0912 345 671", "VN", sha("+84912345671")),
        ("+84 912 345 672", "", sha("+84 912 345 672")),
    ]
    told = inspect(tmp_path, "phone,country,phone_sha256", rows)
    assert codes(told, "phone_sha256") == {"phone_as_typed": (4, 6)}
    assert codes(told, "phone") == {}


@pytest.mark.parametrize("form", ["e164", "digits"])
def test_the_form_of_hashed_phones_tells_which_platforms_take_them(
    tmp_path: Path, form: str
) -> None:
    numbers = [f"+8491234567{n}" for n in range(5)]
    rows = [(one, sha(one if form == "e164" else one[1:])) for one in numbers]
    takes = inspect(tmp_path, "phone,phone_sha256", rows).columns[1].takes
    assert ("google" in takes, "meta" in takes) == (form == "e164", form == "digits")


def test_the_country_of_phones_may_be_said(tmp_path: Path) -> None:
    rows = [(f"0912 345 67{n}", sha(f"+8491234567{n}")) for n in range(5)]
    unsaid = inspect(tmp_path, "phone,phone_sha256", rows)
    assert codes(unsaid, "phone") == {"no_country": (2, 3, 4, 5, 6)}
    said = inspect(tmp_path, "phone,phone_sha256", rows, country="VN")
    assert codes(said, "phone") == {}
    assert codes(said, "phone_sha256") == {}


def test_latin1_in_the_raw_column_is_told_from_latin1_in_the_hash(tmp_path: Path) -> None:
    """The file itself may be Latin-1: its hashes may be right all the same."""
    path = tmp_path / "list.csv"
    right, wrong = sha("jürgen@example.com"), sha("zoë@example.com".encode("latin-1"))
    lines = [
        *(f"{e},{h}" for e, h in GOOD),
        f"jürgen@example.com,{right}",
        f"zoë@example.com,{wrong}",
    ]
    path.write_bytes("\n".join(["email,hash", *lines, ""]).encode("latin-1"))
    told = inspect_file(path)
    assert codes(told, "hash") == {"latin1_input": (23,)}
    assert codes(told, "email") == {"not_utf8": (22, 23)}
