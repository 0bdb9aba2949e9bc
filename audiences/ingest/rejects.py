"""Rejects: every row or field that was not kept, with the reason and the way to mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from audiences import schemas
from audiences.identifiers.normalise import fix_for
from audiences.ingest.raw import Broken
from shared.redact import shape

FIXES = {
    "too_few_fields": "give the row as many fields as the header, or quote what holds a comma",
    "too_many_fields": "give the row as many fields as the header, or quote what holds a comma",
    "not_utf8": "save the file as UTF-8",
    "not_a_json_object": "write one JSON object on each line",
    "no_identifier": "fill in at least one identifier",
    "missing": "fill in this field",
    "bad_time": "write an ISO 8601 date or time such as 2026-11-21T06:00:00Z",
    "bad_number": "write a plain number with a dot, such as 12.50",
    "bad_flag": "write true or false",
    "bad_country": "write the two-letter ISO code, such as VN",
    "bad_party": "write 1, 2 or 3",
    "unknown_type": "use a known identifier type, or partner:<name>",
    "expired": "nothing to do: the id's life was over before it came",
    "in_future": "correct the clock or time zone of the source",
}


@dataclass(slots=True)
class Tally:
    """Counts of one ingest, growing as batches pass."""

    rows_in: int = 0
    kept: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    field_reasons: Counter[str] = field(default_factory=Counter)


def fix(reason: str) -> str:
    """Say in one sentence how to mend what was refused for this reason."""
    return FIXES.get(reason) or fix_for(reason)


def count(tally: Tally, rejects: pa.Table) -> None:
    """Add a batch's rejects to the counts; a row counts once, under its first reason."""
    whole = rejects.filter(pc.equal(rejects["scope"], "row"))
    firsts = whole.group_by("row", use_threads=False).aggregate([("reason", "first")])
    for column, counts in (
        (firsts["reason_first"], tally.reasons),
        (rejects.filter(pc.equal(rejects["scope"], "field"))["reason"], tally.field_reasons),
    ):
        for item in pc.value_counts(column).to_pylist():
            counts[item["values"]] += item["counts"]
    tally.rejected += firsts.num_rows


def table_of(rejects: pa.Table, *, ingest: str, table: str, source: str) -> pa.Table:
    """Make the rows of the `rejects` log; values appear only as their redacted shape."""
    rows = rejects.num_rows
    reasons = rejects["reason"].to_pylist()
    fixes = {reason: fix(reason) for reason in set(reasons)}
    samples = [None if raw is None else shape(raw) for raw in rejects["raw"].to_pylist()]
    columns = {
        "ingest": pa.array([ingest] * rows, pa.string()),
        "table": pa.array([table] * rows, pa.string()),
        "row": rejects["row"],
        "scope": rejects["scope"],
        "field": rejects["field"],
        "reason": rejects["reason"],
        "fix": pa.array([fixes[reason] for reason in reasons], pa.string()),
        "sample": pa.array(samples, pa.string()),
        "source": pa.array([source] * rows, pa.string()),
    }
    return pa.table(columns, schema=schemas.REJECTS)


def broken_rows(broken: Sequence[Broken]) -> pa.Table:
    """Give rows that could not be split into fields the shape of other rejects."""
    return pa.table(
        {
            "row": pa.array([b.row for b in broken], pa.int64()),
            "scope": pa.array(["row"] * len(broken), pa.string()),
            "field": pa.array([""] * len(broken), pa.string()),
            "reason": pa.array([b.reason for b in broken], pa.string()),
            "raw": pa.array([b.text for b in broken], pa.string()),
        }
    )
