"""Tables of 80 columns: names, short values and instants stay whole, prose wraps."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from infra.local.output import counted, table
from infra.local.render.plan import plan_lines
from infra.local.render.words import agreed


def shown(value: object) -> list[str]:
    console = Console(file=io.StringIO(), width=80, force_terminal=False)
    console.print(value)
    return str(console.file.getvalue()).splitlines()  # type: ignore[attr-defined]


def test_names_and_short_values_are_whole_and_prose_wraps() -> None:
    prose = "Add a country column (two letters), or write + and the country code. " * 2
    rows = [("credentials", "destinations/ttd-main.yaml", "1 (100 %)", 12_345, prose)]
    lines = shown(table("T", ("check", "what", "share", "rows", "what to do"), rows))
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "destinations/ttd-main.yaml" in text
    assert "1 (100 %)" in text
    assert "12,345" in text
    assert len(lines) > 4


def test_no_column_is_squeezed_to_single_letters() -> None:
    names = ("destination → audience", "state", "since", "first sent", "last sent", "consent")
    at = "2026-11-26T14:21:36.208336Z"
    rows = [("google-main → recent-buyers", "held or out: no answer came", at, at, at, "granted")]
    lines = shown(table("", names, rows))
    assert max(map(len, lines)) <= 80
    assert "granted" in "\n".join(lines)
    assert len(lines) <= 9


def test_an_instant_is_told_to_the_minute() -> None:
    lines = shown(table("", ("at",), [("2026-11-26T14:21:36.208336Z",)]))
    assert lines[-1].strip() == "2026-11-26 14:21"


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (4_210, "4,210 rows")]
)
def test_one_is_singular(number: int, said: str) -> None:
    assert counted(number, "row") == said
    assert counted(1, "person", "people") == "1 person"
    assert counted(2, "person", "people") == "2 people"


def test_a_consent_is_told_in_few_words() -> None:
    both = "ad_user_data=granted;ad_personalization=granted"
    mixed = "ad_user_data=granted;ad_personalization=unknown"
    assert agreed(both) == "granted"
    assert agreed(mixed) == "ad_user_data granted, ad_personalization unknown"
    assert agreed(f"{both}, {both}") == "granted"
    assert agreed("") == ""


def test_a_plan_of_many_steps_does_not_wander_off_to_the_right() -> None:
    step = {"name": "SEQ_SCAN", "children": [], "extra_info": {"Estimated Cardinality": "8"}}
    for _ in range(40):
        step = {
            "name": "PROJECTION",
            "children": [step],
            "extra_info": {"Projections": ["#0", "#1"]},
        }
    join = {"name": "HASH_JOIN", "children": [step, step], "extra_info": {"Conditions": "a = b"}}
    lines = shown(plan_lines(join))
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("Hash join")
    assert lines[-1].strip().endswith("~8 rows")
