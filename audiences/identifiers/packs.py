"""Rule packs: which form and encoding each platform takes of each type, and by which source."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum

from audiences.identifiers.catalog import base_type
from audiences.identifiers.digest import sha256_hex
from audiences.identifiers.forms import form_text
from audiences.identifiers.normalise import canonical
from shared.errors import ConfigurationError


class Encoding(StrEnum):
    """How a form's text goes on the wire."""

    SHA256_HEX = "sha256_hex"
    SHA256_BASE64 = "sha256_base64"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a pack, with the source that says so and the month of that source."""

    type: str
    form: str
    encoding: Encoding
    source: str
    dated: str  # YYYY-MM


@dataclass(frozen=True, slots=True)
class Pack:
    """One platform's rules at one version; the version stands in the ledger of what was sent."""

    platform: str
    version: str
    rules: tuple[Rule, ...]

    def rule(self, type: str) -> Rule | None:  # noqa: A002
        """Return the rule for a type (`partner:<name>` follows `partner`), or None."""
        name = base_type(type)
        return next((rule for rule in self.rules if rule.type == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What becomes of one value on one platform; `canonical` is the text before any hashing."""

    value: str
    canonical: str | None
    sent: str | None
    form: str
    reason: str = ""


_HEX, _B64, _RAW = Encoding.SHA256_HEX, Encoding.SHA256_BASE64, Encoding.RAW
_META = "https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences"
_GOOGLE = "https://developers.google.com/data-manager, user data formatting; datamanager-util 0.4.0"
_TTD = "PyPI ttd-data 0.3.2, OpenAPI description of the Data API"
_UID2 = "https://unifiedid.com/docs/getting-started/gs-normalization-encoding"


def _pack(platform: str, dated: str, source: str, *rows: tuple[str, str, Encoding]) -> Pack:
    rules = tuple(Rule(type_name, form, how, source, dated) for type_name, form, how in rows)
    return Pack(platform, f"{platform}-{dated}", rules)


_ALL = (
    _pack(
        "meta",
        "2026-09",
        _META,
        ("external_id", "plain", _RAW),
        ("email", "plain", _HEX),
        ("email_sha256", "plain", _HEX),
        ("phone", "digits", _HEX),
        ("maid", "plain", _RAW),
        ("idfa", "plain", _RAW),
        ("gaid", "plain", _RAW),
    ),
    _pack(
        "google",
        "2026-10",
        _GOOGLE,
        ("external_id", "plain", _RAW),
        ("email", "gmail", _HEX),
        ("email_sha256", "plain", _HEX),
        ("phone", "e164", _HEX),
        ("phone_sha256", "e164", _HEX),
        ("maid", "plain", _RAW),
        ("idfa", "plain", _RAW),
        ("gaid", "plain", _RAW),
    ),
    _pack(
        "the_trade_desk",
        "2026-09",
        _TTD,
        ("maid", "plain", _RAW),
        ("idfa", "plain", _RAW),
        ("gaid", "plain", _RAW),
        ("cookie", "plain", _RAW),
        ("partner", "plain", _RAW),
    ),
    _pack(
        "uid2",
        "2026-08",
        _UID2,
        ("email", "gmail_com", _B64),
        ("email_sha256", "plain", _B64),
        ("phone", "e164", _B64),
        ("phone_sha256", "e164", _B64),
    ),
)
PACKS: dict[str, Pack] = {pack.platform: pack for pack in _ALL}


def pack(slug: str) -> Pack:
    """Return a platform's pack.

    Raises:
        ConfigurationError: naming the known platforms, when there is none.

    """
    if slug not in PACKS:
        known = ", ".join(sorted(PACKS))
        raise ConfigurationError(f"no rule pack for this platform; known are {known}")
    return PACKS[slug]


def encode(encoding: Encoding, text: str) -> str:
    """Return a form's text as it stands in a request."""
    return text if encoding is Encoding.RAW else encode_digest(encoding, sha256_hex(text))


def encode_digest(encoding: Encoding, digest_hex: str) -> str:
    """Return a digest that is made already as it stands in a request; it is not hashed again."""
    if encoding is Encoding.SHA256_BASE64:
        return base64.b64encode(bytes.fromhex(digest_hex)).decode()
    return digest_hex


def apply(platform: str, type: str, value: str, country: str | None = None) -> Applied:  # noqa: A002
    """Return what one raw value becomes on one platform, or why it can't be sent.

    Raises:
        ConfigurationError: naming what is known, for a platform or type without a rule.

    """
    rules = pack(platform)
    rule = rules.rule(type)
    if rule is None:
        known = ", ".join(row.type for row in rules.rules)
        raise ConfigurationError(f"{platform} takes no such identifier type; it takes {known}")
    found = canonical(type, value, country)
    text = None if found.value is None else form_text(type, rule.form, found.value)
    if text is None:
        reason = found.reason or "empty_local_part"
        return Applied(value=value, canonical=None, sent=None, form=rule.form, reason=reason)
    made = encode_digest if rule.type.endswith("_sha256") else encode
    return Applied(value=value, canonical=text, sent=made(rule.encoding, text), form=rule.form)
