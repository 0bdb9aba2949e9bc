"""A real DuckDB with the relations that a compiled audience reads, filled from plain rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa
import pytest
import yaml

from audiences.rules.compile import Compiled, compile_audience
from audiences.rules.spec import Audience, parse

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
AT, TEXTS = pa.timestamp("us", tz="UTC"), pa.map_(pa.string(), pa.string())
TEXT, MONEY, KEY = pa.string(), pa.decimal128(18, 4), pa.uuid()


def _schema(**fields: Any) -> pa.Schema:
    return pa.schema(list(fields.items()))


RELATIONS = {
    "people_now": _schema(key=KEY, type=TEXT, person=KEY, expires_at=AT, since=AT),
    "profiles_now": _schema(
        person=KEY,
        record=KEY,
        source=TEXT,
        **dict.fromkeys(("external_id", "email", "phone", "first_name", "last_name"), TEXT),
        **dict.fromkeys(("street", "city", "state", "zip", "country", "birth_date"), TEXT),
        gender=TEXT,
        language=TEXT,
        consent_ads=pa.bool_(),
        consent_personalization=pa.bool_(),
        consent_string=TEXT,
        do_not_contact=pa.bool_(),
        updated_at=AT,
        attributes=TEXTS,
    ),
    "events_now": _schema(
        person=KEY,
        name=TEXT,
        at=AT,
        value=MONEY,
        currency=TEXT,
        quantity=MONEY,
        product_id=TEXT,
        category=TEXT,
        channel=TEXT,
        attributes=TEXTS,
        source=TEXT,
    ),
    "sightings_now": _schema(
        person=KEY,
        device=KEY,
        id_type=TEXT,
        traits=pa.list_(TEXT),
        seen_at=AT,
        expires_at=AT,
        source=TEXT,
        party=pa.int8(),
        country=TEXT,
        browser=TEXT,
    ),
    "members_now": _schema(audience=TEXT, member=KEY),
}
World = Mapping[str, Sequence[Mapping[str, Any]]]


class Lake:
    """One DuckDB connection; `fill` replaces every relation, `members` runs an audience."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        # Not UTC on purpose: no rule may depend on the time zone of the session.
        self.con.execute("SET TimeZone = 'Asia/Tokyo'")

    def fill(self, world: World) -> None:
        for name, schema in RELATIONS.items():
            rows = [{f: _bytes(row.get(f)) for f in schema.names} for row in world.get(name, ())]
            self.con.register("filled", pa.Table.from_pylist(rows, schema=schema))
            self.con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM filled")
            self.con.unregister("filled")

    def run(self, compiled: Compiled, secret: str | bytes = "") -> list[dict[str, Any]]:
        params = {"secret": secret} if compiled.params else None
        table = self.con.sql(compiled.sql, params=params).to_arrow_table()
        rows: list[dict[str, Any]] = table.to_pylist()
        return [row | {"member": _uuid(row["member"])} for row in rows]

    def members(self, audience: Audience) -> set[UUID]:
        rows = self.run(compile_audience(audience, AS_OF))
        members = [row["member"] for row in rows]
        assert len(set(members)) == len(members), "a member comes out once"
        return set(members)


def _bytes(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.bytes
    return list(value.items()) if isinstance(value, dict) else value


def _uuid(value: Any) -> UUID:
    return UUID(bytes=value) if isinstance(value, bytes) else UUID(str(value))


@pytest.fixture(scope="session")
def lake() -> Iterator[Lake]:
    """A DuckDB of its own, whose relations each test fills."""
    lake = Lake()
    yield lake
    lake.con.close()


@pytest.fixture(scope="session")
def audience() -> Callable[..., Audience]:
    """Read an audience from the parts of its file."""

    def read(where: Any, of: str = "people", **rest: Any) -> Audience:
        document = {"name": "tested", "of": of, "where": where, **rest}
        return parse(yaml.safe_dump(document), "tested.yaml")

    return read


@pytest.fixture(scope="session")
def as_of() -> datetime:
    """The moment as of which every test runs."""
    return AS_OF
