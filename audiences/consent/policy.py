"""Consent: which agreement a destination needs, and where."""

from __future__ import annotations

from dataclasses import dataclass

# The 27 of the European Union with Iceland, Liechtenstein and Norway; and, because the platforms'
# EU user consent policies name them too, the United Kingdom and Switzerland.
_CODES = (
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE "
    "IS LI NO GB CH"
)
EEA = frozenset(_CODES.split())
EVERYWHERE = "everywhere"
FLAGS = {"ad_user_data": "consent_ads", "ad_personalization": "consent_personalization"}


@dataclass(frozen=True, slots=True)
class Policy:
    """What must have been agreed to before a row may be sent.

    A plain no to anything required always stops the row. Where the policy holds (`within`), the
    absence of an answer stops it too.
    """

    require: tuple[str, ...] = ("ad_user_data", "ad_personalization")
    within: str = "EEA"  # EEA or everywhere
    unknown_country: str = "outside"  # where a person without a country is taken to be


def consent_columns_sql() -> str:
    """Write the columns that fold the records of one person: any no is a no, any yes a yes.

    A record says it by a column of its own, and by its consent string as `gpp` reads it.
    """
    return ", ".join(
        folded_sql(flag, [f"bool_or(NOT {c})" for c in told], [f"bool_or({c})" for c in told])
        for flag, told in ((f, (column, f"tcf.{f}")) for f, column in FLAGS.items())
    )


def folded_sql(flag: str, refused: list[str], agreed: list[str]) -> str:
    """Write a consent from conditions of which any refuses it, else any grants it."""
    return (
        f"CASE WHEN {' OR '.join(refused)} THEN false "
        f"WHEN {' OR '.join(agreed)} THEN true END AS {flag}"
    )


def verdict_sql(policy: Policy, countries: str) -> str:
    """Write the reason why a row may not be sent, or null; `countries` is a list of codes."""
    held = ", ".join(f"'{code}'" for code in sorted(EEA))
    unknown = "true" if policy.unknown_country == "inside" else "false"
    inside = (
        "true"
        if policy.within == EVERYWHERE
        else f"(CASE WHEN len(coalesce({countries}, [])) = 0 THEN {unknown} "
        f"ELSE list_has_any({countries}, [{held}]) END)"
    )
    denied = " OR ".join(f"{flag} IS FALSE" for flag in policy.require) or "false"
    missing = " OR ".join(f"{flag} IS NULL" for flag in policy.require) or "false"
    return (
        f"CASE WHEN {denied} THEN 'consent_denied' "
        f"WHEN {inside} AND ({missing}) THEN 'consent_missing' END"
    )


def consent_text_sql() -> str:
    """Write what is recorded of a row's consent when it is sent."""
    parts = [
        f"'{flag}=' || CASE WHEN {flag} THEN 'granted' WHEN NOT {flag} THEN 'denied' "
        "ELSE 'unknown' END"
        for flag in FLAGS
    ]
    return " || ';' || ".join(parts)


def read_consent(text: str) -> dict[str, bool | None]:
    """Read what `consent_text_sql` wrote: flag -> yes, no or unknown."""
    words = {"granted": True, "denied": False}
    return {
        flag: words.get(answer)
        for flag, _, answer in (part.partition("=") for part in text.split(";") if part)
    }
