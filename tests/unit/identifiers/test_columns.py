"""Whole columns: the same outcomes as one by one."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audiences.identifiers.catalog import ATTRIBUTES, CATALOG
from audiences.identifiers.columns import canonical_column, form_column
from audiences.identifiers.forms import form_text, forms_of
from audiences.identifiers.normalise import SENTINELS, canonical

TYPES = [*sorted(CATALOG), *sorted(ATTRIBUTES), "partner:acme"]
ODD = [
    " Ada@Example.com\n", "ADA@EXAMPLE.COM", "a@b@c.de", "a..b@c.de", ".a@c.de", "a@c.d", "a@-c.de",
    "a@c-.de", "a@xn--mller-kva.de", "a@xn--.de", "a" * 64 + "@c.de", "a@" + "b" * 64 + ".de",
    "a@c.de\x1f", "\x1fa@c.de", "\u00a0a@c.de", "josé@c.de", "a@münchen.de", "é", "", " ", "a b",
    "-", "a@c_d.de", "a@1.2.3.4", "a\\b@c.de", "a@c..de", "+@gmail.com", "a.b+c@gmail.com",
    "a+@gmail.com", "0" * 8, "0-0-0-0-0", "00000000-0000-0000-0000-000000000000", "0000000a",
    "a" * 256, "a" * 257, "AB1234CD-E123-12FA-B123-ABCDEF012345",
    "ab1234cd-e123-12fa-b123-abcdef01234", "AB" * 32,
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "x@y", "x@y.zz", "~",
    "#N/A", "+84912345678", "0912345678", "10.0.0.1", "203.0.113.7", "a@b.c@", "@", "N/A",
    "a@\u200bc.de", "a@c.de.", "\ta@c.de\r\n", "a\tb", "\\N", "A@GMAIL.COM", "a@c.xn--p1ai",
]  # fmt: skip
PLACES = [
    "94105-1234", "SW1A 1AA", "100-0001", "Baden-Württemberg", "New York", "東京", "12 Main St. #5",
    "Nguyễn", "Nguyen", "SMITH", "nan", "Null", "O", "94105", "9410", "123456789",
    "sw1a1aa", "01310-100",
    "SW1A  1AA", "1-2-3", "-1", "12345-678", "123 45", "December",
    "1990-05-17", "31", "1985", "us", "VN", "woman", "12.50", "-5", "O'Neill",
]  # fmt: skip
VALUE = st.one_of(
    st.none(),
    st.sampled_from([*ODD, *sorted(SENTINELS)]),
    st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=30),
    st.emails(),
    st.text(alphabet="aA0.@-+ _\u00e9", max_size=20),
)


def one_by_one(type_name, values, countries=None):
    """What the scalar says of each row; null stays null."""
    lands = countries or [None] * len(values)
    judged = [
        (None, None) if value is None else (found.value, found.reason or None)
        for value, land in zip(values, lands, strict=True)
        for found in [canonical(type_name, value or "", land)]
    ]
    return [row[0] for row in judged], [row[1] for row in judged]


def both(type_name, values, countries=None):
    lands = None if countries is None else pa.array(countries, pa.string())
    found, reasons = canonical_column(type_name, pa.array(values, pa.string()), lands)
    assert found.type == reasons.type == pa.string()
    return found.to_pylist(), reasons.to_pylist()


@settings(max_examples=120, deadline=None)
@given(values=st.lists(VALUE, max_size=12))
@example(values=ODD)
@example(values=[*sorted(SENTINELS), *(word.upper() for word in sorted(SENTINELS))])
@example(values=[])
def test_column_equals_row_by_row(values):
    """The fast way through a column is no other way, whatever type it has."""
    for type_name in TYPES:  # of the same values: to draw them takes longer than to judge them
        found = type_name, both(type_name, values)
        assert found == (type_name, one_by_one(type_name, values))


LAND = st.sampled_from([None, "VN", "us", "TH", "ZZ", "", "de "])
NUMBER = st.one_of(VALUE, st.from_regex(r"[+]?[0-9 ]{6,13}", fullmatch=True))


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(NUMBER, LAND), max_size=12))
@example(rows=[("0912345678", "VN"), ("0912345678", None), (None, "VN"), ("0912345678", "TH")])
def test_phone_column_reads_each_rows_country(rows):
    """The same digits in two countries are two numbers."""
    values, lands = [row[0] for row in rows], [row[1] for row in rows]
    assert both("phone", values, lands) == one_by_one("phone", values, lands)


def test_chunks_and_large_strings_are_taken():
    """The readers' own array kinds need no care of the caller."""
    chunks = pa.chunked_array([["A@c.de"], [None, "x"]], pa.large_string())
    found, reasons = canonical_column("email", chunks)
    assert found.to_pylist() == ["a@c.de", None, None]
    assert reasons.to_pylist() == [None, None, "no_at_sign"]
    assert form_column("email", "gmail", pa.chunked_array([found])).to_pylist() == found.to_pylist()


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("land", [None, "US", "gb", "DE", "JP", "VN"])
def test_form_column_equals_row_by_row(type_name, land):
    """Each form of each type, over every odd value that has a canonical one."""
    values, _ = one_by_one(type_name, [*ODD, *PLACES, None])
    lands = None if land is None else pa.array([land] * len(values), pa.string())
    for form in forms_of(type_name):
        expected = [
            value if value is None else form_text(type_name, form, value, land) for value in values
        ]
        found = form_column(type_name, form, pa.array(values, pa.string()), lands)
        assert found.to_pylist() == expected


def test_repeated_values_are_judged_alike():
    """A column with few distinct values in many rows keeps its order."""
    rng = random.Random(4)
    values = [rng.choice(ODD) for _ in range(3000)]
    assert both("email", values) == one_by_one("email", values)
