"""Match rate: what was sent to each destination and what was taken, by the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection as Connection

from shared.clock import iso


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One audience at one destination: rows of additions, over all runs and in the last one."""

    audience: str
    destination: str
    platform: str
    runs: int
    last_run: str
    last_at: datetime
    sent: int
    accepted: int
    rejected: int
    unknown: int
    last_sent: int
    last_accepted: int
    reasons: tuple[tuple[str, int], ...]  # of what was not accepted, the most frequent first

    @property
    def accepted_percent(self) -> float | None:
        """The share of rows that the platform took; None with nothing sent."""
        return round(100 * self.accepted / self.sent, 1) if self.sent else None

    def as_json(self) -> dict[str, Any]:
        """Return the line with the keys of docs/reports.md."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {
            "last_at": iso(self.last_at),
            "accepted_percent": self.accepted_percent,
            "reasons": dict(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class MatchRate:
    """The report: every pair of audience and destination that anything was ever sent of."""

    as_of: datetime
    pairs: tuple[Taken, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the report with the keys of docs/reports.md."""
        pairs = [pair.as_json() for pair in self.pairs]
        return {"report": "match-rate", "as_of": iso(self.as_of), "pairs": pairs}


def match_rate(con: Connection, audiences: Sequence[str], as_of: datetime) -> MatchRate:
    """Count the ledger's additions known at `as_of`; needs the relation `all_sends`."""
    bound = {"wanted": list(audiences), "as_of": as_of}
    rows = con.execute(match_rate_sql(), bound).fetchall()
    return MatchRate(as_of, tuple(_taken(row) for row in rows))


def match_rate_sql() -> str:
    """Select one row for each audience and destination."""
    return """
        WITH added AS (
            SELECT * FROM all_sends WHERE op = 'add' AND "at" <= $as_of
            AND (len($wanted) = 0 OR list_contains($wanted, audience))),
        reasons AS (
            SELECT audience, destination, list({'reason': reason, 'rows': rows}
                ORDER BY rows DESC, reason) AS reasons
            FROM (SELECT audience, destination, coalesce(nullif(reason, ''), outcome) AS reason,
                count(*) AS rows FROM added WHERE outcome <> 'accepted' GROUP BY ALL)
            GROUP BY ALL),
        last AS (
            SELECT audience, destination, max_by(run, ("at", run)) AS run FROM added GROUP BY ALL)
        SELECT audience, destination, max_by(platform, "at"), count(DISTINCT added.run),
            any_value(last.run), epoch_us(max("at")), count(*),
            count(*) FILTER (outcome = 'accepted'), count(*) FILTER (outcome = 'rejected'),
            count(*) FILTER (outcome = 'unknown'), count(*) FILTER (added.run = last.run),
            count(*) FILTER (added.run = last.run AND outcome = 'accepted'),
            any_value(reasons.reasons)
        FROM added JOIN last USING (audience, destination)
        LEFT JOIN reasons USING (audience, destination)
        GROUP BY audience, destination ORDER BY audience, destination"""


def _taken(row: tuple[Any, ...]) -> Taken:
    names = [name for name in Taken.__slots__ if name != "reasons"]
    told = dict(zip(names, row[:-1], strict=True))
    told["last_at"] = datetime.fromtimestamp(told["last_at"] / 1e6, UTC)
    return Taken(**told, reasons=tuple((r["reason"], r["rows"]) for r in row[-1] or ()))
