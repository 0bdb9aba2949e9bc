"""Nothing never becomes somebody: no platform is sent the hash of an empty text, for any type."""

from __future__ import annotations

import base64
import hashlib

import pytest

from audiences.identifiers.catalog import CATALOG
from audiences.identifiers.packs import PACKS, ZEROED, apply

RULES = [
    (slug, "partner:acme" if rule.type == "partner" else rule.type)
    for slug, found in PACKS.items()
    for rule in found.rules
]
NOTHING = (
    *("", " ", "\t\r\n", "\u00a0", "\u3000\u3000", "\u200b", "\u200d\u200c", "\ufeff", "\u00ad"),
    *("\u202e", "\u2060\u2063", "\x00", "\x1f", "\ud800"),
    *(".", "...", "-", "--", "—", "_", "/", "()", "+", "@", "'", '""', "?!", "؟", "、。", "·", "*"),
    *("🎉", "👩‍👩‍👧", "🇻🇳", "☎️", "\u0301", "\u0e31", "\u20e3"),
    *("null", "None", "N/A", "undefined", "nan", "<NA>", "#N/A", "unknown", "(none)"),
    *("@.", "@@"),
)
NO_MAILBOX = ("@gmail.com", ".@gmail.com", "...@gmail.com", "+@gmail.com.", "@example.com")
VOID = {
    text
    for blank in (b"", b" ", b"None", b"null", b"nan")
    for digest in [hashlib.sha256(blank)]
    for text in (digest.hexdigest(), base64.b64encode(digest.digest()).decode())
}
# Ids that a company makes up itself may be of any signs; what is hashed may not.
_OPAQUE = {"external_id", "cookie", "ctv", "partner:acme"}


@pytest.mark.parametrize(("platform", "kind"), RULES)
@pytest.mark.parametrize("country", [None, "US", "VN"])
def test_nothing_is_sent_for_nothing(platform, kind, country):
    """Blanks, signs, emoji, words for no value: each is refused with a reason."""
    for value in (*NOTHING, *NO_MAILBOX) if kind == "email" else NOTHING:
        found = apply(platform, kind, value, country)
        assert found.sent not in VOID
        assert found.sent != ""
        if kind in _OPAQUE:
            continue
        if ZEROED in found.flags:
            assert (platform, kind, found.sent) == ("meta", "value", 0)
            continue
        assert (found.canonical, found.sent, bool(found.reason)) == (None, None, True), value


@pytest.mark.parametrize(("platform", "kind"), RULES)
def test_the_digest_of_nothing_is_no_ones(platform, kind):
    """As hex in either case and as base64, declared hashed or not."""
    for text in VOID:
        for given in {text, text.upper()} if len(text) == 64 else {text}:
            found = apply(platform, kind, given, "US")
            in_clear = found.sent == given and kind in {*_OPAQUE, "uid2", "euid"}
            zeroed = (platform, kind) == ("meta", "value")
            assert found.sent is None or in_clear or zeroed, (platform, kind, given)


def test_there_is_a_rule_for_every_identifier_that_may_leave():
    """The suite above is not empty by a slip."""
    kinds = {kind.partition(":")[0] for _, kind in RULES}
    assert {name for name, one in CATALOG.items() if one.leaves != "never"} <= kinds
    assert len(RULES) > 100
