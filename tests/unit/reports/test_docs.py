"""docs/reports.md names every key that a machine may read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from audiences.reports.contrast import contrast
from audiences.reports.decay import decay

PAGE = Path(__file__).parents[3] / "docs" / "reports.md"


def keys(value) -> set[str]:
    """Collect the keys of a JSON value, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*(keys(child) for child in value.values()))
    if isinstance(value, list):
        return set().union(*(keys(child) for child in value))
    return set()


@pytest.mark.parametrize("report", [contrast, decay])
def test_every_key_stands_in_the_documentation(lake, as_of, report):
    """A key that is not documented is not a contract."""
    lake.person(1, ("email", None), ("cookie", 5))
    lake.audience("a", [1])
    found = keys(report(lake.con, ["a"], as_of).as_json())
    told = set(re.findall(r"[\w.]+", " ".join(re.findall(r"`[^`]*`", PAGE.read_text("utf-8")))))
    parts = {part for word in told for part in word.split(".")}
    assert len(found) > 8
    assert found - parts == set()
