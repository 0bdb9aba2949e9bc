"""Consent: any no is a no, and silence is no yes where one is needed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import duckdb
import pytest
from duckdb import DuckDBPyConnection as Connection

from audiences.consent.policy import (
    EEA,
    FLAGS,
    Policy,
    consent_columns_sql,
    consent_text_sql,
    read_consent,
    verdict_sql,
)

ANSWERS = (True, False, None)


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    made = duckdb.connect()
    yield made
    made.close()


def sql(value: bool | None) -> str:
    return "NULL::BOOLEAN" if value is None else str(value).lower()


def verdict(
    con: Connection, policy: Policy, user_data: bool | None, personal: bool | None, *countries: str
) -> str | None:
    places = (
        f"[{', '.join(repr(c) for c in countries)}]::VARCHAR[]" if countries else "NULL::VARCHAR[]"
    )
    (told,) = con.sql(
        f"SELECT {verdict_sql(policy, 'places')} FROM (SELECT {sql(user_data)} AS ad_user_data, "
        f"{sql(personal)} AS ad_personalization, {places} AS places)"
    ).fetchall()[0]
    return told


@pytest.mark.parametrize("country", ["VN", "DE", "GB", "CH", "US", ""])
@pytest.mark.parametrize("within", ["EEA", "everywhere"])
@pytest.mark.parametrize("unknown", ["outside", "inside"])
def test_every_answer_everywhere(con: Connection, country: str, within: str, unknown: str) -> None:
    policy = Policy(within=within, unknown_country=unknown)
    inside = within == "everywhere" or (country in EEA if country else unknown == "inside")
    for user_data, personal in product(ANSWERS, ANSWERS):
        told = verdict(con, policy, user_data, personal, *([country] if country else []))
        if False in (user_data, personal):
            assert told == "consent_denied"
        elif inside and None in (user_data, personal):
            assert told == "consent_missing"
        else:
            assert told is None


def test_only_what_is_required_is_asked(con: Connection) -> None:
    policy = Policy(require=("ad_user_data",))
    assert verdict(con, policy, True, False, "DE") is None
    assert verdict(con, policy, None, True, "DE") == "consent_missing"
    assert verdict(con, Policy(require=()), False, False, "DE") is None


def test_one_place_inside_is_enough(con: Connection) -> None:
    assert verdict(con, Policy(), None, None, "VN", "FR") == "consent_missing"


@pytest.mark.parametrize(
    "records", [[], [True], [False], [None], [True, False], [None, True], [None, False]]
)
def test_any_no_of_a_person_is_a_no_and_any_yes_a_yes(
    con: Connection, records: list[bool | None]
) -> None:
    # By a column or by a consent string: the one says as much as the other.
    by_column = ", ".join(f"({sql(flag)}, true, NULL, NULL)" for flag in records)
    by_string = ", ".join(f"(NULL, true, {sql(flag)}, NULL)" for flag in records)
    wanted = False if False in records else True if True in records else None
    for rows in (by_column, by_string):
        values = rows or "(NULL, NULL, NULL, NULL)"
        (found,) = con.sql(
            f"WITH tcf AS (FROM (VALUES {values}) AS t({', '.join([*FLAGS.values(), *FLAGS])})) "
            f"SELECT {consent_columns_sql()} FROM tcf"
        ).fetchall()
        assert found[0] is wanted


def test_what_is_recorded_can_be_read_again(con: Connection) -> None:
    for user_data, personal in product(ANSWERS, ANSWERS):
        (text,) = con.sql(
            f"SELECT {consent_text_sql()} FROM (SELECT {sql(user_data)} AS ad_user_data, "
            f"{sql(personal)} AS ad_personalization)"
        ).fetchall()[0]
        assert read_consent(text) == {"ad_user_data": user_data, "ad_personalization": personal}
    assert read_consent("") == {}


def test_the_region_is_the_economic_area_with_the_two_that_the_platforms_add() -> None:
    assert len(EEA) == 32
    assert {"DE", "FR", "IS", "LI", "NO", "GB", "CH"} <= EEA
    assert not {"VN", "US", "TR", "UK", "EL"} & EEA
