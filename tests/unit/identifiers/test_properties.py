"""What holds for any text whatever, on every platform and for every type."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from audiences.identifiers.packs import PACKS, apply
from tests.unit.identifiers.test_nothing import NOTHING, RULES, VOID

ANY = st.characters(exclude_categories=())  # lone surrogates and unassigned signs too
LANDS = st.sampled_from([None, "", "US", "gb", "FR", "VN", "TH", "ZZ", "\ud800", "United States"])
LIKELY = st.one_of(
    st.emails(),
    st.uuids().map(str),
    st.dates().map(str),
    st.from_regex(r"[+]?[0-9 .()-]{4,16}", fullmatch=True),
    st.from_regex(r"[A-Za-zÀ-ỹ' .-]{1,24}", fullmatch=True),
    st.from_regex(r"[0-9]{1,4} [A-Z][a-z]+ (Street|Road|North|#[0-9])", fullmatch=True),
    st.text(alphabet="กขคงเแโใไ๑๒๓李王東京نمحد\u0301\u200b\u200c.-' ", max_size=12),
    st.sampled_from(NOTHING),
)
TEXTS = st.one_of(st.text(ANY, max_size=40), LIKELY)
HUGE = tuple(
    sign * 100_000 for sign in ("a", "9", "é", "\x00", " ", "\ud800", "١", "a@", "李", "-")
)


@pytest.mark.parametrize(("platform", "kind"), RULES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
@given(value=TEXTS, land=LANDS)
@example(value="\ud800", land=None)
@example(value="\x00", land="US")
def test_any_text_has_an_outcome(platform, kind, value, land):
    """No exception; a value that is sent has a text, one that is not has a reason."""
    found = apply(platform, kind, value, land)
    assert found.value == value
    assert (found.canonical is None) == (found.sent is None) == bool(found.reason)
    assert found.sent not in {"", *VOID}
    rule = PACKS[platform].rule(kind)
    if found.canonical is None or rule is None or rule.form == "street_line" or found.flags:
        return  # joined, the words of a street are other words
    # Read again, a spelling is itself; without its plus a number is no longer said to have a code.
    text = f"+{found.canonical}" if rule.form == "digits" else found.canonical
    again = apply(platform, kind, text, land)
    assert (again.canonical, again.sent) == (found.canonical, found.sent)


@pytest.mark.parametrize(("platform", "kind"), RULES)
def test_a_huge_value_is_refused_and_costs_little(platform, kind):
    """A file that lost its line ends is one cell of megabytes."""
    for value in HUGE:
        found = apply(platform, kind, value, "US")
        assert found.sent in {None, 0}


def test_country_is_read_in_any_case_and_with_spaces():
    """A cell of a file is no code from a list."""
    for land in ("US", "us", " us ", "U.S.", "United States"):
        assert apply("amazon", "state", "Texas", land).canonical == "tx"
        assert apply("meta", "zip", "94105-1234", land).canonical == "94105"
    assert apply("amazon", "zip", "SW1A 1AA", "UK").canonical == "SW1A1AA"
    assert apply("meta", "state", "Georgia", "nowhere").canonical == "georgia"
    assert apply("amazon", "street", "1 High Street", "  ").reason == "no_country"
