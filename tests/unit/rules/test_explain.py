"""A marketer can read who is in an audience, and no contact of anybody stands in that text."""

from __future__ import annotations

import pytest

from audiences.rules.explain import plain_words
from audiences.rules.spec import parse

VIPS = """\
name: lapsed-vips
title: Lapsed VIP customers
where:
  all:
    - profile: {field: country, in: [VN, TH]}
    - event: {name: order, times: {at_least: 2}, within_days: 365}
    - event: {name: order, sum: value, at_least: 1500.50}
    - not: {event: {name: order, within_days: 60}}
    - not:
        any:
          - seen: {trait: running-shoes, times: {at_least: 3}, within_days: 14}
          - member_of: newsletter
suppress: [do-not-contact, staff]
holdout: {percent: 10, salt: spring}
sync:
  - {to: meta-main, schedule: "cron(0 6 * * ? *)", timezone: Asia/Ho_Chi_Minh}
  - {to: ads, schedule: rate(1 day), window_minutes: 45}
  - {to: hooks, mode: add}
"""


def test_an_audience_reads_as_a_paragraph():
    """The whole audience is said: who, never whom, held out, where to."""
    assert plain_words(parse(VIPS, "lapsed-vips.yaml")).splitlines() == [
        "Lapsed VIP customers (lapsed-vips)",
        "People for whom:",
        "  - all of these hold:",
        "    - country is VN or TH",
        "    - has at least 2 orders in the last 365 days",
        "    - has orders whose total value is at least 1,500.5 (in whatever currency)",
        "    - not: has at least 1 order in the last 60 days",
        "    - this does not hold:",
        "      - at least one of these holds:",
        "        - was seen with trait running-shoes at least 3 times in the last 14 days",
        "        - is in the audience newsletter",
        "Never sent: do-not-contact (their records say so) and the audience staff.",
        "Held out: 10 %, drawn as 'spring'; the same for all who draw so.",
        "Goes to meta-main: members are added and removed, cron(0 6 * * ? *) in Asia/Ho_Chi_Minh.",
        "Goes to ads: members are added and removed, rate(1 day) in UTC or up to 45 minutes later.",
        "Goes to hooks: members are added; only consent and suppression remove them, on request.",
    ]


@pytest.mark.parametrize(
    ("leaf", "words"),
    [
        ("event: {name: order, times: {at_most: 2}}", "has at most 2 orders, or none at all"),
        ("event: {name: order, times: {exactly: 0}}", "has no orders"),
        ("event: {name: search, times: {exactly: 1}}", "has exactly 1 search"),
        ("event: {name: signup}", "has at least 1 'signup' event"),
        (
            "event: {name: order, sum: value, at_most: 1000, where: {currency: [EUR]}}",
            "has orders with currency EUR whose total value is at most 1,000, or none at all",
        ),
        (
            "event: {name: view, since: 2026-01-01, until: 2026-01-31, where: {attributes.x: a}}",
            "has at least 1 product view with x a since 2026-01-01 until 2026-01-31",
        ),
        (
            "event: {name: order, before_days: 1, within_days: 9}",
            "has at least 1 order in the last 9 days at least 1 day ago",
        ),
        ("seen: {trait: a, times: {exactly: 0}}", "was never seen with trait a"),
        ("seen: {times: {at_most: 2}}", "was seen at most 2 times, or never"),
        ("profile: {field: consent_ads, is_not: true}", "consent ads is known and never true"),
        ("profile: {field: city, exists: false}", "city is not known"),
        ("profile: {field: attributes.score, at_least: 4}", "score is at least 4"),
    ],
)
def test_a_leaf_has_its_words(leaf, words):
    """Each word of a rule is said as a person would."""
    assert plain_words(parse(f"name: x\nwhere: {{{leaf}}}", "x.yaml")).endswith(f"  - {words}")


@pytest.mark.parametrize("field", ["email", "phone", "external_id", "first_name", "last_name"])
def test_a_contact_is_never_said(field):
    """Values of fields that name a person are counted, not shown."""
    for test in ("is: canary", "in: [canary, canary-2]", "starts_with: canary"):
        said = plain_words(
            parse(f"name: x\nwhere: {{profile: {{field: {field}, {test}}}}}", "x.yaml")
        )
        assert "canary" not in said
        assert "given value" in said


def test_a_long_list_is_cut_short():
    """A rule of many values stays readable."""
    many = [f"P{i}" for i in range(40)]
    said = plain_words(parse(f"name: x\nwhere: {{seen: {{source: {many}}}}}", "x.yaml"))
    assert "P9 or 30 more" in said
