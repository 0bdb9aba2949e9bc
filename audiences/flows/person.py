"""Person: the single customer view of one person, found by id or by any identifier."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection as Connection

from audiences.flows.places import held_table
from audiences.flows.workspace import Workspace
from audiences.identifiers.digest import identifier_key
from audiences.identifiers.normalise import canonical, fix_for
from audiences.lake import now, snapshot
from audiences.lake.query import connect, one, table, timestamp
from audiences.schemas import HELD
from shared.clock import iso
from shared.errors import DataError


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of one person; shown to whoever may see it, never logged."""

    person: str
    identifiers: list[dict[str, Any]]
    profiles: list[dict[str, Any]]
    events: list[dict[str, Any]]
    sightings: list[dict[str, Any]]
    audiences: list[str]
    platforms: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """Return the view with stable names."""
        return {name: getattr(self, name) for name in self.__slots__}


def find_person(
    workspace: Workspace, *, person: str = "", kind: str = "", value: str = "", country: str = ""
) -> Person:
    """Return the view of the person with this id, or with this identifier.

    Raises:
        DataError: when the identifier cannot be read, or nobody has it.
    """
    key = _person_key(person) if person else _identifier(workspace, kind, value, country)
    # A person may bear the name of an identifier that has come to somebody else since.
    column = "person" if person else "key"
    lake, at = workspace.lake, workspace.now()
    with connect(lake.scratch, workspace.memory) as con:
        now.people(con, lake, snapshot.latest(lake, "people"), at)
        found = one(
            con,
            f"SELECT person FROM people_now WHERE {column} = $key LIMIT 1",
            {"key": key},
        )
        if not found:
            raise DataError("nobody with that identifier is known (or `bridge resolve` is due)")
        return _view(workspace, con, found[0])


def _person_key(person: str) -> uuid.UUID:
    try:
        return uuid.UUID(person)
    except ValueError as error:
        raise DataError("a person's id is 32 hexadecimal digits") from error


def _identifier(workspace: Workspace, kind: str, value: str, country: str) -> uuid.UUID:
    read = canonical(kind, value, country or workspace.settings.default_country)
    if read.value is None:
        raise DataError(f"this {kind} cannot be used: {read.reason} ({fix_for(read.reason)})")
    return uuid.UUID(bytes=identifier_key(workspace.secret, kind, read.value))


def _view(workspace: Workspace, con: Connection, person: uuid.UUID) -> Person:
    lake, at = workspace.lake, workspace.now()
    now.profiles(con, lake, at)
    now.events(con, lake, at, "value currency category channel")
    now.sightings(con, lake, at)
    now.members(con, lake, workspace.audiences, at)
    who = {"person": person}
    members = con.execute(
        "SELECT DISTINCT audience FROM members_now WHERE member = $person OR member IN "
        "(SELECT key FROM people_now WHERE person = $person) ORDER BY audience",
        who,
    ).fetchall()
    return Person(
        person=person.hex,
        identifiers=_rows(
            con, "SELECT type, key, expires_at FROM people_now WHERE person = $person", who
        ),
        profiles=_rows(
            con, "SELECT * EXCLUDE (person, record) FROM profiles_now WHERE person = $person", who
        ),
        events=_rows(
            con,
            "SELECT name, count(*) AS times, sum(value) AS value, any_value(currency) AS currency, "
            'min("at") AS first, max("at") AS last FROM events_now WHERE person = $person '
            "GROUP BY name ORDER BY name",
            who,
        ),
        sightings=_rows(
            con,
            "SELECT id_type, device, max(seen_at) AS last_seen, max(expires_at) AS expires_at, "
            "list_sort(list_distinct(flatten(list(traits)))) AS traits "
            "FROM sightings_now WHERE person = $person GROUP BY id_type, device ORDER BY id_type",
            who,
        ),
        audiences=[name for (name,) in members],
        platforms=_platforms(workspace, con, person),
    )


def _rows(con: Connection, sql: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {name: _plain(value) for name, value in row.items() if value not in (None, [], {})}
        for row in table(con, sql, values).to_pylist()
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, list):
        pairs = all(isinstance(item, tuple) for item in value)
        return dict(value) if value and pairs else value
    if hasattr(value, "isoformat"):
        return iso(value) if hasattr(value, "hour") else value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if isinstance(value, bool | int | float | str | dict) else str(value)


def _platforms(workspace: Workspace, con: Connection, person: uuid.UUID) -> list[dict[str, Any]]:
    out = []
    for destination in sorted(workspace.destinations):
        for audience in sorted(workspace.audiences):
            held = snapshot.latest(workspace.lake, held_table(destination, audience))
            if held is None:
                continue
            con.register("held_rows", snapshot.dataset(workspace.lake, held, HELD))
            row = table(
                con,
                "SELECT max(sent_at) AS sent_at, any_value(consent) AS consent, count(*) AS rows "
                "FROM held_rows WHERE (member = $person OR member IN "
                "(SELECT key FROM people_now WHERE person = $person)) "
                f"AND (forgets_at IS NULL OR forgets_at > {timestamp(workspace.now())})",
                {"person": person},
            ).to_pylist()[0]
            if row["rows"]:
                out.append(
                    {
                        "destination": destination,
                        "audience": audience,
                        "sent_at": iso(row["sent_at"]),
                        "consent": row["consent"],
                    }
                )
    return out
