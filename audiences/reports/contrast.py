"""Contrast: how much of an audience's reach is durable, and how much is on a clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from audiences.reports._reach import DAY_US, chosen_sql, ids_sql, parameters
from shared.clock import iso


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeReach:
    """Members that one identifier type reaches; days left are null where no clock runs."""

    type: str
    members: int
    days_left_median: float | None
    days_left_max: float | None

    def as_json(self) -> dict[str, Any]:
        """Return the row with the keys of docs/reports.md."""
        return {
            "type": self.type,
            "members": self.members,
            "days_left_median": self.days_left_median,
            "days_left_max": self.days_left_max,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceContrast:
    """One audience at one instant, its members counted by what reaches them."""

    audience: str
    of: str  # people | devices
    members: int
    durable: int  # an identifier without a clock reaches them
    on_a_clock: int  # a live device reaches them
    both: int
    known: int  # they, or the person the device belongs to, have an identifier without a clock
    by_type: tuple[TypeReach, ...] = ()

    @property
    def only_on_a_clock(self) -> int:
        """Members that nothing but a device reaches."""
        return self.on_a_clock - self.both

    @property
    def only_durable(self) -> int:
        """Members that no live device reaches."""
        return self.durable - self.both

    @property
    def unreachable(self) -> int:
        """Members that nothing reaches any more."""
        return self.members - self.durable - self.only_on_a_clock

    def as_json(self) -> dict[str, Any]:
        """Return the audience with the keys of docs/reports.md."""
        return {
            "audience": self.audience,
            "of": self.of,
            "members": self.members,
            "durable": self.durable,
            "on_a_clock": self.on_a_clock,
            "both": self.both,
            "only_durable": self.only_durable,
            "only_on_a_clock": self.only_on_a_clock,
            "unreachable": self.unreachable,
            "known": self.known,
            "by_type": [reach.as_json() for reach in self.by_type],
        }


@dataclass(frozen=True, slots=True)
class Contrast:
    """The report: audiences in the order they were asked for."""

    as_of: datetime
    audiences: tuple[AudienceContrast, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the report with the keys of docs/reports.md."""
        return {
            "report": "contrast",
            "as_of": iso(self.as_of),
            "audiences": [audience.as_json() for audience in self.audiences],
        }


def contrast(con: duckdb.DuckDBPyConnection, audiences: Sequence[str], as_of: datetime) -> Contrast:
    """Count the members of each audience by what reaches them at `as_of`."""
    rows = con.execute(contrast_sql(), parameters(audiences, as_of)).fetchall()
    found = {row[0]: _audience(row) for row in rows}
    return Contrast(as_of, tuple(found.get(name) or _empty(name) for name in audiences))


def contrast_sql() -> str:
    """Select one row an audience, with its identifier types as a list of structs."""
    return f"""
    WITH chosen AS MATERIALIZED ({chosen_sql()}),
    ids AS ({ids_sql()}),
    best AS MATERIALIZED (
      SELECT audience, member, type, max(left_us) AS left_us, any_value(person) AS person,
             bool_or(left_us IS NULL) AS durable, bool_or(left_us IS NOT NULL) AS clocked
      FROM ids GROUP BY audience, member, type),
    durable_people AS (SELECT DISTINCT person FROM people_now WHERE expires_at IS NULL),
    reached AS ({_reached_sql()}),
    kinds AS (
      SELECT audience, type, count(*) AS members, bool_or(durable) AS durable,
             median(left_us) AS mid, max(left_us) AS longest
      FROM best GROUP BY audience, type),
    types AS (
      SELECT audience, list({{'type': type, 'members': members, 'mid': mid, 'longest': longest}}
                            ORDER BY durable DESC, members DESC, type) AS types
      FROM kinds GROUP BY audience)
    SELECT c.audience, any_value(c.of), count(*),
           count(*) FILTER (r.durable), count(*) FILTER (r.clocked),
           count(*) FILTER (r.durable AND r.clocked), count(*) FILTER (r.known), any_value(t.types)
    FROM chosen c LEFT JOIN reached r USING (audience, member) LEFT JOIN types t USING (audience)
    GROUP BY c.audience"""


def _reached_sql() -> str:
    return """
      SELECT audience, member, bool_or(durable) AS durable, bool_or(clocked) AS clocked,
             bool_or(durable OR person IN (FROM durable_people)) AS known
      FROM best GROUP BY audience, member"""


def _audience(row: tuple[Any, ...]) -> AudienceContrast:
    name, of, members, durable, clocked, both, known, types = row
    return AudienceContrast(
        audience=name,
        of=of,
        members=members,
        durable=durable,
        on_a_clock=clocked,
        both=both,
        known=known,
        by_type=tuple(_type(kind) for kind in types or ()),
    )


def _type(kind: dict[str, Any]) -> TypeReach:
    return TypeReach(
        type=kind["type"],
        members=kind["members"],
        days_left_median=_days(kind["mid"]),
        days_left_max=_days(kind["longest"]),
    )


def _days(microseconds: float | None) -> float | None:
    return None if microseconds is None else round(microseconds / DAY_US, 1)


def _empty(name: str) -> AudienceContrast:
    return AudienceContrast(
        audience=name, of="people", members=0, durable=0, on_a_clock=0, both=0, known=0
    )
