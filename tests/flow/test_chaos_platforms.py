"""Every platform and further flow under chaos: killed at any moment, it comes to the same end."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from audiences.platforms.base import Op
from tests.contract.cases.case import NAMES, there
from tests.flow.chaos_deal import Told, played
from tests.flow.chaos_place_run import draw
from tests.flow.chaos_platforms import BEGIN, COLUMNS, END, summary

ROOT = Path(__file__).parents[2]
SLICE = ("amazon", "line", "microsoft_bulk")  # asked later; made anew; a file with a place


chaos = partial(played, "tests.flow.chaos_platforms")


def test_some_platforms_end_in_step_whenever_they_are_killed() -> None:
    code, said = chaos("--runs", "2", *(f"--platform={slug}" for slug in SLICE))
    assert code == 0, said


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_platform_ends_in_step_whenever_it_is_killed() -> None:
    code, said = chaos("--runs", "6")
    assert code == 0, said


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("broken", "noticed"),
    [
        ("record_first", "has an outcome, and it was not sent"),
        ("send_all_again", "arrived again after its answer was recorded"),
        ("close_early", "its status is interrupted"),
        ("add_first", "held is not what the twin holds"),
        ("forget_the_run", "its status is interrupted"),
        ("link_twice", "are in the ledger"),
    ],
)
def test_broken_code_is_noticed_and_the_run_can_be_repeated(broken: str, noticed: str) -> None:
    code, said = chaos("--runs", "16", "--platform=meta", "--platform=tiktok", "--broken", broken)
    assert code == 1, said
    assert noticed in said
    assert "repeat it with: python -m tests.flow.chaos_platforms --platform " in said


@pytest.mark.parametrize("slug", NAMES)
def test_a_seed_always_draws_the_same_run_and_others_draw_others(slug: str) -> None:
    drawn = [draw(slug, seed) for seed in range(100)]
    assert drawn == [draw(slug, seed) for seed in range(100)]
    assert {one.kind for one in drawn} == {"time", "point"}
    assert {one.round for one in drawn} == {0, 1}
    assert len({one.kills for one in drawn}) == 100
    modes = {"mirror", "replace"} if Op.REPLACE in there(slug).ops else {"mirror"}
    assert {one.mode for one in drawn} == modes


def test_a_table_has_a_line_for_each_platform_and_one_for_all() -> None:
    counts = Counter({"reruns": 2, "arrived": 9, "fault 429": 3})
    told = [
        Told(again=f"{slug} 1", group=slug, folder="", counts=counts, kills=["start"])
        for slug in ("a", "b")
    ]
    head, _, *lines = summary(told, 1.0).splitlines()
    assert head.count("|") == len(COLUMNS) + 2
    assert lines[0] == "| `a` | 1 | 1 | 2 | 9 | 3 | 0 | 0 | 0 | 0 | 0 | 0 |"
    assert lines[2] == "| **all** | 2 | 2 | 4 | 18 | 6 | 0 | 0 | 0 | 0 | 0 | 0 |"


def test_the_page_shows_a_hundred_runs_of_every_platform_without_a_violation() -> None:
    page = (ROOT / "docs" / "chaos.md").read_text(encoding="utf-8")
    table = page.partition(BEGIN)[2].partition(END)[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    assert [row[0].strip("`") for row in rows] == NAMES
    assert {(row[1], row[-1]) for row in rows} == {("100", "0")}
