"""Contacts in clear: for platforms that write to people, never for any other, and with consent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from duckdb import DuckDBPyConnection as Connection

from audiences.consent.policy import Policy
from audiences.identifiers.packs import PACKS, Encoding, pack
from audiences.lake import query
from audiences.match.clear import clear_types
from audiences.match.desired import Terms, make_desired, profile_columns
from audiences.platforms import MODULES, platform
from audiences.platforms.base import EPOCH, Batch, Op, Platform, Row, Target
from audiences.platforms.limits import limited
from tests.unit.match.desired_world import Human, Record, load
from tests.unit.match.match_world import connection

WRITES_TO_PEOPLE = {"braze", "klaviyo", "onesignal", "webhook"}
AD_PLATFORMS = sorted({*MODULES} - WRITES_TO_PEOPLE)
EVERYWHERE = Policy(within="everywhere")
ANN = Human(
    1,
    external=("C-1",),
    emails=("ann@example.com", "ann@work.example"),
    phones=("+84901234567",),
    records=(Record(ads=True, personal=True, country="VN"),),
)
NO = replace(ANN, number=2, external=("C-2",), emails=("no@example.com",), phones=("+84907654321",))
NO = replace(NO, records=(Record(ads=False, personal=True),))
SILENT = replace(NO, number=3, external=("C-3",), emails=("silent@example.com",), phones=())
SILENT = replace(SILENT, records=(Record(),))
OUT = replace(ANN, number=4, external=("C-4",), emails=("out@example.com",), held_out=True)
OUT = replace(OUT, phones=())
PEOPLE = (ANN, NO, SILENT, OUT)
CLEAR = re.compile(r"@|\+?849012|example|901234567")


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    made = connection()
    _load(made)
    yield made
    made.close()


def _load(con: Connection) -> None:
    """Make the world, in which the people's addresses are the same in every form."""
    load(con, PEOPLE)
    con.execute(
        "INSERT INTO all_match_keys SELECT key, type, f.form, digest, value FROM all_match_keys "
        "AS k JOIN (SELECT unnest($1) AS form) AS f ON k.form = 'plain' WHERE type = 'email' "
        "AND f.form NOT IN (SELECT form FROM all_match_keys WHERE type = 'email')",
        [sorted({rule.form for rules in PACKS.values() for rule in rules.rules})],
    )


def takes_people(to: Platform) -> bool:
    kinds = {kind for key in to.keys for kind in key.types if pack(to.slug).rule(kind)}
    return bool(kinds & {"email", "phone", "external_id"})


def wired(con: Connection, to: Platform, slug: str = "", **how: bool) -> list[str]:
    """The texts of the rows that a platform would get."""
    rules = replace(pack(slug or to.slug), **how)
    make_desired(con, to, rules, "people", EVERYWHERE)
    return [row["wired"] for row in query.table(con, "SELECT wired FROM desired").to_pylist()]


def webhook(identify_by: str) -> Platform:
    return limited(platform("webhook"), {"identify_by": identify_by})


def test_only_those_that_write_to_people_are_declared_clear() -> None:
    assert {slug for slug, rules in PACKS.items() if rules.clear} == WRITES_TO_PEOPLE


def test_who_may_be_sent_goes_under_the_address_that_was_asked_for(con: Connection) -> None:
    found = sorted(wired(con, webhook("email")))
    assert found == ["email\x1fann@example.com", "email\x1fann@work.example"]
    assert wired(con, webhook("phone")) == ["phone\x1f+84901234567"]
    assert wired(con, webhook("external_id")) == ["external_id\x1fC-1"]


@pytest.mark.parametrize("slug", AD_PLATFORMS)
@pytest.mark.parametrize("op", Op)
def test_no_body_for_an_ad_platform_can_hold_a_clear_contact(
    con: Connection, slug: str, op: Op
) -> None:
    to = platform(slug)
    texts = wired(con, to)
    assert bool(texts) == takes_people(to), "else it would prove nothing"
    assert not any(CLEAR.search(text) for text in texts)
    target = Target(account="1", audience="vips", audience_id="77")
    keys = [tuple(tuple(k.split("\x1f")) for k in text.split("\x1e")) for text in texts]
    for row in keys:
        batch = Batch(op=op, target=target, rows=[Row(row, ttl_minutes=60)], at=EPOCH)
        request = to.request(batch) if op in to.ops else None
        assert request is None or not CLEAR.search(request.body.decode("utf-8", "replace"))


@pytest.mark.parametrize("slug", AD_PLATFORMS)
def test_an_ad_platform_reads_no_contact_and_would_get_none_were_its_rules_wrong(
    con: Connection, slug: str
) -> None:
    """Two locks: rules that hash, and values that are not there for who is not declared clear."""
    to = platform(slug)
    assert clear_types(to, pack(slug)) == ()
    assert "email" not in profile_columns(to, pack(slug))
    raw = tuple(replace(rule, encoding=Encoding.RAW, form="plain") for rule in pack(slug).rules)
    wrong = replace(pack(slug), rules=raw)
    con.execute("CREATE OR REPLACE TEMP TABLE clear AS SELECT 1 AS none")
    make_desired(con, to, wrong, "people", EVERYWHERE)
    texts = query.table(con, "SELECT wired FROM desired").to_pylist()
    assert not any(CLEAR.search(row["wired"]) for row in texts)


def test_a_digest_goes_where_one_is_asked_for_even_by_who_writes_to_people(con: Connection) -> None:
    hashed = tuple(replace(rule, encoding=Encoding.SHA256_HEX) for rule in pack("webhook").rules)
    rules = replace(pack("webhook"), rules=hashed)
    assert clear_types(webhook("email"), rules) == ()


def test_a_value_without_its_match_key_is_never_sent(con: Connection) -> None:
    """A profile says it, and resolution took it for nobody's, as it does a placeholder."""
    con.execute("CREATE OR REPLACE TEMP TABLE kept AS FROM all_match_keys")
    con.execute("DELETE FROM all_match_keys WHERE digest = unhex(sha256('ann@work.example'))")
    assert wired(con, webhook("email")) == ["email\x1fann@example.com"]
    con.execute("CREATE OR REPLACE TEMP TABLE all_match_keys AS FROM kept")


def test_a_number_without_its_country_takes_the_workspaces(con: Connection) -> None:
    con.execute(
        "UPDATE profiles_now SET phone = '0901 234 567', country = NULL WHERE email LIKE 'ann%'"
    )
    to, rules = webhook("phone"), pack("webhook")
    told = []
    for country in (None, "VN"):
        make_desired(con, to, rules, "people", Policy(), Terms(country=country))
        told.append(query.table(con, "SELECT wired FROM desired").to_pylist())
    assert told == [[], [{"wired": "phone\x1f+84901234567"}]]
    _load(con)
