"""docs/inspect.md names every fault and every key that a machine may read."""

from __future__ import annotations

import re
from pathlib import Path

from audiences.flows.inspect import TYPES, inspect_file
from audiences.inspect.faults import FAULTS
from tests.unit.inspect.lists import PLANTS, write

PAGE = (Path(__file__).parents[3] / "docs" / "inspect.md").read_text("utf-8")


def test_every_fault_stands_in_the_documentation_with_its_words() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (loses|risk|note) \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)
    told = {code: (severity, says, fix) for code, severity, says, fix in rows}
    assert told == {
        code: (fault.severity, re.sub(r"\{\w+\}", "…", fault.says), fault.fix)
        for code, fault in FAULTS.items()
    }


def test_every_key_and_type_stands_in_the_documentation(tmp_path: Path) -> None:
    cells = [make(n) for n, make in enumerate(PLANTS.values(), 1)]
    told = inspect_file(write(tmp_path / "list.csv", cells)).as_json()
    [column] = told["columns"]
    keys = {*told, *column, *column["findings"][0], *TYPES}
    named = set(re.findall(r"`(\w+)(?:\[\])?`", PAGE))
    assert keys - named == set()
