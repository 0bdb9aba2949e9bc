"""The terminal shows every number at 80 columns, in colour, without it, and in plain ASCII."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from infra.local.render.braille import Canvas, Pen
from infra.local.render.terminal import _shared, contrast_table, decay_chart

SOLID = Pen(style="", letter="x", on=1, off=0)


def shown(renderable, width=80, encoding="utf-8", colour=False) -> str:
    """Print to a terminal of a width and encoding, and return what it got."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    system = "truecolor" if colour else None
    Console(file=file, width=width, force_terminal=colour, color_system=system).print(renderable)
    file.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("width", [80, 120])
def test_everything_fits_the_width_in_any_encoding(contrast, decay, width, encoding):
    """No line is longer than the terminal, and an ASCII terminal gets only ASCII."""
    for renderable in (contrast_table(contrast), decay_chart(decay)):
        text = shown(renderable, width, encoding)
        assert max(len(line.rstrip()) for line in text.splitlines()) <= width


def test_the_contrast_shows_each_group_in_a_column(contrast):
    """Members, durable, on a clock, both, only on a clock, unreached."""
    lines = shown(contrast_table(contrast)).splitlines()
    (row,) = [line for line in lines if "12,480" in line]
    assert row.split()[:7] == ["lapsed-vips", "12,480", "7,738", "8,120", "3,910", "4,210", "532"]
    assert row.count("█") + row.count("▓") + row.count("▒") + row.count("░") == 10
    types = [line.split() for line in lines if "cookie" in line]
    assert types[0] == ["cookie", "8,120", "65", "%", "21.4", "89.9"]


def test_long_names_are_not_cut(contrast):
    """An identifier of a partner is shown whole."""
    assert "running-shoes-seen" in shown(contrast_table(contrast))


def test_the_decay_shows_what_is_left_and_when_half_is_gone(decay):
    """The table below the curves says what the curves show."""
    text = shown(decay_chart(decay))
    (row,) = [line for line in text.splitlines() if "any device" in line and "8,120" in line]
    assert row.split()[-2:] == ["14", "Dec"]
    assert "4,060" in row or "4,060" in text
    assert "nobody: nobody can be reached" in text


def test_without_colour_lines_differ_by_pattern(decay):
    """Each way of reaching has a sample of its own in the legend."""
    text = shown(decay_chart(decay))
    rows = [
        line
        for line in text.splitlines()
        if any(f"  {name} " in line for name in ("durable", "any device", "cookie", "mobile id"))
    ]
    assert len({row[:4] for row in rows[:4]}) == 4


def test_colour_is_used_where_there_is_some(decay):
    """And nowhere else."""
    assert "\x1b[" in shown(decay_chart(decay), colour=True)
    assert "\x1b[" not in shown(decay_chart(decay))


def test_a_flat_curve_lies_at_its_height():
    """The largest value is drawn at the upper edge, nought at the lower."""
    canvas = Canvas(10, 4)
    canvas.draw([8] * 5, 8, SOLID)
    assert {row for _, row in canvas.dots} == {0}
    canvas = Canvas(10, 4)
    canvas.draw([0] * 5, 8, SOLID)
    assert {row for _, row in canvas.dots} == {3}


def test_a_falling_curve_has_no_gaps():
    """Steps are joined, so that a sudden end is a line and not two pieces."""
    canvas = Canvas(10, 4)
    canvas.draw([8, 8, 0, 0], 8, SOLID)
    assert {row for _, row in canvas.dots} == {0, 1, 2, 3}
    cells = list(canvas.cells(0, ascii_only=True))
    assert cells[0] == ("x", "")
    assert cells[-1] == (" ", "")


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=6), st.integers(1, 40))
def test_shares_of_a_bar_fill_it_exactly(parts, width):
    """A bar is as wide as its neighbours whatever the rounding, and empty only without members."""
    shares = _shared(tuple(parts), width)
    assert sum(shares) == (width if sum(parts) else 0)
    assert all(share == 0 for part, share in zip(parts, shares, strict=True) if part == 0)
