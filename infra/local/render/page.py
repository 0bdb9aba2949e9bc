"""The report as one page for a browser: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template

from audiences.reports.contrast import AudienceContrast, Contrast, TypeReach
from audiences.reports.decay import MARKS, AudienceDecay, Decay, Series
from infra.local.render.svg import LINES, bar, lines, melting, swatch
from infra.local.render.words import NAMES, count, days_left, finding, headline, on_day, percent

_PARTS = (
    ("f-durable", "durable only"),
    ("f-both", "durable and on a clock"),
    ("f-clock", "only on a clock"),
    ("f-gone", "unreachable"),
)
_LEGEND = {
    Series.DURABLE: "durable profile",
    Series.DEVICE: "any device",
    Series.COOKIE: "cookie",
    Series.MOBILE: "mobile id",
}


def report_page(contrast: Contrast, decay: Decay, title: str, notes: Sequence[str] = ()) -> str:
    """Return the whole page; its headline states the finding in words."""
    template = files("infra.local.render").joinpath("page.html").read_text("utf-8")
    now = contrast.as_of
    curves = {curve.audience: curve for curve in decay.audiences}
    sections = [_overview(contrast)] + [
        _audience(audience, curves[audience.audience])
        for audience in contrast.audiences
        if audience.audience in curves and audience.members
    ]
    return Template(template).substitute(
        title=escape(title),
        when=f"As of {on_day(now.date(), now.date())} {now:%Y, %H:%M} UTC",
        lead=escape(headline(contrast, decay)),
        sections="\n".join(sections),
        notes=_notes(notes),
    )


def _overview(contrast: Contrast) -> str:
    rows = "".join(
        f"<li><p><span>{escape(a.audience)}</span>"
        f"<span>{count(a.members)} {'devices' if a.of == 'devices' else 'people'}</span></p>"
        f"{bar(a)}</li>"
        for a in contrast.audiences
    )
    return (
        "<section><h2>What reaches them today</h2>"
        '<p class="said">A durable profile holds an e-mail address, a telephone number or a '
        "customer number, and is kept until it is erased. A cookie or device is on a clock: "
        "seen no more, it is gone within 90 days.</p>"
        f'{_key(_PARTS)}<ul class="bars">{rows}</ul>{_reach_table(contrast)}</section>'
    )


def _reach_table(contrast: Contrast) -> str:
    head = ("members", "durable", "on a clock", "both", "only on a clock", "un\u00adreachable")
    rows = [
        (
            a.audience,
            *(
                count(number)
                for number in (
                    a.members,
                    a.durable,
                    a.on_a_clock,
                    a.both,
                    a.only_on_a_clock,
                    a.unreachable,
                )
            ),
        )
        for a in contrast.audiences
    ]
    return _table("Members by what reaches them", ("audience", *head), rows)


def _audience(now: AudienceContrast, curve: AudienceDecay) -> str:
    return (
        f"<section><h2>{escape(now.audience)}</h2>"
        f'<p class="said">{escape(finding(now, curve))}</p>'
        f'<div class="pair">{_melting(curve)}{_lines(curve)}</div>'
        f'<div class="tables">{_decay_table(curve)}{_types_table(now)}</div></section>'
    )


def _melting(curve: AudienceDecay) -> str:
    title, clock = "Still reachable, if nobody is seen again", "only by cookie or device"
    if not curve.series[Series.CLOCK_ONLY][0]:
        title, clock = "By profile, and by device alone", "by cookie or device"
    parts = [("a-clock", clock)]
    if curve.series[Series.DURABLE][0]:
        parts.append(("a-durable", "by a durable profile"))
    return (
        f"<figure><figcaption><h3>{title}</h3>{_key(parts)}</figcaption>{melting(curve)}</figure>"
    )


def _lines(curve: AudienceDecay) -> str:
    parts = [(f"l-{series}", _LEGEND[series]) for series in LINES]
    return (
        "<figure><figcaption><h3>Each way to reach them, by itself</h3>"
        f"{_key(parts)}</figcaption>{lines(curve)}</figure>"
    )


def _decay_table(curve: AudienceDecay) -> str:
    days = [0, *(mark for mark in MARKS if mark < len(curve.series[Series.DURABLE]))]
    head = (
        "reached by",
        *("today" if day == 0 else f"day\u00a0{day}" for day in days),
        "half\u00a0gone",
    )
    rows = [
        (NAMES[series], *(count(curve.series[series][day]) for day in days), _half(curve, series))
        for series in (*LINES, Series.CLOCK_ONLY, Series.REACHABLE)
    ]
    return _table("Members left on a day", head, rows)


def _half(curve: AudienceDecay, series: Series) -> str:
    half = curve.half_gone_on(series)
    return "–" if half is None else on_day(half, curve.first_day, short=True)


def _types_table(now: AudienceContrast) -> str:
    head = ("identifier", "members", "share", "median days\u00a0left", "longest")
    return _table("Reach by identifier", head, [_type_row(kind, now) for kind in now.by_type])


def _type_row(kind: TypeReach, now: AudienceContrast) -> tuple[str, ...]:
    longest = "" if kind.days_left_max is None else days_left(kind.days_left_max)
    return (
        kind.type,
        count(kind.members),
        percent(kind.members, now.members),
        days_left(kind.days_left_median),
        longest,
    )


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table whose first column names the row and whose others are numbers."""
    first, *others = (escape(word) for word in head)
    columns = "".join(f'<th scope="col" class="n">{word}</th>' for word in others)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f'<td class="n">{escape(cell)}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f'<caption>{escape(caption)}</caption><thead><tr><th scope="col">{first}</th>{columns}'
        f"</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _key(parts: Sequence[tuple[str, str]]) -> str:
    items = "".join(f"<li>{swatch(kind)}{escape(name)}</li>" for kind, name in parts)
    return f'<ul class="key">{items}</ul>'


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    return "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul>"
