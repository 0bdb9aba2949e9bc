"""Reports for a terminal of 80 columns, with or without colour, with or without Unicode."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from audiences.reports.contrast import AudienceContrast, Contrast
from audiences.reports.decay import MARKS, AudienceDecay, Decay, Series
from infra.local.render.braille import Canvas, Pen
from infra.local.render.words import GAP, NAMES, count, days_left, on_day, percent

_ROWS = 10
_BAR = 10
_SHADES = (  # in Unicode, in ASCII, in colour, and what it stands for
    ("█", "#", "green", "durable only"),
    ("▓", "%", "cyan", "both"),
    ("▒", "=", "yellow", "only on a clock"),
    ("░", ".", "bright_black", "unreached"),
)
_PENS = {  # the last one drawn lies on top
    Series.MOBILE: Pen(style="magenta", letter="m", on=1, off=3),
    Series.COOKIE: Pen(style="red", letter="c", on=4, off=3),
    Series.DEVICE: Pen(style="yellow", letter="d", on=1, off=0),
    Series.DURABLE: Pen(style="bold green", letter="=", on=1, off=0, thick=True),
}


def contrast_table(contrast: Contrast) -> RenderableType:
    """Lay out the contrast: one row an audience, a key to the bars, one row an identifier type."""
    return Group(_reach(contrast), Text(), _Key(), Text(), _types(contrast))


def decay_chart(decay: Decay) -> RenderableType:
    """Draw each audience's decay, and below it what is left and when half is gone."""
    parts: list[RenderableType] = []
    for curve in decay.audiences:
        if curve.series[Series.REACHABLE][0] == 0:
            parts += [Text(f"{curve.audience}: nobody can be reached", style="bold"), Text()]
            continue
        title = f"{curve.audience}: members still reachable if nobody is seen again"
        parts += [Text(title, style="bold"), _Plot(curve), _legend(curve, decay.days), Text()]
    return Group(*parts)


def _reach(contrast: Contrast) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    longest = max((len(now.audience) for now in contrast.audiences), default=0)
    table.add_column("audience", overflow="fold", min_width=min(longest, 20), max_width=20)
    for name in ("members", "durable", "on a\nclock", "both", "clock\nonly", "un-\nreached"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("reach")
    for now in contrast.audiences:
        numbers = (
            now.members,
            now.durable,
            now.on_a_clock,
            now.both,
            now.only_on_a_clock,
            now.unreachable,
        )
        table.add_row(Text(now.audience), *(count(number) for number in numbers), _Bar(now))
    return table


def _types(contrast: Contrast) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("audience", overflow="fold")
    table.add_column("reached by", overflow="fold")
    for name in ("members", "share", "median\ndays left", "longest"):
        table.add_column(name, justify="right", no_wrap=True)
    for now in contrast.audiences:
        for place, kind in enumerate(now.by_type):
            table.add_row(
                Text("" if place else now.audience),
                Text(kind.type),
                count(kind.members),
                percent(kind.members, now.members).replace(GAP, " ").replace("–", "-"),
                days_left(kind.days_left_median),
                "" if kind.days_left_max is None else days_left(kind.days_left_max),
                end_section=place == len(now.by_type) - 1,
            )
    return table


def _legend(curve: AudienceDecay, days: int) -> Table:
    marks = [mark for mark in MARKS if mark <= days]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    table.add_column("reached by")
    for name in ("today", *(f"day {mark}" for mark in marks)):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("half gone")
    for series, pen in reversed(_PENS.items()):
        left = curve.series[series]
        numbers = (count(left[mark]) for mark in (0, *marks))
        table.add_row(_Sample(pen), NAMES[series], *numbers, _half_gone(curve, series))
    return table


def _half_gone(curve: AudienceDecay, series: Series) -> str:
    if series is Series.DURABLE:
        return "no clock"
    half = curve.half_gone_on(series)
    if half is None:
        return "later" if curve.series[series][0] else "-"
    return on_day(half, curve.first_day, short=True)


@dataclass(frozen=True, slots=True)
class _Bar:
    """An audience as a bar of four shades."""

    now: AudienceContrast

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        now = self.now
        parts = (now.only_durable, now.both, now.only_on_a_clock, now.unreachable)
        widths = _shared(parts, min(_BAR, options.max_width))
        for (full, plain, colour, _), width in zip(_SHADES, widths, strict=True):
            glyph = plain if options.ascii_only else full
            yield Segment(glyph * width, Style(color=colour))
        yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(6, _BAR)


@dataclass(frozen=True, slots=True)
class _Key:
    """What the shades of the bars stand for."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        text = Text()
        for full, plain, colour, name in _SHADES:
            text.append(plain if options.ascii_only else full, colour)
            text.append(f" {name}   ")
        yield text


@dataclass(frozen=True, slots=True)
class _Sample:
    """A stretch of a curve's line."""

    pen: Pen

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(self.pen.sample(4, ascii_only=options.ascii_only), self.pen.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(4, 4)


@dataclass(frozen=True, slots=True)
class _Plot:
    """The curves of one audience between two axes."""

    curve: AudienceDecay

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        top = max(1, *(self.curve.series[series][0] for series in _PENS))
        labels = {0: count(top), _ROWS // 2: count(round(top / 2)), _ROWS - 1: "0"}
        margin = max(len(label) for label in labels.values()) + 1
        canvas = Canvas(max(20, min(options.max_width, 100) - margin - 2), _ROWS)
        for series, pen in _PENS.items():
            canvas.draw(self.curve.series[series], top, pen)
        axis, corner, line = ("|", "+", "-") if options.ascii_only else ("┤", "└", "─")
        for row in range(_ROWS):
            yield Segment(labels.get(row, "").rjust(margin) + axis)
            for glyph, style in canvas.cells(row, ascii_only=options.ascii_only):
                yield Segment(glyph, Style.parse(style))
            yield Segment.line()
        yield Segment(" " * margin + corner + line * canvas.columns)
        yield Segment.line()
        yield Segment(" " * (margin + 1) + self._dates(canvas.columns))
        yield Segment.line()

    def _dates(self, width: int) -> str:
        """Write a few dates below the days that they stand for."""
        last = len(self.curve.series[Series.DURABLE]) - 1
        text = "today"
        for third in (1, 2, 3):
            at = last * third // 3
            day = self.curve.first_day + timedelta(days=at)
            label = on_day(day, self.curve.first_day, short=True)
            start = width * third // 3 - (len(label) if third == 3 else len(label) // 2)
            text = text.ljust(start) + label
        return text[:width]


def _shared(parts: tuple[int, ...], width: int) -> list[int]:
    """Share a width among parts, largest remainder first, so that the bars end together."""
    total = sum(parts)
    if total == 0:
        return [0] * len(parts)
    exact = [width * part / total for part in parts]
    shares = [int(share) for share in exact]
    order = sorted(range(len(parts)), key=lambda i: shares[i] - exact[i])
    for i in order[: width - sum(shares)]:
        shares[i] += 1
    return shares
