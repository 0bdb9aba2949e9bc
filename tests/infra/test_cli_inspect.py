"""`bridge inspect`: exit codes, one object for machines, and no value of the list in any answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Answer
from tests.unit.inspect.lists import PLANTS, mail, sha, write

Bridge = Callable[..., Answer]
KEYS = {"code", "severity", "rows", "lines", "says", "fix"}


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    cells = [make(n) for n, make in enumerate(PLANTS.values(), 1)] + [sha(mail(99))] * 3
    return write(tmp_path / "list.csv", [*cells, *(sha(mail(n)) for n in range(100, 140))])


def test_a_clean_list_exits_with_0_and_a_faulty_one_with_1(
    bridge: Bridge, faulty: Path, tmp_path: Path
) -> None:
    clean = write(tmp_path / "clean.csv", [sha(mail(n)) for n in range(9)])
    told = bridge("inspect", clean)
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("✓ clean.csv is clean")
    told = bridge("inspect", faulty)
    assert (told.code, told.err) == (1, "")
    assert told.out.startswith("✗ list.csv: of 60 rows")


def test_a_machine_gets_one_object(bridge: Bridge, faulty: Path) -> None:
    told = bridge("inspect", faulty, "--json")
    assert told.code == 1
    [line] = told.out.splitlines()
    found = json.loads(line)
    assert found.keys() >= {"file", "rows", "columns", "verdict"}
    assert (found["file"], found["rows"], found["verdict"]) == ("list.csv", 60, "loses")
    [column] = found["columns"]
    assert column.keys() >= {"name", "kind", "findings"}
    assert all(one.keys() == KEYS for one in column["findings"])
    codes = {one["code"] for one in column["findings"]}
    assert codes >= {plant for plant in PLANTS if plant}


def test_no_value_of_the_list_is_shown(bridge: Bridge, faulty: Path) -> None:
    said = [bridge("inspect", faulty).out, bridge("inspect", faulty, "--json").out]
    words = "\n".join(said).lower()
    cells = [re.sub(r"[\s'\"]", "", cell) for cell in faulty.read_text("utf-8").splitlines()[1:]]
    secrets = {cell.lower() for cell in cells if len(cell) > 8}
    assert len(secrets) > 50
    assert not [one for one in secrets if one in words or one[:12] in words]


def test_a_header_that_could_be_data_is_shown_by_its_shape(bridge: Bridge, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"hash,id 99123456\n{sha(mail(1))},x\n", encoding="utf-8")
    assert "99123456" not in bridge("inspect", path).out


def test_wrong_use_exits_with_2_and_a_bad_file_with_1(
    bridge: Bridge, faulty: Path, tmp_path: Path
) -> None:
    assert bridge("inspect", faulty, "--column", "nope").code == 2
    assert bridge("inspect", faulty, "--type", "nope").code == 2
    assert bridge("inspect").code == 2
    told = bridge("inspect", tmp_path / "none.csv", "--json")
    assert told.code == 1
    assert json.loads(told.out)["error"]["message"] == "none.csv: there is no such file"
