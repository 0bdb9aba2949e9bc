"""Tiny people and members in a real DuckDB, in the shape the reports read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import duckdb
import pytest

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
_PEOPLE = "key UUID, type VARCHAR, person UUID, expires_at TIMESTAMPTZ, since TIMESTAMPTZ"
_MEMBERS = "audience VARCHAR, member UUID, of VARCHAR, expires_at TIMESTAMPTZ"


class Lake:
    """The two views, filled by hand; a life is in days from `AS_OF`, None is durable."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        self.con.execute(f"CREATE TABLE people_now ({_PEOPLE})")
        self.con.execute(f"CREATE TABLE members_now ({_MEMBERS})")
        self._next = 1000

    def person(self, number: int, *identifiers: tuple[str, float | None]) -> list[UUID]:
        """Give a person identifiers, and return their keys."""
        keys = [self._key() for _ in identifiers]
        for key, (kind, life) in zip(keys, identifiers, strict=True):
            row = [key, kind, UUID(int=number), _ends(life), AS_OF]
            self.con.execute("INSERT INTO people_now VALUES (?, ?, ?, ?, ?)", row)
        return keys

    def audience(self, name: str, members: Iterable[int]) -> None:
        """Put people into an audience by number."""
        self._members([(name, UUID(int=member), "people", None) for member in members])

    def devices(self, name: str, members: Iterable[tuple[UUID, float | None]]) -> None:
        """Put devices into an audience by key and life."""
        self._members([(name, key, "devices", _ends(life)) for key, life in members])

    def _members(self, rows: list[tuple[Any, ...]]) -> None:
        for row in rows:
            self.con.execute("INSERT INTO members_now VALUES (?, ?, ?, ?)", list(row))

    def _key(self) -> UUID:
        self._next += 1
        return UUID(int=self._next)


def _ends(life: float | None) -> datetime | None:
    return None if life is None else AS_OF + timedelta(days=life)


@pytest.fixture(scope="session")
def as_of() -> datetime:
    return AS_OF


@pytest.fixture(scope="session")
def new_lake() -> type[Lake]:
    return Lake


@pytest.fixture
def lake() -> Iterator[Lake]:
    made = Lake()
    yield made
    made.con.close()
