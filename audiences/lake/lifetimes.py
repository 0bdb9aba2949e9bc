"""Lifetimes that a workspace has shortened, applied to what was taken in before it did."""

from __future__ import annotations

from collections.abc import Mapping


def ends_sql(lifetimes: Mapping[str, int], type_sql: str, from_sql: str, end_sql: str) -> str:
    """Write the earlier of an identifier's end and of what its type may live since it was seen.

    What was taken in under a longer life ends with the shorter one, and never the other way round.
    A null end is durable and stays so.
    """
    if not lifetimes:
        return end_sql
    # A partner's own lifetime stands before that of all partners.
    named = sorted(lifetimes.items(), key=lambda item: (item[0] == "partner", item[0]))
    partners = lifetimes.get("partner")
    cases = []
    for name, days in named:
        if name == "partner":
            cases.append(f"WHEN {type_sql} LIKE 'partner:%' THEN {days:d}")
        else:
            least = min(days, partners or days) if name.startswith("partner:") else days
            cases.append(f"WHEN {type_sql} = '{name}' THEN {least:d}")
    days_sql = f"CASE {' '.join(cases)} END"
    return (
        f"CASE WHEN {end_sql} IS NOT NULL "
        f"THEN least({end_sql}, {from_sql} + to_days({days_sql})) END"
    )
