"""Each spelling is as readable as it claims to be."""

from __future__ import annotations

import pytest

from audiences.identifiers.normalise import canonical
from infra.local.demo.countries import countries
from infra.local.demo.customers import national_number
from infra.local.demo.spelling import EMAILS, PHONES


@pytest.mark.parametrize("spelling", EMAILS, ids=lambda s: s.name)
def test_an_address_is_usable_exactly_where_it_says_so(spelling):
    """The demo's promise about what will be rejected is the normaliser's own."""
    written = spelling.write("linh.nguyen12", "example.com")
    assert (canonical("email", written).value is not None) == spelling.usable


@pytest.mark.parametrize("code", ["VN", "TH", "US", "GB", "DE", "FR"])
@pytest.mark.parametrize("spelling", PHONES, ids=lambda s: s.name)
def test_a_number_is_usable_exactly_where_it_says_so(spelling, code):
    """Usable numbers come out as the one that was meant."""
    home = countries()[code]
    for number in (1, 2, 3, 4, 17, 4_999, 1_000_000):
        national = national_number(home, number)
        found = canonical("phone", spelling.write(home, national), code).value
        assert found == (f"+{home.calling}{national}" if spelling.usable else None)


def test_shares_are_a_thousand():
    """So that a share can be read as per mille."""
    assert sum(spelling.share for spelling in EMAILS) == 1000
    assert sum(spelling.share for spelling in PHONES) == 1000


def test_no_two_people_of_a_country_share_a_number():
    """A shared number would merge strangers."""
    for home in countries().values():
        numbers = {national_number(home, number) for number in range(1, 20_000)}
        assert len(numbers) == 19_999
