"""YAML with places: every fault of a file is an error with a line, whatever stands in it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConfigurationError
from shared.located import load

BILLION = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 10)}]"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: 2026-02-30\n", 2),
        ("a: 1\nb: !!python/name:os.system x\n", 2),
        ("a: 1\na: 2\n", 2),
        ("a: [1\n", 2),
        (BILLION, 1),
        ("a: &a [*a]\n", 1),
        ("[" * 5000, 1),
    ],
)
def test_a_fault_names_its_line(text: str, line: int) -> None:
    """A date that is none, a tag, a repeated key, an alias bomb: each is one clear error."""
    with pytest.raises(ConfigurationError) as raised:
        load(text, "x.yaml")
    assert raised.value.faults[0].where == f"x.yaml:{line}"


@given(st.text(max_size=300))
def test_any_text_loads_or_is_refused(text: str) -> None:
    """Nothing but a value or our own error comes out."""
    with contextlib.suppress(ConfigurationError):
        assert load(text, "x.yaml").file == "x.yaml"


def test_a_value_knows_its_line() -> None:
    """The place of a value is that of its key; an unknown path falls back to its parent."""
    found = load("name: x\nwhere:\n  all:\n    - seen: {trait: a}\n", "x.yaml")
    assert found.where("where", "all", 0, "seen") == "x.yaml:4"
    assert found.where("where", "nothing") == "x.yaml:2"
