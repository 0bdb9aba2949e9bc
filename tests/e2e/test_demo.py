"""`bridge demo` as a user runs it: the whole job, twice the same, and what it claims is so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BRIDGE = (sys.executable, "-m", "infra.local")


def demo(folder: Path) -> dict[str, Any]:
    """Run the demo in a folder and return what it says."""
    done = subprocess.run(
        [*BRIDGE, "demo", "--people", "1500", "--json", "--folder", str(folder)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "nanobind" not in done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("demo") / "shop"
    return demo(folder), demo(folder)


def test_two_demos_say_the_same(twice: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """The same people give the same numbers, also in a folder that held a demo before."""
    first, second = twice
    assert first == second


def test_every_platform_holds_what_was_planned(
    twice: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    """The stand-ins' own account of their members is ours, after both weeks."""
    platforms = [p for week in twice[0]["weeks"] for p in week["platforms"]]
    assert len(platforms) >= 6
    assert all(p["equals_plan"] and p["count"] for p in platforms)


def test_the_second_week_adds_removes_and_expires(
    twice: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    """A week later people have come and gone, and ids have run out."""
    said = twice[0]
    first, second = said["weeks"]
    for name in ("adds", "removes", "changed"):
        assert sum(sync[name] for sync in second["syncs"]) > 0
    assert not any(sync["removes"] for sync in first["syncs"])
    assert said["expire"]["rows"] > 0
    assert said["ledger"]["whole"]
    sent = sum(
        s["accepted"] + s["rejected"] + s["unknown"] for w in said["weeks"] for s in w["syncs"]
    )
    assert said["ledger"]["rows"] == sent


def test_every_row_is_kept_or_rejected(twice: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """What came in is what was kept and what was rejected, each reject with a reason."""
    for week in twice[0]["weeks"]:
        for counts in week["ingest"].values():
            assert counts["rows_in"] == counts["kept"] + counts["rejected"]
            assert sum(counts["reasons"].values()) == counts["rejected"]


def test_the_page_needs_nothing_from_outside(
    twice: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    """The report is one file that loads nothing."""
    page = Path(twice[0]["page"]).read_text(encoding="utf-8")
    assert "<svg" in page
    assert not any(word in page for word in ('src="http', "@import", "<script", "<link"))


def test_a_folder_that_is_not_a_demos_is_left_alone(tmp_path: Path) -> None:
    """The demo makes its folder anew, so it refuses one that holds anything else."""
    (tmp_path / "thesis.txt").write_text("years of work")
    done = subprocess.run(
        [*BRIDGE, "demo", "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "not a demo's folder" in done.stderr
    assert (tmp_path / "thesis.txt").exists()
