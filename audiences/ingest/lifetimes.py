"""How long a short-lived identifier may live, as SQL over the catalog's rule."""

from __future__ import annotations

from audiences.identifiers.catalog import CATALOG, lifetime_days
from audiences.ingest.batch import Ingest, literal

_BROWSERS = ("safari", "")  # the only browser with a rule of its own, and all others


def lifetime_sql(ingest: Ingest, type_sql: str, party_sql: str, browser_sql: str) -> str:
    """Write the days that an identifier lives after it was seen; null for a durable one.

    The workspace may shorten a life, never lengthen it.
    """
    safari = (
        f"(lower({browser_sql}) LIKE '%safari%' AND lower({browser_sql}) NOT LIKE '%chrome%' "
        f"AND lower({browser_sql}) NOT LIKE '%android%')"
    )
    cases = []
    for name, kind in CATALOG.items():
        if kind.lifetime_days is None:
            continue
        test = (
            f"{type_sql} LIKE 'partner:%'" if name == "partner" else f"{type_sql} = {literal(name)}"
        )
        days = {
            (party, browser): _days(ingest, name, party, browser)
            for party in (1, 2)
            for browser in _BROWSERS
        }
        cases.append(
            f"WHEN {test} THEN CASE WHEN {party_sql} = 1 "
            f"THEN CASE WHEN {safari} THEN {days[1, 'safari']} ELSE {days[1, '']} END "
            f"ELSE CASE WHEN {safari} THEN {days[2, 'safari']} ELSE {days[2, '']} END END"
        )
    return f"CASE {' '.join([*_partners(ingest, type_sql), *cases])} END"


def _partners(ingest: Ingest, type_sql: str) -> list[str]:
    """Write the cases of single partners that the workspace names."""
    general = _days(ingest, "partner", 1, "")
    return [
        f"WHEN {type_sql} = {literal(name)} THEN {min(days, general)}"
        for name, days in ingest.lifetimes.items()
        if name.startswith("partner:")
    ]


def _days(ingest: Ingest, name: str, party: int, browser: str) -> int:
    known = "partner:x" if name == "partner" else name
    days = lifetime_days(known, party, browser)
    return min(days, ingest.lifetimes.get(name, days))
