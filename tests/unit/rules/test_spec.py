"""An audience file is read whole, or every fault in it is named with its line and its mending."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiences.rules.spec import Holdout, SyncEntry, parse
from audiences.rules.tree import All, AnyOf, Event, MemberOf, Not, Profile, Seen
from shared.errors import ConfigurationError

GOOD = """\
name: lapsed-vips                 # a-z 0-9 -
title: Lapsed VIP customers
of: people
where:
  all:
    - profile: {field: country, in: [VN, TH]}
    - event: {name: order, times: {at_least: 2}, within_days: 365}
    - event: {name: order, sum: value, at_least: 500.25}
    - not: {event: {name: order, since: 2026-09-01}}
    - seen: {trait: running-shoes, times: {at_least: 3}, within_days: 14}
    - member_of: newsletter
suppress: [do-not-contact]
holdout: {percent: 10, salt: spring}
sync:
  - {to: meta-main, mode: mirror, schedule: "cron(0 6 * * ? *)", timezone: Asia/Ho_Chi_Minh}
  - {to: hooks}
  - {to: google-main, schedule: rate(1 day), window_minutes: 45}
"""
WHERE = "name: x\nwhere:\n  "
LEAF = "name: x\nwhere: {member_of: y}\n"


def faults(text: str, file: str = "x.yaml") -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, file)
    return tuple(str(fault) for fault in caught.value.faults)


def test_the_example_is_read():
    """Every part of the example comes back as a value."""
    audience = parse(GOOD, "audiences/lapsed-vips.yaml")
    assert (audience.name, audience.of) == ("lapsed-vips", "people")
    assert audience.title == "Lapsed VIP customers"
    assert audience.suppress == ("do-not-contact",)
    assert audience.holdout == Holdout(10.0, "spring")
    assert audience.sync == (
        SyncEntry(
            to="meta-main",
            mode="mirror",
            schedule="cron(0 6 * * ? *)",
            timezone="Asia/Ho_Chi_Minh",
        ),
        SyncEntry(to="hooks"),
        SyncEntry(to="google-main", schedule="rate(1 day)", window_minutes=45),
    )
    assert isinstance(audience.where, All)
    profile, times, total, absent, seen, member = audience.where.children
    assert profile == Profile("country", "in", ("VN", "TH"))
    assert times == Event(
        name="order", times=(("at_least", Decimal(2)),), window=(("within_days", 365),)
    )
    assert isinstance(total, Event)
    assert total.total is not None
    assert total.total.tests == (("at_least", Decimal("500.25")),)
    assert total.times == ()
    assert isinstance(absent, Not)
    assert absent.child == Event(
        name="order", times=(("at_least", Decimal(1)),), window=(("since", date(2026, 9, 1)),)
    )
    assert isinstance(seen, Seen)
    assert member == MemberOf("newsletter")


def test_every_fault_is_named_at_once():
    """One run of the check is enough to mend a file."""
    text = (
        "name: Bad Name\nof: peple\nwhere:\n  all:\n"
        "    - profile: {field: contry, is: VN}\n"
        "    - event: {nam: order}\n"
        "    - rfm: {monetary: {at_least: 4}}\n"
        "    - evnt: {}\n"
        "holdout: {percent: 101}\n"
        "sync:\n  - {to: meta, mode: mirorr, schedule: daily, timezone: Asia/Ho_Chi_Min}\n"
        "supress: []\n"
    )
    said = faults(text)
    lines = [int(s.split(":")[1]) for s in said]
    assert sorted(set(lines)) == [1, 2, 5, 6, 7, 8, 9, 11, 12]
    everything = "\n".join(said)
    for hint in ("country", "name", "event", "people", "mirror", "Asia/Ho_Chi_Minh", "suppress"):
        assert f"did you mean '{hint}'?" in everything


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("", 1, "must be a mapping"),
        ("- a", 1, "must be a mapping"),
        ("name: x", 1, "'where' is missing"),
        ("where: {member_of: y}", 1, "name must be a text"),
        ("name: y\nwhere: {member_of: y}", 1, "not that of the file"),
        (WHERE + "all: []", 3, "must be a list of rules"),
        (WHERE + "all: {profile: {}}", 3, "must be a list of rules"),
        (WHERE + "not: [{member_of: y}]", 3, "one branch or leaf at a time"),
        (WHERE + "{all: [], any: []}", 2, "one branch or leaf at a time"),
        (WHERE + "rfm: {monetary: {at_least: 4}}", 3, "'rfm' is not available yet"),
        (WHERE + "predicted: {alive: {at_most: 0.3}}", 3, "'predicted' is not available yet"),
        (WHERE + "member_of: A B", 3, "a-z, 0-9 and - only"),
        (WHERE + "profile: {field: country}", 3, "exactly one test"),
        (WHERE + "profile: {field: country, is: VN, in: [VN]}", 3, "exactly one test"),
        (WHERE + "profile: {field: country, in: []}", 3, "empty list"),
        (WHERE + "profile: {field: country, is: NO}", 3, "in quotes, such as 'NO'"),
        (WHERE + "profile: {field: zip, is: 01234}", 3, "put it in quotes"),
        (WHERE + "profile: {field: country, at_least: 3}", 3, "does not fit 'country'"),
        (WHERE + "profile: {field: consent_ads, is: 'yes'}", 3, "must be true or false"),
        (WHERE + "profile: {field: updated_at, is: 2026-01-01}", 3, "does not fit 'updated_at'"),
        (WHERE + "profile: {field: birth_date, before: soon}", 3, "must be a date"),
        (WHERE + "profile: {field: attributes., is: x}", 3, "have no field"),
        (WHERE + "profile: {field: loyalty, is: x}", 3, "write 'attributes.…'"),
        (WHERE + "profile: {field: attributes.x, at_least: .nan}", 3, "out of range"),
        (WHERE + "profile: {field: attributes.x, at_least: 0.00001}", 3, "out of range"),
        (WHERE + 'profile: {field: city, is: "a\\0b"}', 3, "remove NUL"),
        (WHERE + 'profile: {field: city, is: "\\uD800"}', 3, "lone surrogates"),
        (WHERE + "event: {name: order, at_least: 3}", 3, "bounds nothing"),
        (WHERE + "event: {name: order, sum: value}", 3, "has no bound"),
        (WHERE + "event: {name: order, sum: valeu, at_least: 1}", 3, "did you mean 'value'?"),
        (WHERE + "event: {name: o, sum: value, average: value, at_least: 1}", 3, "one figure"),
        (WHERE + "event: {name: order, times: 3}", 3, "times must be a mapping"),
        (WHERE + "event: {name: order, times: {}}", 3, "times needs a bound"),
        (WHERE + "event: {name: o, times: {exactly: 1, at_most: 2}}", 3, "times needs a bound"),
        (WHERE + "event: {name: o, times: {at_least: 3, at_most: 2}}", 3, "above 'at_most'"),
        (WHERE + "event: {name: o, times: {at_least: 1.5}}", 3, "whole number"),
        (WHERE + "event: {name: o, within_days: 0}", 3, "whole number"),
        (WHERE + "event: {name: o, within_days: 5, before_days: 5}", 3, "window is empty"),
        (WHERE + "event: {name: o, since: 2026-02-01, until: 2026-01-01}", 3, "window is empty"),
        (WHERE + "event: {name: o, where: {colour: red}}", 3, "where has no word 'colour'"),
        (WHERE + "seen: {}", 3, "says nothing"),
        (WHERE + "seen: {party: 4}", 3, "whole number from 1 to 3"),
        (WHERE + "seen: {before_days: 4, trait: x}", 3, "no word 'before_days'"),
        (LEAF + "suppress: [a, a]", 3, "stands twice"),
        (LEAF + "suppress: []", 3, "empty list"),
        (LEAF + "holdout: {percent: 10.001}", 3, "from 0 to 100"),
        (LEAF + "holdout: 10", 3, "must be a mapping"),
        (LEAF + "sync: {to: a}", 3, "must be a list"),
        (LEAF + "sync:\n- {to: a}\n- {to: a}", 5, "stands twice"),
        (LEAF + "sync:\n- {to: a, schedule: cron(0 6 * * *)}", 4, "six fields, not 5"),
        (LEAF + "sync:\n- {to: a, schedule: cron(0 6 * * * *)}", 4, "exactly one"),
        (LEAF + "sync:\n- {to: a, schedule: 'cron(0 6am * * ? *)'}", 4, "cannot be read"),
        (LEAF + "sync:\n- {to: a, schedule: rate(1 days)}", 4, "rate cannot be read"),
        (LEAF + "sync:\n- {to: a, schedule: rate(0 days)}", 4, "rate cannot be read"),
        (LEAF + "sync:\n- {to: a, timezone: ../etc/passwd}", 4, "no time zone"),
        (LEAF + "sync:\n- {to: a, window_minutes: 5}", 4, "without a schedule"),
        *(
            (
                LEAF + f"sync:\n- {{to: a, schedule: rate(1 day), window_minutes: {wrong}}}",
                4,
                "1440",
            )
            for wrong in ("0", "1441", "yes", "1.5", "'5'")
        ),
        (LEAF + "title: 2026-02-30", 3, "cannot be read as YAML"),
        (LEAF + "title: !!python/name:os.system", 3, "cannot be read as YAML"),
        ("name: &n [*n]", 1, "too much"),
        (
            "a: &a [1, 1]\n"
            + "".join(
                f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n"
                for i in range(20)
            ),
            1,
            "too much",
        ),
        ("[" * 3000, 1, "too much"),
        ("name: x\nname: y", 2, "stands twice"),
        ("#" * 300_000, 1, "too much"),
    ],
)
def test_a_fault_has_its_line(text, line, part):
    """Each mistake is told from its line, in words that say how to mend it."""
    said = faults(text)
    assert any(s.startswith(f"x.yaml:{line}: ") and part in s for s in said), said


@pytest.mark.parametrize(
    "schedule", ["cron(0 6 * * ? *)", "cron(0/15 8-18 ? * MON-FRI *)", "rate(1 day)"]
)
def test_a_schedule_is_kept_as_written(schedule):
    """What EventBridge Scheduler takes is taken."""
    text = f"{LEAF}sync:\n- {{to: a, schedule: '{schedule}'}}"
    assert parse(text, "x.yaml").sync[0].schedule == schedule


def test_a_rule_cannot_be_nested_without_end():
    """A deep rule is a fault, not a crash."""
    text = "name: x\nwhere: " + "{not: " * 30 + "{member_of: y}" + "}" * 30
    assert "nested more than" in faults(text)[0]


@pytest.mark.parametrize(
    "same",
    [
        GOOD.replace("in: [VN, TH]}", "in: ['TH', VN, TH]}   # neighbours"),
        GOOD.replace("500.25", "500.250"),
        GOOD.replace("title: Lapsed VIP customers\n", "\n\n"),
        GOOD.replace("mode: mirror", "mode: add"),
        GOOD.replace(
            "{name: order, sum: value, at_least: 500.25}",
            "\n       name: order\n       sum: value\n       at_least: 500.25",
        ),
        GOOD.replace("percent: 10,", "percent: 10.0,"),
    ],
)
def test_the_digest_ignores_what_changes_nobody(same):
    """Comments, layout, title and schedule leave the digest alone."""
    file = "lapsed-vips.yaml"
    assert same != GOOD
    assert parse(same, file).digest == parse(GOOD, file).digest


@pytest.mark.parametrize(
    "other",
    [
        GOOD.replace("VN, TH", "VN"),
        GOOD.replace("at_least: 2", "at_least: 3"),
        GOOD.replace("within_days: 365", "within_days: 364"),
        GOOD.replace("sum: value", "average: value"),
        GOOD.replace("of: people", "of: devices"),
        GOOD.replace("salt: spring", "salt: summer"),
        GOOD.replace("[do-not-contact]", "[do-not-contact, staff]"),
        GOOD.replace("member_of: newsletter", "member_of: news"),
        GOOD.replace("trait: running-shoes", "trait: running"),
        GOOD.replace("  all:", "  any:"),
    ],
)
def test_the_digest_follows_the_rule(other):
    """What decides who is in an audience changes the digest."""
    file = "lapsed-vips.yaml"
    assert parse(other, file).digest != parse(GOOD, file).digest


def test_the_salt_is_the_name_unless_written():
    """A holdout without a salt is drawn for this audience alone."""
    assert parse(LEAF + "holdout: {percent: 2.5}", "x.yaml").holdout == Holdout(2.5, "x")


def test_an_alias_is_as_good_as_what_it_stands_for():
    """Files that another program wrote may hold aliases."""
    text = "name: x\nwhere:\n  any:\n  - &a {member_of: y}\n  - not: *a\n"
    assert parse(text, "x.yaml").where == AnyOf((MemberOf("y"), Not(MemberOf("y"))))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    """No text ends in anything but an audience or a list of faults."""
    with pytest.raises(ConfigurationError) as caught:
        parse(text, "x.yaml")
    assert caught.value.faults


@pytest.mark.parametrize(
    "leaf",
    [
        "profile: {field: email, at_least: canary@example.com}",
        "profile: {field: canary@example, is: x}",
        "event: {name: order, sum: canary@example.com, at_least: 1}",
        "canary@example.com: {}",
        "seen: {canary@example.com: x, party: canary@example.com}",
    ],
)
def test_a_fault_never_repeats_an_address(leaf):
    """What a person typed by mistake into a rule stays out of every message."""
    assert "canary" not in "\n".join(faults(WHERE + leaf))
