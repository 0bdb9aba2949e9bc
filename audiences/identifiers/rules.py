"""What a rule pack is made of: rules, and the choices that its sources leave open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from audiences.identifiers.catalog import base_type
from shared.errors import ConfigurationError

ACCEPT, REFUSE, DROP = "accept", "refuse", "drop"
HASHED_INPUT = "hashed_input"
EMAIL_SPACES = "email_spaces"
UNREADABLE_VALUE = "unreadable_value"


class Encoding(StrEnum):
    """How a form's text goes on the wire."""

    SHA256_HEX = "sha256_hex"
    SHA256_BASE64 = "sha256_base64"
    RAW = "raw"
    NUMBER = "number"  # a JSON number


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a pack, with the source that says so and the month of that source."""

    type: str
    form: str
    encoding: Encoding
    source: str
    dated: str  # YYYY-MM
    instead: str = ""  # the text that stands for a value that can't be read; nothing: it is refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A question that sources answer differently: what we do, why, and what else can be set."""

    name: str  # the key under a destination's `options:`
    default: str
    reason: str
    source: str
    forms: Mapping[str, Mapping[str, str]]  # value -> identifier type -> form


@dataclass(frozen=True, slots=True)
class Pack:
    """One platform's rules at one version; the version stands in the ledger of what was sent."""

    platform: str
    version: str
    rules: tuple[Rule, ...]
    choices: tuple[Choice, ...] = ()
    clear: bool = False  # an engagement platform: it is given contacts in clear, as it mails them
    hashed_input: bool = False  # a digest where an address or number should stand goes through
    email_spaces: bool = False  # spaces inside an address are dropped and not refused

    def rule(self, type: str) -> Rule | None:  # noqa: A002
        """Return the rule for a type (`partner:<name>` follows `partner`), or None."""
        name = base_type(type)
        return next((rule for rule in self.rules if rule.type == name), None)

    def chosen(self, options: Mapping[str, object]) -> Pack:
        """Return the pack with choices made otherwise; options that are no choices are ignored.

        The version says what differs from the defaults (`tiktok-2026-11+phone_plus=false`).

        Raises:
            ConfigurationError: naming the values that can be chosen, for one that can't.
        """
        made, marks = self, []
        for choice in self.choices:
            value = str(options.get(choice.name, choice.default)).lower()
            if value not in choice.forms:
                known = " or ".join(choice.forms)
                raise ConfigurationError(f"{self.platform}: '{choice.name}' is {known}")
            if value != choice.default:
                made = made._with(choice.name, choice.forms[value], value)
                marks.append(f"{choice.name}={value}")
        return replace(made, version="+".join([self.version, *marks]))

    def _with(self, name: str, forms: Mapping[str, str], value: str) -> Pack:
        if name == HASHED_INPUT:
            return replace(self, hashed_input=value == ACCEPT)
        if name == EMAIL_SPACES:
            return replace(self, email_spaces=value == DROP)
        if name == UNREADABLE_VALUE:
            return replace(self, rules=tuple(replace(rule, instead="") for rule in self.rules))
        rules = (replace(rule, form=forms.get(rule.type, rule.form)) for rule in self.rules)
        return replace(self, rules=tuple(rules))
