"""The page on rules names every word that a rule may hold, and its examples can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from audiences.rules import fields, operators, spec
from audiences.rules.explain import plain_words
from audiences.rules.leaves import BRANCHES_AND_LEAVES, NOT_YET

PAGE = Path(__file__).parents[3] / "docs" / "rules.md"
TEXT = PAGE.read_text("utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
WORDS = {
    *spec.WORDS,
    *spec.KINDS,
    *spec.MODES,
    *BRANCHES_AND_LEAVES,
    *NOT_YET,
    *fields.NATIVE,
    *operators.COMPARISONS,
    *operators.ORDERINGS,
    *operators.AGGREGATES,
    *operators.WINDOWS,
    *operators.EVENT_FILTERS,
    *operators.SEEN_FILTERS,
    *operators.TOTALLED,
    *("field", "times", "percent", "salt", "to", "mode", "schedule", "timezone", "window_minutes"),
    spec.DO_NOT_CONTACT,
}


@pytest.mark.parametrize("word", sorted(WORDS))
def test_every_word_is_on_the_page(word):
    """A word that can be written can be looked up."""
    assert re.search(rf"`[^`\n]*(?<![\w-]){word}(?![\w-])[^`\n]*`", TEXT), word


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_an_audience(example):
    """What the page shows can be pasted."""
    name = yaml.safe_load(example)["name"]
    assert plain_words(spec.parse(example, f"{name}.yaml"))


def test_there_are_examples():
    """The page teaches by showing."""
    assert len(EXAMPLES) >= 3
