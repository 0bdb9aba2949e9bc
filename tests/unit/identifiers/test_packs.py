"""Rule packs: what a value becomes on each platform."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from audiences.identifiers.catalog import ATTRIBUTES, CATALOG
from audiences.identifiers.forms import forms_of
from audiences.identifiers.packs import PACKS, Applied, Encoding, apply, encode, encode_digest, pack
from shared.errors import ConfigurationError

RULES = [(slug, rule) for slug, found in PACKS.items() for rule in found.rules]


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def b64(text: str) -> str:
    return base64.b64encode(sha(text)).decode()


HEX = sha("a@b.de").hex()
UUID = "ab1234cd-e123-12fa-b123-abcdef012345"


@pytest.mark.parametrize(("slug", "rule"), RULES)
def test_rules_name_known_types_forms_and_their_source(slug, rule):
    """A rule that nothing can serve, or nobody can check, is no rule."""
    assert rule.form in forms_of(rule.type)
    known = CATALOG.get(rule.type) or ATTRIBUTES[rule.type]
    assert known.leaves != "never"
    # Contacts and names go in clear to nobody but who writes to the person.
    in_clear = rule.encoding in {Encoding.RAW, Encoding.NUMBER}
    assert known.leaves == "raw" or not in_clear or PACKS[slug].clear
    assert rule.source
    assert re.fullmatch(r"20\d\d-\d\d", rule.dated)
    assert PACKS[slug].version.startswith(slug)


def test_a_pack_has_one_rule_for_a_type():
    """Which rule holds is never a matter of order."""
    for found in PACKS.values():
        types = [rule.type for rule in found.rules]
        assert len(types) == len(set(types))


def test_partner_names_follow_the_partner_rule():
    """Each partner's ids go by the one row."""
    assert pack("the_trade_desk").rule("partner:acme") == pack("the_trade_desk").rule("partner")
    assert pack("meta").rule("partner:acme") is None


@pytest.mark.parametrize(
    ("platform", "type_name", "value", "text", "sent"),
    [
        ("meta", "email", " A.B+c@Gmail.com", "a.b+c@gmail.com", sha("a.b+c@gmail.com").hex()),
        ("google", "email", " A.B+c@Gmail.com", "ab@gmail.com", sha("ab@gmail.com").hex()),
        ("meta", "phone", "0912345678", "84912345678", sha("84912345678").hex()),
        ("google", "phone", "0912345678", "+84912345678", sha("+84912345678").hex()),
        ("meta", "external_id", " C-17", "C-17", "C-17"),
        ("google", "idfa", UUID.upper(), UUID, UUID),
        ("the_trade_desk", "partner:uid2", "AbC+/=", "AbC+/=", "AbC+/="),
        ("google", "email_sha256", HEX.upper(), HEX, HEX),
        ("uid2", "email_sha256", HEX, HEX, b64("a@b.de")),
        ("uid2", "email", "a.b@googlemail.com", "a.b@googlemail.com", b64("a.b@googlemail.com")),
    ],
)
def test_apply_makes_what_the_platform_takes(platform, type_name, value, text, sent):
    """Form, encoding, and no second hash over a digest."""
    found = apply(platform, type_name, value, "VN")
    assert (found.value, found.canonical, found.sent, found.reason) == (value, text, sent, "")


def test_apply_says_why_nothing_can_be_sent():
    """The reason of the value, or that the form leaves nothing of it."""
    gone = Applied(value="x", canonical=None, sent=None, form="gmail", reason="no_at_sign")
    assert apply("google", "email", "x") == gone
    assert apply("google", "email", "+x@gmail.com").reason == "empty_local_part"
    assert apply("meta", "phone", "0912345678").reason == "no_country"


def test_unknown_platform_and_type_name_the_known_ones():
    """The user reads what they may write."""
    with pytest.raises(ConfigurationError, match="google, klaviyo, line, linkedin, meta"):
        apply("friendster", "email", "a@b.de")
    with pytest.raises(ConfigurationError, match=r"the_trade_desk takes no .*maid, idfa, gaid"):
        apply("the_trade_desk", "email", "ada@example.com")


def test_encodings():
    """Lower-case hex, or base64 of the 32 bytes and not of their hex."""
    assert encode(Encoding.RAW, "a") == "a"
    assert encode(Encoding.SHA256_HEX, "a") == sha("a").hex()
    assert encode(Encoding.SHA256_BASE64, "a") == base64.b64encode(sha("a")).decode()
    assert encode_digest(Encoding.SHA256_HEX, sha("a").hex()) == sha("a").hex()
