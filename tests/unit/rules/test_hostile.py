"""A rule's values can only ever be compared: no text in any place changes the query."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from audiences.rules.compile import compile_audience
from audiences.rules.spec import Audience
from audiences.rules.tree import Event, MemberOf, Profile, Seen
from shared.errors import ConfigurationError

THEM, OTHER = UUID(int=1), UUID(int=2)
NASTY = (
    "'",
    "''",
    '"',
    "\\",
    "\\'",
    "'; DROP TABLE people_now; --",
    "x' OR '1'='1",
    "*/ /* --",
    "$secret",
    "$1",
    ":secret",
    "{{x}}",
    "%",
    "_",
    "a\nb",
    "\r\n--",
    "__SQLGLOT__LB__",
    "${x}",
    "E'\\x41'",
    "\u202eﬁ’ʼ＇",
    "\u0085\ufeff",
    "DATE '2026-01-01'",
    "null",
    " ",
)
HOSTILE = st.one_of(
    st.sampled_from(NASTY),
    st.lists(st.sampled_from(NASTY), min_size=2, max_size=3).map("".join),
    st.text(min_size=1, max_size=12),
).filter(lambda text: "\0" not in text and "|" not in text)


def row(person: UUID, text: str, at) -> dict[str, list[dict]]:
    return {
        "people_now": [{"person": person, "type": "email"}],
        "profiles_now": [
            {"person": person, "city": text, "attributes": {"t": text, text + ".": "1"}}
        ],
        "events_now": [
            {
                "person": person,
                "name": text,
                "at": at,
                "category": text,
                "product_id": text,
                "value": Decimal(5),
                "attributes": {"t": text, text: "7"},
            }
        ],
        "sightings_now": [
            {
                "person": person,
                "device": person,
                "traits": [text],
                "seen_at": at,
                "expires_at": at + timedelta(days=90),
                "browser": text,
                "source": text,
            }
        ],
        "members_now": [{"audience": text, "member": person}],
    }


def leaves(text: str) -> dict[str, object]:
    """Return a rule for every place in which a rule can hold a text."""
    return {
        "is": {"profile": {"field": "city", "is": text}},
        "in": {"profile": {"field": "city", "in": [text, "nowhere at all"]}},
        "contains": {"profile": {"field": "city", "contains": text}},
        "starts_with": {"profile": {"field": "city", "starts_with": text}},
        "attribute": {"profile": {"field": "attributes.t", "is": text}},
        "attribute_name": {"profile": {"field": f"attributes.{text}.", "exists": True}},
        "event": {"event": {"name": text}},
        "event_where": {"event": {"name": text, "where": {"category": text, "product_id": [text]}}},
        "event_attribute": {"event": {"name": text, "where": {"attributes.t": [text, "zz"]}}},
        "total": {"event": {"name": text, "sum": f"attributes.{text}", "at_least": 7}},
        "seen": {"seen": {"trait": text, "browser": [text, "zz"], "source": text}},
    }


PLACES = sorted(leaves(""))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=HOSTILE, place=st.sampled_from(PLACES))
@example(text="__SQLGLOT__LB__'", place="is")
def test_a_hostile_text_only_matches_itself(lake, audience, as_of, text, place):
    """Whatever stands in a rule, exactly the rows that hold it match, and nothing is changed."""
    mine, other = row(THEM, text, as_of), row(OTHER, "plain", as_of)
    lake.fill({name: [*mine[name], *other[name]] for name in mine})
    rule = audience(leaves(text)[place], holdout={"percent": 50, "salt": text})
    found = {r["member"] for r in lake.run(compile_audience(rule, as_of))}
    partly = {"contains": text in "plain", "starts_with": "plain".startswith(text)}
    assert found == ({THEM, OTHER} if partly.get(place) else {THEM})
    assert lake.con.sql("SELECT count(*) FROM people_now").fetchall() == [(2,)]
    assert len(lake.con.sql("SHOW TABLES").fetchall()) == len(mine)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=HOSTILE)
def test_names_that_no_file_may_hold_are_literals_too(lake, as_of, text):
    """An audience built by hand, with names that parsing refuses, is no way in either."""
    mine, other = row(THEM, text, as_of), row(OTHER, "plain", as_of)
    lake.fill({name: [*mine[name], *other[name]] for name in mine})
    crafted = Audience(
        name=text, title=text, of="people", where=MemberOf(text), suppress=(text, "it's")
    )
    (found,) = lake.run(compile_audience(crafted, as_of))
    assert found == {"member": THEM, "held_out": False, "suppressed": True, "expires_at": None}


@pytest.mark.parametrize("bad", ["a\0b", "\ud800"])
@pytest.mark.parametrize(
    "leaf",
    [
        lambda text: Profile("city", "is", (text,)),
        lambda text: Profile(f"attributes.{text}", "is", ("x",)),
        lambda text: Event(name=text, times=(("at_least", Decimal(1)),)),
        lambda text: Seen(where=(("trait", (text,)),)),
        MemberOf,
    ],
)
def test_what_no_query_can_hold_is_refused(as_of, leaf, bad):
    """NUL would cut a query short; it never reaches one."""
    crafted = Audience(name="x", title="x", of="people", where=leaf(bad))
    with pytest.raises(ConfigurationError, match="NUL"):
        compile_audience(crafted, as_of)
