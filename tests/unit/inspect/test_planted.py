"""Every planted fault is found, with its count and lines, in every format; nothing else is."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.flows.inspect import Inspection, inspect_file
from audiences.inspect.tally import LINES
from tests.unit.inspect.lists import PLANTS, mail, sha, write

FORMATS = ("list.csv", "list.txt", "list.tsv", "list.csv.gz", "list.parquet")
CLEAN = 40  # so many good cells in each list keep its column a column of SHA-256 in hex


def found(told: Inspection) -> dict[str, tuple[int, tuple[int, ...]]]:
    [column] = told.columns
    assert told.findings == ()
    return {one.code: (one.rows, one.lines) for one in column.findings}


def expected(plants: list[str], first: int) -> dict[str, tuple[int, tuple[int, ...]]]:
    lines: dict[str, list[int]] = defaultdict(list)
    for line, plant in enumerate(plants, first):
        if plant:
            lines[plant].append(line)
    return {plant: (len(on), tuple(on[:LINES])) for plant, on in lines.items()}


@settings(max_examples=25, deadline=None)
@given(
    plants=st.lists(st.sampled_from(list(PLANTS)), max_size=50),
    name=st.sampled_from(FORMATS),
    header=st.sampled_from(("email_sha256", "")),
    seed=st.randoms(use_true_random=False),
)
def test_every_planted_fault_is_found_with_its_exact_count_and_lines(plants, name, header, seed):
    plants = plants + [""] * CLEAN
    seed.shuffle(plants)
    header = header or ("h" if name.endswith(".parquet") else "")
    if name == "list.tsv":
        header = header or "hash"
    cells = [PLANTS[plant](number) for number, plant in enumerate(plants, 1)]
    if not header and not cells[0].strip():
        cells[0], plants[0] = PLANTS[""](0), ""  # a blank first line is no row of its own
    with TemporaryDirectory() as folder:
        told = inspect_file(write(Path(folder) / name, cells, header))
    first = 2 if header and not name.endswith(".parquet") else 1
    assert told.rows == len(plants)
    assert found(told) == expected(plants, first)
    faulty = {plant for plant in plants if plant not in ("", "empty", "upper_case_hex")}
    risk = "risk" if "upper_case_hex" in plants else "clean"
    assert told.verdict == ("loses" if faulty else risk)
    assert told.columns[0].lost == sum(plant in faulty for plant in plants)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=80))
def test_repeats_are_all_cells_but_the_first_of_each_value(numbers):
    cells = [sha(mail(number)) for number in numbers]
    spelt = [cell.upper() if n % 2 else cell for n, cell in enumerate(cells)]
    with TemporaryDirectory() as folder:
        told = inspect_file(write(Path(folder) / "list.csv", spelt))
    again = [n + 2 for n, value in enumerate(cells) if value in cells[:n]]
    found_ = {f.code: (f.rows, f.lines) for f in told.columns[0].findings}
    wanted = (len(again), tuple(again[:LINES])) if again else None
    assert found_.get("duplicates") == wanted


@settings(max_examples=8, deadline=None)
@given(st.sets(st.integers(0, 60), max_size=20))
def test_a_hash_of_another_rows_digest_is_found(doubled):
    """Proven by the list itself, in whatever order the two stand."""
    once = [sha(f"{n}@x.com") for n in range(60)]
    cells = [sha(once[n]) if n in doubled else once[n] for n in range(60)] + once[:61]
    with TemporaryDirectory() as folder:
        told = inspect_file(write(Path(folder) / "list.txt", cells, header=""))
    codes = {f.code: (f.rows, f.lines) for f in told.columns[0].findings}
    lines = sorted(n + 1 for n in doubled if n < 60)
    assert codes.get("double_hash") == ((len(lines), tuple(lines[:LINES])) if lines else None)


def test_a_fault_that_comes_late_in_a_long_list_is_found(tmp_path: Path) -> None:
    """Beyond the first batch, and beyond the rows that decide what the columns are."""
    cells = [sha(mail(n)) for n in range(150_000)]
    cells[140_000], cells[149_999] = "null", sha(cells[3])
    told = inspect_file(write(tmp_path / "list.csv", cells))
    assert found(told) == {"placeholder": (1, (140_002,)), "double_hash": (1, (150_001,))}


@pytest.mark.parametrize("name", FORMATS)
def test_a_clean_list_is_clean(tmp_path: Path, name: str) -> None:
    told = inspect_file(write(tmp_path / name, [sha(mail(n)) for n in range(500)]))
    assert (told.verdict, found(told)) == ("clean", {})
    assert {"google", "meta"} <= set(told.columns[0].takes)
