"""The charts of the report page: inline SVG, coloured by the page, with their meaning in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import escape

from audiences.reports.contrast import AudienceContrast
from audiences.reports.decay import AudienceDecay, Series
from infra.local.render.words import NAMES, compact, count, on_day

LINES = (Series.DURABLE, Series.DEVICE, Series.COOKIE, Series.MOBILE)
_WIDTH, _HEIGHT = 420, 236
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 24, 26


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the values of a chart lie: days along, members up to `top`."""

    curve: AudienceDecay
    days: int
    top: int

    def x(self, day: float) -> float:
        """Place a day."""
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * day / max(1, self.days)

    def y(self, members: float) -> float:
        """Place a number of members."""
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * members / self.top

    def path(self, values: Sequence[int]) -> str:
        """Write a curve."""
        points = (f"{self.x(day):.1f} {self.y(left):.1f}" for day, left in enumerate(values))
        return "M" + "L".join(points)

    def area(self, upper: Sequence[int], lower: Sequence[int]) -> str:
        """Write the area between two curves."""
        back = reversed(list(enumerate(lower)))
        return (
            self.path(upper)
            + "L"
            + "L".join(f"{self.x(day):.1f} {self.y(left):.1f}" for day, left in back)
            + "Z"
        )

    def axes(self) -> Iterator[str]:
        """Yield the scale: a few round numbers up, a few dates along."""
        right = _WIDTH - _RIGHT
        for tick in ticks(self.top):
            y, kind, label = self.y(tick), "grid" if tick else "base", compact(tick, self.top)
            yield f'<line class="{kind}" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield f'<text x="{_LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
        for third, anchor in enumerate(("start", "middle", "middle", "end")):
            day = self.days * third // 3
            label = self._date(day)
            x, y = self.x(day), _HEIGHT - 7
            yield f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}">{label}</text>'

    def _date(self, day: int) -> str:
        if day == 0:
            return "today"
        on = self.curve.first_day + timedelta(days=day)
        return on_day(on, self.curve.first_day, short=True)


def ticks(top: int) -> list[int]:
    """Return three to five round numbers from nought to `top`, which must itself be round."""
    step = next(s for s in _steps() if s * 4 >= top)
    return list(range(0, top + 1, step))


def round_top(largest: int) -> int:
    """Return the smallest round number on which a scale can end."""
    step = next(s for s in _steps() if s * 4 >= max(1, largest))
    return step * -(-max(1, largest) // step)


def _steps() -> Iterator[int]:
    size = 1
    while True:
        yield from (size, 2 * size, 3 * size, 5 * size)
        size *= 10


def bar(now: AudienceContrast) -> str:
    """Draw one audience as a bar: durable, both, only on a clock, unreachable."""
    parts = {
        "durable": now.only_durable,
        "both": now.both,
        "clock": now.only_on_a_clock,
        "gone": now.unreachable,
    }
    drawn, start = [], 0.0
    for kind, members in parts.items():
        width = 1000 * members / max(1, now.members)
        # A hairline of the page between two parts tells them apart without colour.
        shown = max(0.0, width - 2) if start + width < 999.5 else width
        place = f'x="{start:.2f}" y="0" width="{shown:.2f}" height="10"'
        drawn.append(f'<rect class="f-{kind}" {place}/>')
        start += width
    words = (
        f"{count(now.only_durable)} durable only, {count(now.both)} durable and on a clock, "
        f"{count(now.only_on_a_clock)} only on a clock, {count(now.unreachable)} unreachable"
    )
    return (
        f'<svg viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(words)}">{"".join(drawn)}</svg>'
    )


def melting(curve: AudienceDecay) -> str:
    """Draw what stays reachable: the durable floor, and on it what only devices reach, melting.

    Where devices alone reach nobody, they are drawn before the floor instead: what a company
    without profiles would have.
    """
    floor, total = curve.series[Series.DURABLE], curve.series[Series.REACHABLE]
    frame = _Frame(curve, len(floor) - 1, round_top(total[0]))
    none = [0] * len(floor)
    durable = f'<path class="a-durable" d="{frame.area(floor, none)}"/>'
    if curve.series[Series.CLOCK_ONLY][0]:
        clock = f'<path class="a-clock" d="{frame.area(total, floor)}"/>'
        mark = _half_mark(curve, Series.CLOCK_ONLY, total, frame)
    else:
        device = curve.series[Series.DEVICE]
        clock = f'<path class="a-clock" d="{frame.area(device, none)}"/>'
        mark = _half_mark(curve, Series.DEVICE, device, frame)
    words = (
        f"Reachable members go from {count(total[0])} today to {count(total[-1])} "
        f"after {frame.days} days; {count(floor[0])} of them are durable."
    )
    return _svg([*frame.axes(), durable, clock, *mark], words)


def lines(curve: AudienceDecay) -> str:
    """Draw durable reach beside each kind of device, as lines from nought."""
    largest = max(curve.series[series][0] for series in LINES)
    frame = _Frame(curve, len(curve.series[Series.DURABLE]) - 1, round_top(largest))
    drawn = [
        f'<path class="l l-{series}" d="{frame.path(curve.series[series])}"/>'
        for series in reversed(LINES)
    ]
    words = "; ".join(
        f"{NAMES[series]}: {count(curve.series[series][0])} today, "
        f"{count(curve.series[series][-1])} after {frame.days} days"
        for series in LINES
    )
    return _svg([*frame.axes(), *drawn], words)


def swatch(kind: str) -> str:
    """Draw a small sample for a key: an area `f-…`, `a-…`, or a line `l-…`."""
    if kind.startswith("l-"):
        shape = f'<path class="l {kind}" d="M2 6H34"/>'
    else:
        shape = f'<rect class="{kind}" x="0" y="0" width="36" height="12" rx="2"/>'
    return f'<svg viewBox="0 0 36 12" aria-hidden="true">{shape}</svg>'


def _half_mark(
    curve: AudienceDecay, series: Series, edge: Sequence[int], frame: _Frame
) -> Iterator[str]:
    """Mark the day on which half of a series is gone, on the edge of its area."""
    day, on = curve.half_gone(series), curve.half_gone_on(series)
    if day is None or on is None:
        return
    x, y = frame.x(day), frame.y(edge[day])
    side, gap = ("start", 6) if day <= frame.days * 0.55 else ("end", -6)
    label = f"half gone by {on_day(on, curve.first_day, short=True)}"
    yield f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 14}" y2="{y - 4:.1f}"/>'
    yield f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    yield (
        f'<text class="say" x="{x + gap:.1f}" y="{_TOP - 6}" text-anchor="{side}">{label}</text>'
    )


def _svg(parts: Sequence[str], words: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(words)}">'
        f"{''.join(parts)}</svg>"
    )
