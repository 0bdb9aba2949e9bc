"""Every outcome of the autopsy stands in the documentation, under the plan's own word."""

from __future__ import annotations

import re
from pathlib import Path

from audiences.match.losses import OUTCOMES

PAGE = (Path(__file__).parents[3] / "docs" / "reports.md").read_text("utf-8")
WORDS = {"": ("sent", "no member")}


def test_every_outcome_is_documented_as_the_plan_counts_it() -> None:
    told = {}
    for names, dropped in re.findall(r"^\| (`[\w`, ]+`) \| (`?[\w ]+`?) \| ", PAGE, re.MULTILINE):
        told |= {name: dropped.strip("`") for name in re.findall(r"\w+", names)}
    for name, outcome in OUTCOMES.items():
        assert told[name] in WORDS.get(outcome.dropped, (outcome.dropped,)), name
