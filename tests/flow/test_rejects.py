"""Rejects are read back by file and reason: where each is, why, what mends it, never the value."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from audiences.flows.ingest import ingest_file
from audiences.flows.rejects import COLUMNS, first_places, list_rejects
from audiences.flows.workspace import Workspace
from tests.builders import new_workspace, write
from tests.conftest import Answer

ROWS = [
    {"email": "ana@example.com", "phone": "", "country": ""},
    {"email": "two@@example.com", "phone": "0912345678", "country": "VN"},
    {"email": "no.sign", "phone": "", "country": "VN"},
    *({"email": f"{n}@@example.com", "phone": "", "country": "VN"} for n in range(5)),
]


def took(workspace: Workspace, path: Path) -> str:
    write(path, ROWS)
    return ingest_file(workspace, "profiles", path, path.stem).commit


def test_each_is_told_by_file_row_and_field_with_what_mends_it(
    workspace: Workspace, tmp_path: Path
) -> None:
    took(workspace, tmp_path / "crm.csv")
    took(workspace, tmp_path / "other.csv")
    found = list_rejects(workspace, file="crm.csv")
    assert (found.total, found.reasons) == (7, {"two_at_signs": 6, "no_at_sign": 1})
    places = [(r["file"], r["row"], r["scope"], r["field"], r["reason"]) for r in found.rows]
    assert places[:2] == [
        ("crm.csv", 2, "field", "email", "two_at_signs"),
        ("crm.csv", 3, "row", "email", "no_at_sign"),
    ]
    assert found.rows[0]["fix"] == "Give one address in each cell."
    assert "two@@example" not in str(found)
    assert list_rejects(workspace).total == 14
    assert list_rejects(workspace, file="none.csv").total == 0


def test_a_limit_and_a_reason_narrow_what_is_shown_and_the_file_has_all(
    workspace: Workspace, tmp_path: Path
) -> None:
    took(workspace, tmp_path / "crm.csv")
    out = tmp_path / "out.csv"
    found = list_rejects(workspace, reason="two_at_signs", limit=2, out=out)
    assert (found.total, [r["row"] for r in found.rows]) == (6, [2, 4])
    with out.open(encoding="utf-8") as file:
        head, *lines = csv.reader(file)
    assert tuple(head) == COLUMNS
    assert [line[head.index("row")] for line in lines] == ["2", "4", "5", "6", "7", "8"]


def test_the_first_rows_of_each_reason_are_those_of_these_files(
    workspace: Workspace, tmp_path: Path
) -> None:
    commit = took(workspace, tmp_path / "crm.csv")
    took(workspace, tmp_path / "other.csv")
    first = first_places(workspace, {commit: "crm.csv"})
    assert [place["row"] for place in first["two_at_signs"]] == [2, 4, 5]
    assert first["no_at_sign"] == [{"file": "crm.csv", "row": 3, "field": "email"}]


def test_a_name_that_holds_an_address_is_not_kept(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "ana@example.com.csv"
    write(path, ROWS)
    ingest_file(workspace, "profiles", path, "crm")
    assert {row["file"] for row in list_rejects(workspace).rows} == {"[email]"}


@pytest.mark.parametrize("several", [False, True])
def test_the_command_names_rows_and_how_to_list_all(
    bridge: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, several: bool
) -> None:
    new_workspace(tmp_path / "w")
    monkeypatch.chdir(tmp_path / "w")
    files = [tmp_path / "crm.csv", *([tmp_path / "b.csv"] if several else [])]
    for file in files:
        write(file, ROWS if file.stem == "crm" else ROWS[:2])
    told = bridge("ingest", "profiles", *files, "--source", "crm")
    assert ("crm.csv 3 email" if several else " 3 email") in told.out
    assert f"bridge rejects{'' if several else ' crm.csv'} lists them all" in told.out
    again = bridge("ingest", "profiles", *files, "--source", "crm", "--json")
    assert json.loads(again.out)["first"]["no_at_sign"] == [
        {"file": "crm.csv", "row": 3, "field": "email"}
    ]
    listed = bridge("rejects", "crm.csv", "--limit", "1")
    assert "and 6 more" in listed.out
    assert max(map(len, listed.out.splitlines())) <= 80
    assert json.loads(bridge("rejects", "--json").out)["total"] == (8 if several else 7)
