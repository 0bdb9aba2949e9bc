"""Drift for people: a table of both counts, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from audiences.flows.drift import Drift
from infra.local.output import table

_SURE = {
    "exact": "exact",
    "range": "a range",
    "settling": "sent within a day: not counted yet",
    "hidden": "the platform does not say",
    "no_answer": "no answer",
}


def drift_table(found: Sequence[Drift]) -> Table:
    """Make the table of what platforms hold by their own word and by ours."""
    columns = ("destination → audience", "ours", "theirs", "difference", "verdict", "since", "sure")
    rows = [
        (
            f"{each.destination} → {each.audience}{' (adopted)' if each.adopted else ''}",
            each.ours,
            _theirs(each),
            each.difference,
            each.verdict.replace("_", " "),
            each.since,
            _SURE[each.sure],
        )
        for each in found
    ]
    return table("Held by platforms", columns, rows)


def _theirs(drift: Drift) -> str:
    if drift.theirs_low == drift.theirs_high:
        return "" if drift.theirs_low is None else f"{drift.theirs_low:,}"
    ends = (drift.theirs_low, drift.theirs_high)
    return " to ".join("?" if end is None else f"{end:,}" for end in ends)
