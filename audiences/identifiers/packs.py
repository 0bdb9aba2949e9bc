"""Rule packs: which form and encoding each platform takes of each type, and by which source."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from audiences.identifiers.digest import sha256_hex
from audiences.identifiers.forms import spelled
from audiences.identifiers.hashes import canonical_hash
from audiences.identifiers.mail_flags import flags_of
from audiences.identifiers.normalise import canonical
from audiences.identifiers.platform_rules import PACKS
from audiences.identifiers.reasons import Canonical
from audiences.identifiers.rules import Choice, Encoding, Pack, Rule
from shared.errors import ConfigurationError

__all__ = [
    "PACKS", "Applied", "Choice", "Encoding", "Pack", "Rule", "applied", "apply", "encode",
    "encode_digest", "pack", "rule_of",
]  # fmt: skip

_HASHED = frozenset({Encoding.SHA256_HEX, Encoding.SHA256_BASE64})
ALREADY_HASHED, SPACE_INSIDE, ZEROED = "already_hashed", "space_inside", "taken_as_zero"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What becomes of one value on one platform; `canonical` is the text before any hashing.

    `sent` is a number where the platform takes one; `flags` say what its owner may want to know.
    """

    value: str
    canonical: str | None
    sent: str | int | float | None
    form: str
    reason: str = ""
    flags: tuple[str, ...] = ()


def pack(slug: str, options: Mapping[str, object] | None = None) -> Pack:
    """Return a platform's pack, with the choices that `options` make.

    Raises:
        ConfigurationError: naming the known platforms or values, when there is none.

    """
    if slug not in PACKS:
        known = ", ".join(sorted(PACKS))
        raise ConfigurationError(f"no rule pack for this platform; known are {known}")
    return PACKS[slug].chosen(options or {})


def rule_of(rules: Pack, type: str) -> Rule:  # noqa: A002
    """Return a pack's rule for a type.

    Raises:
        ConfigurationError: naming the types that the platform takes, when there is none.

    """
    rule = rules.rule(type)
    if rule is None:
        known = ", ".join(row.type for row in rules.rules)
        raise ConfigurationError(
            f"{rules.platform} takes no such identifier type; it takes {known}"
        )
    return rule


def encode(encoding: Encoding, text: str) -> str:
    """Return a form's text as it stands in a request; a number is still its text."""
    if encoding in {Encoding.RAW, Encoding.NUMBER}:
        return text
    return encode_digest(encoding, sha256_hex(text))


def encode_digest(encoding: Encoding, digest_hex: str) -> str:
    """Return a digest that is made already as it stands in a request; it is not hashed again."""
    if encoding is Encoding.SHA256_BASE64:
        return base64.b64encode(bytes.fromhex(digest_hex)).decode()
    return digest_hex


def apply(
    platform: str,
    type: str,  # noqa: A002
    value: str,
    country: str | None = None,
    options: Mapping[str, object] | None = None,
) -> Applied:
    """Return what one raw value becomes on one platform, or why it can't be sent.

    Raises:
        ConfigurationError: naming what is known, for a platform, type or choice there is none of.

    """
    rules = pack(platform, options)
    rule_of(rules, type)
    return applied(rules, type, value, canonical(type, value, country), country)


def applied(
    rules: Pack,
    type: str,  # noqa: A002
    value: str,
    found: Canonical,
    country: str | None = None,
) -> Applied:
    """Return what a pack makes of a value that `canonical` has judged."""
    rule = rule_of(rules, type)
    if found.reason == ALREADY_HASHED and rules.hashed_input and rule.encoding in _HASHED:
        return _digest_as_given(rule, value)
    if found.reason == SPACE_INSIDE and rules.email_spaces and rule.type == "email":
        found = canonical(type, "".join(value.split()))
    text = _spelled(rule, type, found, country)
    if text.value is None:
        return Applied(value=value, canonical=None, sent=None, form=rule.form, reason=text.reason)
    made = encode_digest if rule.type.endswith("_sha256") else encode
    sent: str | int | float = made(rule.encoding, text.value)
    if rule.encoding is Encoding.NUMBER:
        sent = float(text.value) if "." in text.value else int(text.value)
    return Applied(value=value, canonical=text.value, sent=sent, form=rule.form, flags=text.flags)


def _spelled(rule: Rule, type: str, found: Canonical, country: str | None) -> Canonical:  # noqa: A002
    if found.value is None:
        unreadable = rule.instead and found.reason not in {"empty", "placeholder"}
        return Canonical(rule.instead, flags=(ZEROED,)) if unreadable else found
    text = spelled(type, rule.form, found.value, country)
    # Columns carry no flags, so they are asked for again.
    flags = flags_of(found.value) if rule.type == "email" and text.value is not None else ()
    return Canonical(text.value, text.reason, flags)


def _digest_as_given(rule: Rule, value: str) -> Applied:
    found = canonical_hash(value)
    if found.value is None:
        return Applied(value=value, canonical=None, sent=None, form=rule.form, reason=found.reason)
    return Applied(
        value=value,
        canonical=found.value,
        sent=encode_digest(rule.encoding, found.value),
        form=rule.form,
        flags=(ALREADY_HASHED,),
    )
