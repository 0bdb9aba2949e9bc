"""The page is whole, safe, readable and says what the numbers say."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiences.reports.contrast import Contrast
from audiences.reports.decay import Decay, Series
from infra.local.render.page import report_page
from infra.local.render.svg import round_top, ticks
from infra.local.render.words import GAP, compact

VOID = {"meta", "line", "rect", "path", "circle"}
TAGS = VOID | {
    *("html", "head", "title", "style", "body", "main", "header", "footer", "section"),
    *("h1", "h2", "h3", "p", "span", "ul", "li", "div", "figure", "figcaption", "svg", "text"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
}


class Reader(HTMLParser):
    """Collects tags and text, and notes every tag that is not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []
        self.charts: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        found = dict(attrs)
        if found.get("role") == "img":
            self.charts.append(found.get("aria-label") or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data):
        self.text.append(data)


def read(page: str) -> Reader:
    """Parse a page."""
    reader = Reader()
    reader.feed(page)
    return reader


def test_the_headline_states_the_finding(contrast, decay):
    """A reader who reads one line knows the result."""
    page = report_page(contrast, decay, "Reach", [])
    lead = re.search(r'<p class="lead">(.*?)</p>', page)
    assert lead
    assert lead[1].replace(GAP, " ") == (
        "62 % of lapsed-vips is durable; of the 4,210 reachable only by cookie or device, "
        "half is gone by 14 December."
    )


def test_the_page_is_whole_and_loads_nothing(contrast, decay):
    """Tags are closed; there is no script, address or file that a browser would fetch."""
    page = report_page(contrast, decay, "Reach", ["A note."])
    reader = read(page)
    assert not reader.faults
    assert not reader.open
    assert set(reader.tags) <= TAGS
    assert not re.search(r"https?:|url\(|@import|\ssrc=|\shref=|\son\w+=", page)
    assert "default-src 'none'" in page


def test_every_chart_says_in_words_what_it_shows_and_every_number_stands_in_a_table(
    contrast, decay
):
    """Nothing is told by colour or shape alone."""
    page = report_page(contrast, decay, "Reach", [])
    reader = read(page)
    assert len(reader.charts) == 3 + 2 * 2
    assert all(reader.charts)
    assert any("go from 11,948 today to 7,738 after 90 days" in said for said in reader.charts)
    cells = re.findall(r'<td class="n">(.*?)</td>', page)
    assert {"12,480", "7,738", "8,120", "3,910", "4,210", "532", "21.4"} <= set(cells)


def test_an_audience_without_members_has_no_charts(contrast, decay):
    """It stands in the overview, and nowhere pretends to fall from nought to nought."""
    page = report_page(contrast, decay, "Reach", [])
    assert page.count("<h2>nobody</h2>") == 0
    assert '<th scope="row">nobody</th>' in page


def test_where_devices_add_nobody_they_are_drawn_before_the_durable_reach(contrast, decay):
    """A company with profiles sees what it would have without them."""
    now = replace(contrast.audiences[0], durable=12_480, both=8_120)
    series = {**decay.audiences[0].series, Series.CLOCK_ONLY: (0,) * 91}
    curve = replace(decay.audiences[0], series=series)
    page = report_page(Contrast(contrast.as_of, (now,)), Decay(decay.as_of, 90, (curve,)), "R")
    assert "By profile, and by device alone" in page
    assert "Still reachable, if nobody is seen again" not in page
    assert page.index('<path class="a-durable"') < page.index('<path class="a-clock"')
    assert "half gone by 14 Dec<" in page


@given(st.text(max_size=30))
def test_whatever_a_name_holds_is_shown_as_text(contrast, decay, text):
    """No title, note, audience or type can become markup, or be taken for a placeholder."""
    nasty = f"<script>'\"&${{when}}$$ {text}"
    now, curve = contrast.audiences[0], decay.audiences[0]
    types = tuple(replace(kind, type=nasty) for kind in now.by_type)
    page = report_page(
        Contrast(contrast.as_of, (replace(now, audience=nasty, by_type=types),)),
        Decay(decay.as_of, 90, (replace(curve, audience=nasty),)),
        nasty,
        [nasty],
    )
    reader = read(page)
    assert not reader.faults
    assert set(reader.tags) <= TAGS
    assert "<script" not in page
    assert "".join(reader.text).count("<script>'\"&${when}$$ ") >= 6


@given(st.integers(0, 10**8))
def test_a_scale_ends_on_a_round_number_above_the_largest_value(largest):
    """Three to five labels, the last of them the upper edge, none like another."""
    top = round_top(largest)
    found = ticks(top)
    assert top >= largest
    assert found[0] == 0
    assert found[-1] == top
    assert 2 <= len(found) <= 5
    assert len({compact(tick, top) for tick in found}) == len(found)


def luminance(colour: str) -> float:
    """Return a colour's relative luminance as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def against(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_and_lines_stand_out_in_both_schemes(contrast, decay, scheme):
    """Text has a contrast of 4.5 or more, lines and areas 3 against the page; areas differ."""
    page = report_page(contrast, decay, "Reach", [])
    blocks = re.findall(r":root \{(.*?)\}", page, re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[scheme]))
    paper = colours["paper"]
    for name in ("ink", "soft"):
        assert against(colours[name], paper) >= 4.5
    for name in ("durable", "clock", "mobile", "durable-wash"):
        assert against(colours[name], paper) >= 3
    assert against(colours["durable-wash"], colours["clock-wash"]) >= 1.3
