"""What goes along with a member's keys: one record's words, spelled as the platform's pack says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import pairwise

import pytest
from duckdb import DuckDBPyConnection as Connection
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.consent.policy import Policy
from audiences.identifiers.normalise import canonical
from audiences.identifiers.packs import apply
from audiences.lake.query import table
from audiences.match.desired import profile_columns
from audiences.platforms import platform
from audiences.platforms.bodies import PART
from audiences.platforms.limits import limited
from tests.unit.match.desired_world import (
    Human,
    Record,
    desired,
    load,
    members,
    pack,
    sha,
    wires,
)
from tests.unit.match.match_world import connection

ADA = {
    "first_name": "Dr. Ada ",
    "last_name": "Lovelace-King",
    "street": "12 Main Street",
    "city": "St. James's",
    "state": "CA",
    "zip": "94103-1234",
    "birth_date": "1990-12-10",
    "gender": "Female",
}
BOB = {"first_name": "Bob", "last_name": "Lê", "city": "Huế", "zip": "530000"}
# Platform, wire name, type; the column that a birth's parts are read from is another.
WIRES = {
    slug: [(key.wire, kind) for key in platform(slug).attributes for kind in key.types]
    for slug in ("meta", "amazon")
}
_PARTS = {"birth_year": slice(0, 4), "birth_month": slice(5, 7), "birth_day": slice(8, 10)}


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    made = connection()
    yield made
    made.close()


def person(number: int, *records: Record) -> Human:
    return Human(number, emails=(f"p{number}@example.com",), records=records)


def along(con: Connection, slug: str, humans: Sequence[Human]) -> list[dict[str, str]]:
    """The attributes that each of these people is sent with, by wire name."""
    load(con, humans)
    desired(con, platform(slug), Policy(()))
    found = {
        one["member"]: dict(pair.split("\x1f") for pair in one["text"].split("\x1e"))
        for one in table(con, "SELECT member, text FROM attributes").to_pylist()
    }
    return [found.get(human.key, {}) for human in humans]


def spelled(slug: str, record: Record) -> dict[str, str]:
    """The same of one record in plain Python, value by value, as `bridge normalize` says it."""
    out = {}
    for wire, kind in WIRES[slug]:
        text = {**record.about, "country": record.country or ""}.get(kind, "")
        if kind in _PARTS:
            read = canonical("birth_date", record.about.get("birth_date", "")).value
            text = (read or "")[_PARTS[kind]]
        sent = apply(slug, kind, text, record.country).sent
        if sent is not None:
            out[wire] = str(sent)
    return out


def test_a_row_has_the_attributes_that_meta_asks_for(con: Connection) -> None:
    (told,) = along(con, "meta", [person(1, Record(country="US", about=ADA))])
    assert told == {
        "FN": sha("dr ada"),
        "LN": sha("lovelaceking"),
        "CT": sha("stjamess"),
        "ST": sha("ca"),
        "ZIP": sha("94103"),
        "COUNTRY": sha("us"),
        "GEN": sha("f"),
        "DOBY": sha("1990"),
        "DOBM": sha("12"),
        "DOBD": sha("10"),
    }


texts = {
    "first_name": ["Ada", "Dr. Ada", "Lê Văn", "東京", "nan", " ", "null", sha("x")],
    "last_name": ["Lovelace", "van der Berg", "O'Neil Jr.", "n/a", ""],
    "street": ["1 Main Street", "12 Rue de la Paix", "?"],
    "city": ["Paris", "Huế", "東京", "St. John's"],
    "state": ["CA", "California", "Bavaria", "-"],
    "zip": ["94103-1234", "SW1A 1AA", "75 001", "0"],
    "birth_date": ["1990-12-10", "2001-02-29", "0000-00-00", "unknown"],
    "gender": ["f", "Male", "nữ", "other"],
}
abouts = st.fixed_dictionaries({}, optional={n: st.sampled_from(t) for n, t in texts.items()})
records = st.builds(
    lambda country, about, updated: Record(country=country, about=about, updated=updated),
    st.sampled_from([None, "US", "FR", "GB", "VN", "DE"]),
    abouts,
    st.sampled_from([None, 1, 2, 3]),
)
people = st.lists(st.lists(records, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3)


def newest(human: Human, slug: str) -> Record:
    """Whose words count: who says more than a country first, then the newest, then the last."""
    read = {"birth_date" if kind in _PARTS else kind for _, kind in WIRES[slug]}

    def rank(numbered: tuple[int, Record]) -> tuple[bool, bool, int, int]:
        number, record = numbered
        said = any(text.strip() for name, text in record.about.items() if name in read)
        any_said = said or bool(record.country and "country" in read)
        return said, any_said, record.updated or 0, number

    return max(enumerate(human.records), key=rank)[1]


@pytest.mark.parametrize("slug", WIRES)
@settings(max_examples=40, deadline=None)
@given(given_records=people)
def test_attributes_are_one_records_and_as_its_values_one_by_one(
    slug: str, given_records: list[tuple[Record, ...]]
) -> None:
    humans = [person(number, *of) for number, of in enumerate(given_records)]
    with closing(connection()) as con:
        told = along(con, slug, humans)
    for human, found in zip(humans, told, strict=True):
        assert found == spelled(slug, newest(human, slug))


def test_no_name_of_one_record_goes_with_the_address_of_another(con: Connection) -> None:
    name = Record(about={"first_name": "Ada", "last_name": "King"}, updated=2)
    place = Record(country="GB", about={"city": "London", "zip": "SW1A 1AA"}, updated=1)
    (told,) = along(con, "meta", [person(1, name, place)])
    assert told == {"FN": sha("ada"), "LN": sha("king")}


def test_a_record_that_says_only_a_country_does_not_outrank_one_with_a_name(
    con: Connection,
) -> None:
    older = Record(country="VN", about=BOB, updated=1)
    (told,) = along(con, "meta", [person(1, older, Record(country="US", updated=3))])
    assert told["FN"] == sha("bob")
    assert told["COUNTRY"] == sha("vn")
    (alone,) = along(con, "meta", [person(1, Record(country="US", updated=3))])
    assert alone == {"COUNTRY": sha("us")}


def test_attributes_alone_make_no_row(con: Connection) -> None:
    load(con, [Human(1, records=(Record(country="US", about=ADA),))])
    for slug in WIRES:
        assert desired(con, platform(slug), Policy(())) == ({"no_key": 1}, [])


def test_rows_differ_by_keys_and_never_by_attributes(con: Connection) -> None:
    rows = []
    for about in (ADA, BOB, {}):
        load(con, [person(1, Record(country="US", about=about))])
        _, found = desired(con, platform("meta"), Policy(()))
        rows += found
    assert len({row["row"] for row in rows}) == 1
    assert len({row["attributes"] for row in rows}) == 3
    assert all(wires(one) == wires(two) for one, two in pairwise(rows))


def addresses(con: Connection, *humans: Human) -> list[frozenset[tuple[str, str]]]:
    load(con, humans)
    return [wires(row) for row in desired(con, platform("google"), Policy(()))[1]]


def test_google_gets_an_address_of_four_parts(con: Connection) -> None:
    (row,) = addresses(con, person(1, Record(country="US", about=ADA)))
    address = PART.join((sha("ada"), sha("lovelace-king"), "US", "94103-1234"))
    assert row == {("emailAddress", sha("p1@example.com")), ("address", address)}


@pytest.mark.parametrize("missing", ["first_name", "last_name", "zip", "country"])
def test_google_gets_no_address_that_lacks_a_part(con: Connection, missing: str) -> None:
    about = {name: text for name, text in ADA.items() if name != missing}
    record = Record(country=None if missing == "country" else "US", about=about, updated=2)
    older = Record(country="GB", about={missing: ADA.get(missing, "")}, updated=1)
    (row,) = addresses(con, person(1, record, older))
    assert row == {("emailAddress", sha("p1@example.com"))}
    spoilt = Record(country="US", about=ADA | {missing: "null"}, updated=2)
    if missing != "country":
        assert addresses(con, person(1, spoilt)) == [row]


def test_an_older_record_speaks_where_the_newest_has_no_whole_address(con: Connection) -> None:
    whole = Record(country="US", about=ADA, updated=1)
    (row,) = addresses(con, person(1, whole, Record(about={"first_name": "Bob"}, updated=2)))
    assert dict(row)["address"].startswith(sha("ada"))


def test_an_address_is_a_key_of_its_own(con: Connection) -> None:
    only = Human(1, ("C1",), records=(Record(country="US", about=ADA),))
    (row,) = addresses(con, only)
    assert {wire for wire, _ in row} == {"address"}


def test_who_may_not_be_sent_has_no_attributes(con: Connection) -> None:
    no = Record(ads=False, personal=False, country="DE", about=ADA)
    yes = Record(ads=True, personal=True, country="DE", about=ADA)
    load(con, [person(1, no), person(2, yes), Human(3, records=(yes,), held_out=True)])
    for slug, name in (("meta", "attributes"), ("google", "joined"), ("amazon", "attributes")):
        desired(con, platform(slug), Policy())
        found = con.execute(f"SELECT DISTINCT member FROM {name}").fetchall()
        assert found == [(person(2).key,)], slug


def test_a_device_goes_without_its_owners_name(con: Connection) -> None:
    load(con, [person(1, Record(country="US", about=ADA))])
    members(con, {person(1).key: False})
    desired(con, platform("linkedin"), Policy(()), "devices")
    desired(con, platform("meta"), Policy(()), "devices")
    assert con.execute("FROM attributes").fetchall() == []


@pytest.mark.parametrize("slug", ["meta", "google", "amazon"])
def test_a_destination_that_wants_none_reads_none(con: Connection, slug: str) -> None:
    options: Mapping[str, str] = {"attributes": "none"}
    whole, bare = limited(platform(slug), {}), limited(platform(slug), options)
    assert "first_name" in profile_columns(whole, pack(slug))
    assert "first_name" not in profile_columns(bare, pack(slug))
    load(con, [person(1, Record(country="US", about=ADA))])
    _, (row,) = desired(con, bare, Policy(()))
    assert {wire for wire, _ in wires(row)} <= {"EMAIL", "emailAddress", "email"}
    assert row["attributes"] is None
