"""The compiled statement: one query of short named steps, its holdout, its window, its dialects."""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
import sqlglot

from audiences.rules.compile import compile_audience
from audiences.rules.explain import explain

PEOPLE = [UUID(int=i * 7919) for i in range(1, 2001)]
EVERYBODY = {"profile": {"field": "city", "exists": False}}
RICH = {
    "all": [
        {"profile": {"field": "country", "in": ["VN", "TH", "SG", "MY"]}},
        {"profile": {"field": "descriptive.hobbies", "not_in": ["golf", "tea"]}},
        {"profile": {"field": "birth_date", "before": "1990-01-01"}},
        {
            "event": {
                "name": "order",
                "times": {"at_least": 2, "at_most": 9},
                "average": "attributes.weight",
                "at_least": 5,
                "less_than": 50,
                "within_days": 365,
                "before_days": 3,
                "since": "2026-01-01",
                "until": "2026-06-30",
                "where": {
                    "category": ["a", "b"],
                    "channel": "web",
                    "product_id": "p",
                    "currency": "VND",
                    "source": "shop",
                    "attributes.tag": ["x", "y"],
                },
            }
        },
        {"not": {"event": {"name": "order", "sum": "value", "at_most": 5}}},
        {"any": [{"seen": {"trait": ["a", "b"], "party": [1, 2]}}, {"not": {"member_of": "news"}}]},
    ]
}


def held(lake, audience, as_of, secret="", of="people", **holdout) -> set[UUID]:
    rule = {"seen": {"times": {"at_least": 0}}}
    compiled = compile_audience(audience(rule, of=of, holdout=holdout), as_of)
    return {row["member"] for row in lake.run(compiled, secret) if row["held_out"]}


@pytest.fixture
def crowd(lake, as_of):
    """Two thousand people in reach, each with a device of the same id."""
    seen = {"seen_at": as_of, "expires_at": as_of + timedelta(days=1)}
    lake.fill(
        {
            "people_now": [{"person": p, "type": "email"} for p in PEOPLE],
            "sightings_now": [{"person": p, "device": p, **seen} for p in PEOPLE],
        }
    )
    return lake


def test_the_holdout_is_a_keyed_hash(crowd, audience, as_of):
    """The draw can be recomputed from secret, salt and person, and from nothing else."""
    bound = int(0.1234 * 2**32)

    def drawn(person: UUID) -> bool:
        text = f"{b'key'.hex().upper()}:holdout:spring:{person}"
        return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) < bound

    expected = {p for p in PEOPLE if drawn(p)}
    assert held(crowd, audience, as_of, b"key", percent=12.34, salt="spring") == expected
    assert held(crowd, audience, as_of, "key", percent=12.34, salt="spring") == expected
    assert 190 < len(expected) < 310


def test_the_holdout_depends_on_salt_and_secret(crowd, audience, as_of):
    """One salt draws the same people for every audience; another salt or secret draws others."""
    spring = held(crowd, audience, as_of, percent=20, salt="spring")
    assert held(crowd, audience, as_of, percent=20, salt="summer") != spring
    assert held(crowd, audience, as_of, "other", percent=20, salt="spring") != spring
    assert held(crowd, audience, as_of, of="devices", percent=20, salt="spring") == spring
    assert held(crowd, audience, as_of, percent=30, salt="spring") > spring


def test_the_holdout_reaches_both_ends(crowd, audience, as_of):
    """Nought percent draws nobody, a hundred draws everybody."""
    assert held(crowd, audience, as_of, percent=0, salt="a") == set()
    assert held(crowd, audience, as_of, percent=100, salt="a") == set(PEOPLE)


def test_the_secret_is_bound_and_only_where_it_is_used(audience, as_of):
    """A statement names `$secret` exactly when there is a holdout."""
    plain = compile_audience(audience(EVERYBODY), as_of)
    drawn = compile_audience(audience(EVERYBODY, holdout={"percent": 5, "salt": "a"}), as_of)
    assert (plain.params, drawn.params) == ((), ("secret",))
    assert "$secret" not in plain.sql
    assert drawn.sql.count("$secret") == 1


@pytest.mark.parametrize("of", ["people", "devices"])
def test_steps_are_short_named_and_said(audience, as_of, of):
    """Each step fits a screen, has a readable name of its own, and says what it means."""
    compiled = compile_audience(audience(RICH, of=of, suppress=["do-not-contact"]), as_of)
    names = [step.name for step in compiled.steps]
    assert len(set(names)) == len(names)
    assert {"universe", "s1_profile_country", "suppressed"} < set(names)
    for step in compiled.steps:
        assert f'"{step.name}" AS (' in compiled.sql
        assert step.says
        sqlglot.parse_one(step.sql, dialect="duckdb")
    longest = max(compiled.steps, key=lambda step: step.sql.count("\n"))
    assert longest.sql.count("\n") < 26, longest.sql


@pytest.mark.parametrize("of", ["people", "devices"])
def test_spark_gets_the_same_rule(audience, as_of, of, caplog):
    """The Spark text parses as Spark, and sqlglot warns of nothing it cannot say there."""
    rule = audience(RICH, of=of, suppress=["x"], holdout={"percent": 5, "salt": "a'b\\"})
    with caplog.at_level(logging.WARNING):
        compiled = compile_audience(rule, as_of, dialect="spark")
    assert not caplog.records
    assert "&&" not in compiled.sql
    assert "ARRAYS_OVERLAP" in compiled.sql
    assert "'a\\'b\\\\:'" in compiled.sql.replace(":holdout:", "")
    assert sqlglot.parse_one(compiled.sql, dialect="spark")


def test_devices_say_when_they_expire(lake, audience, as_of):
    """A device lives as long as its latest sighting, and only while it lives."""
    person, day = PEOPLE[0], timedelta(days=1)
    sightings = [(PEOPLE[1], 3), (PEOPLE[1], 9), (PEOPLE[2], 0)]
    lake.fill(
        {
            "sightings_now": [
                {
                    "device": d,
                    "person": person,
                    "seen_at": as_of - day,
                    "expires_at": as_of + n * day,
                }
                for d, n in sightings
            ]
        }
    )
    rule = {"seen": {"times": {"at_least": 1}}}
    (row,) = lake.run(compile_audience(audience(rule, of="devices"), as_of))
    assert (row["member"], row["expires_at"]) == (PEOPLE[1], as_of + 9 * day)


def test_a_text_is_known_and_not_a_number(lake, audience):
    """`is_not: 5` holds where the field says something that is no number at all."""
    texts = {PEOPLE[0]: "high", PEOPLE[1]: "5.0", PEOPLE[2]: "", PEOPLE[3]: "high|5"}
    lake.fill(
        {
            "people_now": [{"person": p, "type": "phone"} for p in texts],
            "profiles_now": [{"person": p, "attributes": {"x": t}} for p, t in texts.items()],
        }
    )
    for test in ({"is_not": 5}, {"not_in": [5, "low"]}):
        rule = {"profile": {"field": "attributes.x", **test}}
        assert lake.members(audience(rule)) == {PEOPLE[0]}


def test_money_is_exact(lake, audience, as_of):
    """Ten times ten cents are one, for the sum and for the average."""
    tenth = {"person": PEOPLE[0], "name": "order", "at": as_of, "value": Decimal("0.1")}
    lake.fill({"people_now": [{"person": PEOPLE[0], "type": "email"}], "events_now": [tenth] * 10})
    for figure, bound in (("sum", 1), ("average", 0.1)):
        rule = {"event": {"name": "order", figure: "value", "at_least": bound, "at_most": bound}}
        assert lake.members(audience(rule)) == {PEOPLE[0]}


def test_the_moment_may_be_told_in_any_zone(audience, as_of):
    """One moment is one statement, however it is written; a moment without a zone is refused."""
    from zoneinfo import ZoneInfo

    rule = audience(RICH)
    elsewhere = as_of.astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
    assert compile_audience(rule, elsewhere) == compile_audience(rule, as_of)
    with pytest.raises(ValueError, match="time zone"):
        compile_audience(rule, datetime(2026, 11, 1, tzinfo=UTC).replace(tzinfo=None))


def test_the_plan_can_be_shown(crowd, audience, as_of):
    """DuckDB plans the statement without running it, and the connection stays usable."""
    rule = audience({"seen": {"browser": "safari"}}, holdout={"percent": 5, "salt": "a"})
    plan = explain(crowd.con, compile_audience(rule, as_of), {"secret": "s", "unused": 1})
    assert "people_now" in plan
    assert "held_out" in plan
    assert crowd.con.sql("SELECT 1").fetchall() == [(1,)]
