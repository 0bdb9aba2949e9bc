"""The catalog: which types there are, how long they live, under what name their keys are made."""

from __future__ import annotations

import pytest

from audiences.identifiers.catalog import ATTRIBUTES, CATALOG, STRONG, id_type, lifetime_days
from audiences.identifiers.digest import identity
from audiences.identifiers.forms import FORMS
from shared.errors import DataError

SAFARI = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/19.0 Safari/605.1.15"
CHROME = "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML) Chrome/140.0 Safari/537.36"
ANDROID = "Mozilla/5.0 (Linux; U; Android 4.0) AppleWebKit Version/4.0 Mobile Safari/534.30"


@pytest.mark.parametrize(
    ("type_name", "party", "browser", "days"),
    [
        ("cookie", 1, "", 90),
        ("cookie", 1, SAFARI, 7),
        ("cookie", 1, "safari", 7),
        ("cookie", 1, CHROME, 90),
        ("cookie", 1, ANDROID, 90),
        ("cookie", 2, "", 30),
        ("cookie", 3, SAFARI, 30),
        ("idfa", 1, "", 90),
        ("ctv", 3, "", 90),
        ("ip", 1, "", 1),
        ("partner:acme", 2, "", 30),
        ("email_sha256", 2, "", 90),
        ("email", 1, "", 90),
    ],
)
def test_lifetimes_follow_type_party_and_browser(type_name, party, browser, days):
    """A sighting lives as long as its kind of id is known to, and no longer."""
    assert lifetime_days(type_name, party, browser) == days


def test_no_sighting_outlives_ninety_days():
    """Whatever the type, party or browser, 90 days is the end."""
    names = [*CATALOG.keys() - {"partner"}, "partner:x"]
    lives = {lifetime_days(name, party, "") for name in names for party in (1, 2, 3)}
    assert max(lives) == 90
    assert min(lives) == 1


def test_unknown_type_has_no_lifetime_and_is_not_repeated():
    """A shifted column can put an address where the type should stand."""
    with pytest.raises(DataError) as error:
        lifetime_days("ada@example.com", 1, "")
    assert "ada" not in str(error.value)


@pytest.mark.parametrize("name", ["partner:", "partner:A", "partner:a b", "partner", "", "e-mail"])
def test_unknown_type_is_none(name):
    """Only catalogued names and well-formed partner names are types."""
    assert id_type(name) is None


def test_partner_types_are_each_their_own_identity():
    """Two partners' ids never meet under one key."""
    kind = id_type("partner:acme-1_x")
    assert kind is not None
    assert (kind.identity, kind.lifetime_days, kind.device) == ("partner:acme-1_x", 30, True)


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_catalog_agrees_with_forms_and_identities(name):
    """One fact is never told in two ways."""
    kind = CATALOG[name]
    assert kind.name == name
    assert kind.identity == identity(name, "x")[0]
    assert kind.leaves in {"hashed", "raw", "never"}
    assert kind.strong == (name in STRONG)


def test_the_catalog_names_every_form_and_no_other():
    """No form is left over, and none is promised that nothing makes."""
    made = sorted((form.type, form.form) for form in FORMS)
    named = [(one.name, f) for one in (*CATALOG.values(), *ATTRIBUTES.values()) for f in one.forms]
    assert made == sorted(named)


@pytest.mark.parametrize("name", sorted(ATTRIBUTES))
def test_attributes_link_nobody(name):
    """Two people of one name, one city or one shared link stay two people."""
    assert id_type(name) is None
    assert name not in CATALOG
    assert ATTRIBUTES[name].leaves in {"hashed", "raw"}
