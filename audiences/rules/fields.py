"""The fields that a profile leaf may name: native columns, and attributes by their full header."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ATTRIBUTES = "attributes."


class Kind(StrEnum):
    """What a field holds, which decides the words that fit it."""

    TEXT = "text"
    FLAG = "true or false"
    DATE = "a date"
    MOMENT = "a point in time"
    ATTRIBUTE = "an attribute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: its kind, whether case is folded, and whether its values are kept out of texts."""

    name: str
    kind: Kind = Kind.TEXT
    folded: bool = False
    masked: bool = False

    @property
    def attribute(self) -> str:
        """Return the key of an attribute in the map of attributes."""
        return self.name.removeprefix(ATTRIBUTES)


NATIVE: dict[str, Field] = {
    field.name: field
    for field in (
        Field(name="external_id", masked=True),
        Field(name="email", folded=True, masked=True),
        Field(name="phone", masked=True),
        Field(name="first_name", masked=True),
        Field(name="last_name", masked=True),
        Field(name="street", masked=True),
        Field(name="city"),
        Field(name="state"),
        Field(name="zip"),
        Field(name="country", folded=True),
        Field(name="birth_date", kind=Kind.DATE),
        Field(name="gender", folded=True),
        Field(name="language", folded=True),
        Field(name="consent_ads", kind=Kind.FLAG),
        Field(name="consent_personalization", kind=Kind.FLAG),
        Field(name="do_not_contact", kind=Kind.FLAG),
        Field(name="updated_at", kind=Kind.MOMENT),
        Field(name="source"),
    )
}


def field_named(name: str) -> Field | None:
    """Return a field by name, or None for a plain name that no profile has."""
    if name in NATIVE:
        return NATIVE[name]
    key = name.removeprefix(ATTRIBUTES)
    return Field(name=name, kind=Kind.ATTRIBUTE) if "." in name and key else None
