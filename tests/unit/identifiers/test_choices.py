"""Choices: what sources contradict each other on can be set, and the version says so."""

from __future__ import annotations

import hashlib

import pytest

from audiences.identifiers.forms import forms_of
from audiences.identifiers.packs import PACKS, ZEROED, apply, pack
from shared.errors import ConfigurationError

CHOICES = [
    (slug, choice, value)
    for slug, found in PACKS.items()
    for choice in found.choices
    for value in choice.forms
]
HEX = hashlib.sha256(b"ada@example.com").hexdigest()


@pytest.mark.parametrize(("slug", "choice", "value"), CHOICES)
def test_a_choice_is_made_and_named_in_the_version(slug, choice, value):
    """The ledger tells rows of one spelling from rows of another."""
    found = pack(slug, {choice.name: value})
    mark = "" if value == choice.default else f"+{choice.name}={value}"
    assert found.version == PACKS[slug].version + mark
    assert (found == PACKS[slug]) == (value == choice.default)
    assert choice.reason.endswith(".")
    assert choice.source
    for kind, form in choice.forms[value].items():
        assert form in forms_of(kind)
        rule = found.rule(kind)
        assert rule is not None
        assert rule.form == form


def test_defaults_are_the_rules_as_they_stand():
    """What a pack says without options is what its choices say by default."""
    for found in PACKS.values():
        for choice in found.choices:
            assert choice.default in choice.forms
            for kind, form in choice.forms[choice.default].items():
                rule = found.rule(kind)
                assert rule is not None
                assert rule.form == form


def test_options_of_the_platform_itself_are_left_alone():
    """A destination's `options:` hold both kinds; YAML writes false where we read a text."""
    assert pack("the_trade_desk", {"data_provider_id": "x"}) == PACKS["the_trade_desk"]
    assert pack("tiktok", {"phone_plus": False}).version.endswith("+phone_plus=false")


def test_a_value_that_is_no_choice_names_the_choices():
    """A slip of the pen doesn't choose in silence."""
    with pytest.raises(ConfigurationError, match="'phone_plus' is true or false"):
        pack("tiktok", {"phone_plus": "maybe"})


@pytest.mark.parametrize("slug", [s for s, p in PACKS.items() if not p.hashed_input])
def test_a_digest_where_an_address_should_be_is_refused(slug):
    """It is never hashed again; where the choice lets it through, it goes as it came."""
    if pack(slug).rule("email") is None:
        return
    assert apply(slug, "email", HEX).reason == "already_hashed"
    if any(choice.name == "hashed_input" for choice in pack(slug).choices):
        let = apply(slug, "email", HEX.upper(), options={"hashed_input": "accept"})
        assert (let.canonical, let.sent, let.flags) == (HEX, HEX, ("already_hashed",))


@pytest.mark.parametrize("slug", [s for s, p in PACKS.items() if p.hashed_input])
def test_where_a_digest_passes_it_passes_as_it_came(slug):
    """The hash of nothing doesn't."""
    assert apply(slug, "email", HEX.upper()).sent == HEX
    assert apply(slug, "email", HEX, options={"hashed_input": "refuse"}).sent is None
    assert apply(slug, "email", hashlib.sha256(b"").hexdigest()).reason == "empty_hash"


def test_unreadable_worth_is_zero_or_refused():
    """Meta refuses a row without a value; whoever prefers that may have it."""
    assert apply("meta", "value", "a lot").flags == (ZEROED,)
    assert apply("meta", "value", "").sent is None
    assert apply("meta", "value", "a lot", options={"unreadable_value": "refuse"}).sent is None
    assert apply("meta", "value", "12.50").sent == 12.5
