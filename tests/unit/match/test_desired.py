"""Which rows of whom a platform should hold, against the same said in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from duckdb import DuckDBPyConnection as Connection
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.consent.policy import Policy
from audiences.platforms import platform
from infra.local.demo.tcf import tcf_string
from tests.unit.match.desired_world import (
    SHAPES,
    START,
    Device,
    Human,
    Record,
    desired,
    key_of,
    load,
    members,
    reason,
    sha,
    wanted,
    wires,
)
from tests.unit.match.match_world import connection

MAIDS = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(4)]


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    made = connection()
    yield made
    made.close()


records = st.builds(
    Record,
    st.sampled_from([None, True, True, False]),
    st.sampled_from([None, True, True, False]),
    st.sampled_from([None, "VN", "DE", "GB", "US"]),
)
devices = st.one_of(
    st.builds(
        Device,
        st.sampled_from(["idfa", "gaid", "maid"]),
        st.sampled_from(MAIDS),
        st.sampled_from([1.0, 40.0]),
        st.sampled_from([None, "FR", "VN"]),
    ),
    st.builds(
        Device, st.sampled_from(["cookie", "partner:tdid"]), st.sampled_from("xyz"), st.just(9.0)
    ),
    st.builds(Device, st.just("ctv"), st.just("tv-1"), st.just(9.0)),
)


def some(values: list[str], most: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=most, unique=True).map(tuple)


def human(number: int) -> st.SearchStrategy[Human]:
    """A person whose identifiers are nobody else's, as resolving sees to it."""
    mails = [f"a.{number}@gmail.com", f"a{number}@gmail.com", f"p{number}@example.com"]
    return st.builds(
        Human,
        st.just(number),
        some([f"C{number}", f"D{number}", f"c{number}@example.com", f"+8490{number}000000"]),
        some(mails),
        some([f"+8490123450{number}", f"+8490123451{number}"]),
        st.lists(devices, max_size=4).map(lambda ds: tuple(_own(d, number) for d in ds)),
        st.lists(records, min_size=1, max_size=3).map(tuple),
        st.sampled_from([False, False, False, True]),
    )


def _own(device: Device, number: int) -> Device:
    end = f"{number}{device.id[-1]}"
    return Device(device.kind, device.id[:-2] + end, device.days, device.country)


policies = st.builds(
    Policy,
    st.sampled_from([("ad_user_data", "ad_personalization"), ("ad_user_data",), ()]),
    st.sampled_from(["EEA", "everywhere"]),
    st.sampled_from(["outside", "inside"]),
)


@pytest.mark.parametrize("slug", SHAPES)
@settings(max_examples=50, deadline=None)
@given(humans=st.tuples(human(1), human(2), human(3)), policy=policies)
def test_the_rows_are_those_that_plain_python_says(
    slug: str, humans: tuple[Human, ...], policy: Policy
) -> None:
    with closing(connection()) as con:
        load(con, humans)
        dropped, rows = desired(con, platform(slug), policy)
    reasons = {h.number: reason(h, policy) for h in humans}
    free = [h for h in humans if reasons[h.number] is None]
    assert Counter(map(wires, rows)) == Counter(row for h in free for row in wanted(h, slug))
    counted = Counter(r for r in reasons.values() if r)
    counted["no_key"] = sum(not wanted(h, slug) for h in free)
    assert dropped == {name: count for name, count in counted.items() if count}
    owners = {row: h.key for h in free for row in wanted(h, slug)}
    assert all(row["member"] == owners[wires(row)] for row in rows)


@settings(max_examples=40, deadline=None)
@given(humans=st.tuples(human(1), human(2)))
def test_a_row_ends_with_the_first_of_its_keys_and_a_value_with_its_last_sighting(
    humans: tuple[Human, ...],
) -> None:
    with closing(connection()) as con:
        load(con, humans)
        _, rows = desired(con, platform("the_trade_desk"), Policy(()))
    ends: dict[str, float] = {}
    for one in humans:
        for device in one.devices:
            ends[device.id] = max(ends.get(device.id, 0), device.days)
    for row in rows:
        ((_, value),) = wires(row)
        assert row["expires_at"] == START + timedelta(days=ends[value])


def only(con: Connection, slug: str, *humans: Human) -> list[frozenset[tuple[str, str]]]:
    load(con, humans)
    return [wires(row) for row in desired(con, platform(slug), Policy(()))[1]]


def test_a_customer_number_that_is_an_address_or_a_phone_never_leaves(con: Connection) -> None:
    numbers = ("anna@example.com", "+84901234567", "0901234567", "0901 234 567", "84901234567")
    for number in numbers:
        who = Human(1, (number,), ("anna@example.com",), ("+84901234567",))
        (row,) = only(con, "meta", who)
        assert {wire for wire, _ in row} == {"EMAIL", "PHONE"}, number


def test_any_other_customer_number_does(con: Connection) -> None:
    for number in ("C-1", "0901234567", "1234567890", "anna"):
        phone = ("+84987654321",) if number != "anna" else ()
        (row,) = only(con, "meta", Human(1, (number,), (), phone))
        assert ("EXTERN_ID", number) in row, number


def test_two_spellings_of_one_gmail_address_are_one_value(con: Connection) -> None:
    (row,) = only(con, "google", Human(1, (), ("a.b@gmail.com", "ab@gmail.com")))
    assert row == {("emailAddress", sha("ab@gmail.com"))}


def test_two_people_with_one_gmail_address_are_one_row(con: Connection) -> None:
    rows = only(con, "google", Human(1, (), ("a.b@gmail.com",)), Human(2, (), ("ab@gmail.com",)))
    assert rows == [{("emailAddress", sha("ab@gmail.com"))}]


def test_a_phone_seen_under_two_names_is_one_id(con: Connection) -> None:
    both = (Device("idfa", MAIDS[0], 3.0), Device("maid", MAIDS[0], 5.0))
    load(con, [Human(1, devices=both)])
    _, rows = desired(con, platform("the_trade_desk"), Policy(()))
    assert [(wires(r), r["expires_at"]) for r in rows] == [
        (frozenset({("DAID", MAIDS[0])}), START + timedelta(days=5))
    ]


def test_a_device_alone_goes_only_where_it_is_forgotten(con: Connection) -> None:
    who = Human(1, devices=(Device("idfa", MAIDS[0], 3.0),))
    assert only(con, "meta", who) == []
    assert only(con, "the_trade_desk", who) == [{("DAID", MAIDS[0])}]


def test_who_has_more_keys_than_fit_gets_a_second_row(con: Connection) -> None:
    who = Human(1, ("C1",), ("a@x.co", "b@x.co"), ("+84901234567",))
    rows = only(con, "meta", who)
    assert sorted(len(row) for row in rows) == [1, 3]


@settings(max_examples=40, deadline=None)
@given(humans=st.tuples(human(1), human(2)), policy=policies, data=st.data())
def test_a_device_goes_under_its_owner_s_consent_wherever_it_was_seen(
    humans: tuple[Human, ...], policy: Policy, data: st.DataObject
) -> None:
    owners = {key_of(d.kind, d.id): (h, d) for h in humans for d in h.devices}
    held_out = {key: data.draw(st.booleans()) for key in owners}
    with closing(connection()) as con:
        load(con, humans)
        members(con, held_out)
        _, rows = desired(con, platform("the_trade_desk"), policy, "devices")
    expected = set()
    for key, (owner, device) in owners.items():
        mine = tuple(d for d in owner.devices if key_of(d.kind, d.id) == key)
        one = replace(owner, devices=mine, held_out=held_out[key])
        if device.kind != "ctv" and reason(one, policy, "devices") is None:
            expected |= wanted(one, "the_trade_desk")
    assert {wires(row) for row in rows} == expected


def test_the_consent_that_is_recorded_is_the_person_s(con: Connection) -> None:
    mixed = (Record(True, None, "VN"), Record(None, True, "VN"))
    load(con, [Human(1, ("C1",), records=mixed), Human(2, ("C2",))])
    _, rows = desired(con, platform("meta"), Policy())
    assert {row["consent"] for row in rows} == {
        "ad_user_data=granted;ad_personalization=granted",
        "ad_user_data=unknown;ad_personalization=unknown",
    }


YES, NO = (tcf_string(START, agreed=agreed) for agreed in (True, False))


def sent(
    con: Connection, person: Human, to: str, of: str = "people", within: str = "everywhere"
) -> tuple[dict[str, int], int]:
    """Why a person fell out, and how many rows they have."""
    load(con, [person])
    if of == "devices":
        members(con, {key_of(d.kind, d.id): False for d in person.devices})
    dropped, rows = desired(con, platform(to), Policy(within=within), of)
    return dropped, len(rows)


@pytest.mark.parametrize(
    ("string", "to", "dropped"),
    [
        (YES, "google", {}),
        (YES, "meta", {"consent_missing": 1}),  # not on the vendor list: nothing is granted to it
        (NO, "google", {"consent_denied": 1}),
        (NO, "meta", {"consent_denied": 1}),
        ("unreadable", "google", {"consent_missing": 1}),
        (YES[:30], "google", {"consent_missing": 1}),
        (f"DBABMA~{YES}", "google", {}),
        (f"DBABMA~{NO}", "google", {"consent_denied": 1}),
        ("DBABLA~CAABAAAAAABA.QA", "meta", {"consent_denied": 1}),  # no targeted advertising
        ("DBABLA~CAAgAAAAAABA.QA", "meta", {"consent_missing": 1}),
        ("1YYN", "meta", {"consent_denied": 1}),
        (None, "google", {"consent_missing": 1}),
    ],
)
def test_a_records_consent_string_answers_as_its_columns_do(
    con: Connection, string: str | None, to: str, dropped: dict[str, int]
) -> None:
    one = Human(1, emails=("p1@example.com",), records=(Record(string=string),))
    assert sent(con, one, to) == (dropped, 0 if dropped else 1)


def test_a_no_in_a_string_outweighs_a_yes_in_a_column(con: Connection) -> None:
    one = Human(1, emails=("p1@example.com",), records=(Record(True, True, string=NO),))
    assert sent(con, one, "google") == ({"consent_denied": 1}, 0)


@pytest.mark.parametrize("newest", [YES, NO, "unreadable"])
def test_a_device_answers_with_its_newest_string(con: Connection, newest: str) -> None:
    older = NO if newest == YES else YES
    seen = (
        Device("gaid", MAIDS[1], 9, string=older, seen=-5),
        Device("gaid", MAIDS[1], 9, string=newest, seen=-2),
        Device("gaid", MAIDS[1], 9, seen=-1),
    )
    why = {YES: {}, NO: {"consent_denied": 1}}.get(newest, {"consent_missing": 1})
    found = sent(con, Human(1, devices=seen), "the_trade_desk", of="devices")
    assert found == (why, 0 if why else 1)


def test_a_device_that_refuses_is_left_out_of_its_persons_rows(con: Connection) -> None:
    """The person agreed at the shop; on one of two phones they refused."""
    agreed, refused = MAIDS[1], MAIDS[2]
    one = Human(
        1,
        emails=("p1@example.com",),
        records=(Record(True, True),),
        devices=(Device("gaid", agreed, 9), Device("gaid", refused, 9, string=NO)),
    )
    load(con, [one])
    for to in ("meta", "the_trade_desk"):
        _, rows = desired(con, platform(to), Policy(within="everywhere"))
        values = {value for row in rows for _, value in wires(row)}
        assert agreed in values
        assert refused not in values
