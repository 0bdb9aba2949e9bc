"""Small worlds for matching: a naive platform, and the steps of `match` and `settle`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences.delivery.settle import holds_sql
from audiences.lake import query
from audiences.match.desired import desired_sql
from audiences.match.diff import make_changes
from audiences.platforms.base import Limits, Platform
from audiences.platforms.meta import META
from audiences.platforms.the_trade_desk import THE_TRADE_DESK
from audiences.schemas import HELD

START = datetime(2026, 7, 1, tzinfo=UTC)
# Meta's columns, Google's lists of keys cut at two, and ids that carry their own lifetimes.
COLUMNS = META
LISTS = replace(
    META,
    limits=Limits(rows=10, keys_per_row=2, one_per_wire=False, concurrency=1, per_second=1.0),
)
LIFETIMES = THE_TRADE_DESK
CONSENT = "ad_user_data=granted;ad_personalization=unknown"


def unit(number: int) -> uuid.UUID:
    return uuid.UUID(int=number)


@dataclass(frozen=True, slots=True)
class Wire:
    """One value that a unit has; `days` is when its life ends, from START."""

    unit: int
    wire: str
    value: str
    days: float | None = None


@dataclass(slots=True)
class NaivePlatform:
    """What a platform does: it removes every row that shares any key with one to remove."""

    rows: dict[str, tuple[frozenset[str], datetime | None]] = field(default_factory=dict)
    told: dict[str, set[str]] = field(default_factory=dict)  # by row, attributes since it is there

    def add(
        self, row: str, keys: frozenset[str], until: datetime | None, attributes: str | None = None
    ) -> None:
        self.rows[row] = (keys, until)
        self.told.setdefault(row, set()).update({attributes} - {None})

    def remove(self, keys: frozenset[str]) -> None:
        self._keep({row: held for row, held in self.rows.items() if not held[0] & keys})

    def forget(self, now: datetime) -> None:
        self._keep({r: h for r, h in self.rows.items() if h[1] is None or h[1] > now})

    def _keep(self, rows: dict[str, tuple[frozenset[str], datetime | None]]) -> None:
        self.rows = rows
        self.told = {row: told for row, told in self.told.items() if row in rows}


@dataclass(frozen=True, slots=True)
class Change:
    """One planned row, read back from DuckDB."""

    op: str
    row: str
    unit: uuid.UUID
    keys: frozenset[str]
    forgets_at: datetime | None
    why: str
    attributes: str | None = None


@dataclass(slots=True)
class Bench:
    """The steps of one destination over time, on a real DuckDB."""

    con: Connection
    platform: Platform
    days: float = 0.0
    merged: Mapping[int, int] = field(default_factory=dict)
    along: Mapping[int, str] = field(default_factory=dict)  # what each unit's record says beside

    @property
    def now(self) -> datetime:
        return START + timedelta(days=self.days)

    @property
    def starts(self) -> datetime:
        return self.now + timedelta(hours=1)

    def want(self, wires: Sequence[Wire]) -> dict[str, frozenset[str]]:
        """Make `desired` of the values that live now; return row -> keys."""
        alive = [w for w in wires if w.days is None or w.days > self.days]
        places = {key.wire: place for place, key in enumerate(self.platform.keys)}
        self.con.register(
            "given",
            pa.table(
                {
                    "u": pa.array([str(unit(w.unit)) for w in alive], pa.string()),
                    "place": pa.array([places[w.wire] for w in alive], pa.int32()),
                    "wire": pa.array([w.wire for w in alive], pa.string()),
                    "value": pa.array([w.value for w in alive], pa.string()),
                    "expires_at": pa.array(
                        [self._end(w) for w in alive], HELD.field("sent_at").type
                    ),
                }
            ),
        )
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE wires AS SELECT u::UUID AS unit, u::UUID AS member, "
            "place, wire, value, max(expires_at) AS expires_at FROM given GROUP BY ALL"
        )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE eligible AS SELECT DISTINCT member, '{CONSENT}' AS "
            "consent, NULL AS reason FROM wires"
        )
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE attributes AS SELECT DISTINCT member, "
            "NULL::VARCHAR AS text, NULL::UUID AS digest FROM wires WHERE false"
        )
        for member, text in self.along.items():
            self.con.execute(
                "INSERT INTO attributes SELECT $member, $text, md5($text)::UUID",
                {"member": unit(member), "text": text},
            )
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE desired AS {desired_sql(self.platform)}")
        found = query.table(self.con, "SELECT row, keys FROM desired").to_pylist()
        return {str(one["row"]): _keys(one["keys"]) for one in found}

    def _end(self, wire: Wire) -> datetime | None:
        return None if wire.days is None else START + timedelta(days=wire.days)

    def changes(self, mode: str = "mirror") -> list[Change]:
        """Run the diff; return what it would send, removals first."""
        pairs = ", ".join(
            f"('{unit(n)}'::UUID, '{unit(self.merged.get(n, n))}'::UUID)" for n in range(8)
        )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE people_now AS FROM (VALUES {pairs}) AS p(key, person)"
        )
        make_changes(self.con, self.platform, mode, self.now, self.starts)
        found = query.table(
            self.con,
            "SELECT op, row, unit, keys, epoch_us(forgets_at) AS ends, why, wired, attributes "
            "FROM changes ORDER BY op DESC, unit, row",
        ).to_pylist()
        for one in found:
            pairs_sent = {tuple(pair.split("\x1f")) for pair in one["wired"].split("\x1e")}
            assert {f"{wire}={value}" for wire, value in pairs_sent} == _keys(one["keys"])
        return [_change(one) for one in found]

    def settle(self, outcomes: Mapping[tuple[str, str], str]) -> None:
        """Turn outcomes, by op and row, into the next `held_before`."""
        rows = [(op, row, outcome) for (op, row), outcome in outcomes.items()]
        self.con.register(
            "told",
            pa.table(
                {
                    name: pa.array([row[place] for row in rows], pa.string())
                    for place, name in enumerate(("op", "r", "outcome"))
                }
            ),
        )
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE results AS SELECT changes.*, outcome FROM changes "
            "JOIN told ON told.op = changes.op AND told.r::UUID = changes.row"
        )
        starts = self.starts if self.platform.row_ttl else None
        holds = holds_sql(self.now, starts=starts)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE held_next AS {holds}")
        self.con.execute("CREATE OR REPLACE TEMP TABLE held_before AS FROM held_next")

    def wanted_attributes(self, row: str) -> set[str]:
        """Return the attributes of a row of `desired`, by their digest; none or one."""
        return self._attributes("desired", row)

    def held_attributes(self, row: str) -> set[str]:
        """Return the attributes with which a row is held."""
        return self._attributes("held_before", row)

    def _attributes(self, table: str, row: str) -> set[str]:
        sql = f"SELECT attributes FROM {table} WHERE row = $row AND attributes IS NOT NULL"
        return {str(found) for (found,) in self.con.execute(sql, {"row": row}).fetchall()}

    def held(self) -> dict[str, tuple[str, frozenset[str]]]:
        """Return row -> state and keys; a row stands there once."""
        found = query.table(self.con, "SELECT row, state, keys FROM held_before").to_pylist()
        assert len({one["row"] for one in found}) == len(found)
        return {str(one["row"]): (one["state"], _keys(one["keys"])) for one in found}


def _change(one: dict[str, Any]) -> Change:
    said = one["attributes"]
    return Change(
        one["op"],
        str(one["row"]),
        one["unit"],
        _keys(one["keys"]),
        _at(one),
        one["why"],
        None if said is None else str(said),
    )


def _keys(keys: list[dict[str, str]]) -> frozenset[str]:
    assert len({(k["wire"], k["value"]) for k in keys}) == len(keys)
    return frozenset(f"{k['wire']}={k['value']}" for k in keys)


def _at(one: dict[str, int | None]) -> datetime | None:
    ends = one["ends"]
    return None if ends is None else datetime.fromtimestamp(ends / 1e6, UTC)


def bench(con: Connection, platform: Platform) -> Bench:
    """Begin with a platform that holds nothing."""
    con.register("no_rows", HELD.empty_table())
    con.execute("CREATE OR REPLACE TEMP TABLE held_before AS FROM no_rows")
    con.execute("CREATE OR REPLACE TEMP TABLE barred AS SELECT row FROM held_before")
    return Bench(con, platform)


def after(at: Bench, wires: Sequence[Wire], outcome: str = "accepted") -> list[Change]:
    at.want(wires)
    changes = at.changes()
    at.settle({(c.op, c.row): outcome for c in changes})
    return changes


def told(changes: Sequence[Change]) -> list[tuple[str, str, frozenset[str]]]:
    return [(c.op, c.why, c.keys) for c in changes]


def connection() -> Connection:
    con = duckdb.connect(config={"arrow_lossless_conversion": True, "threads": 1})
    con.execute("SET TimeZone = 'UTC'")
    return con
