"""A grid of braille dots on which curves are drawn, eight dots to a character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

# The dots of a braille cell from top to bottom: left column, right column.
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """How a curve looks: so it can be told from others with and without colour."""

    style: str
    letter: str  # where the terminal knows no braille
    on: int  # dots drawn, then
    off: int  # dots left out
    thick: bool = False  # two dots high

    def draws(self, dot: int) -> bool:
        """Say whether the pen touches the paper at this dot."""
        return dot % (self.on + self.off) < self.on

    def sample(self, width: int, *, ascii_only: bool) -> str:
        """Return a stretch of the line for a legend."""
        if ascii_only:
            return self.letter * width
        dots = [self.draws(dot) for dot in range(2 * width)]
        left, right = (0x06, 0x30) if self.thick else (0x04, 0x20)
        return "".join(
            chr(0x2800 + left * dots[2 * cell] + right * dots[2 * cell + 1])
            for cell in range(width)
        )


@dataclass(frozen=True, slots=True)
class Canvas:
    """Dots set so far, and the pen that was last in each cell."""

    columns: int
    rows: int
    dots: dict[tuple[int, int], int] = field(default_factory=dict)
    pens: dict[tuple[int, int], Pen] = field(default_factory=dict)

    def draw(self, values: Sequence[int], top: int, pen: Pen) -> None:
        """Draw a curve over the whole width; `top` is the value at the upper edge."""
        width, height = 2 * self.columns, 4 * self.rows
        before: int | None = None
        for x in range(width):
            value = _at(values, x / max(1, width - 1))
            y = round((height - 1) * (1 - value / top))
            if pen.draws(x):
                for step in _between(before, y):
                    self._set(x, step, pen)
                    if pen.thick:
                        self._set(x, step - 1 if step else 1, pen)
            before = y

    def cells(self, row: int, *, ascii_only: bool) -> Iterator[tuple[str, str]]:
        """Yield the characters of a row, each with its style."""
        for column in range(self.columns):
            pen = self.pens.get((column, row))
            if pen is None:
                yield " ", ""
            else:
                dots = self.dots[column, row]
                yield (pen.letter if ascii_only else chr(0x2800 + dots)), pen.style

    def _set(self, x: int, y: int, pen: Pen) -> None:
        cell = x // 2, y // 4
        self.dots[cell] = self.dots.get(cell, 0) | _DOTS[x % 2][y % 4]
        self.pens[cell] = pen


def _at(values: Sequence[int], share: float) -> float:
    """Read a curve between its points; share 0 is the first of them, 1 the last."""
    place = share * (len(values) - 1)
    left = int(place)
    right = min(left + 1, len(values) - 1)
    return values[left] + (values[right] - values[left]) * (place - left)


def _between(before: int | None, now: int) -> range:
    """Return the dots that join two heights, without the first of them."""
    if before is None or abs(now - before) <= 1:
        return range(now, now + 1)
    return range(before + 1, now + 1) if now > before else range(now, before)
