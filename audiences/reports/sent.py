"""What was ever sent of one person: each list's history out of the ledger, and where it stands now.

Relations that are read:

    all_sends   the ledger
    who         keys under which the person was or is a member
    wired       digests of rows that hold nothing but the identifier that was asked for
    held_now    destination, audience, list, state, forgets_at of the person's rows, alive or not
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from duckdb import DuckDBPyConnection as Connection

from audiences.lake.query import table, timestamp
from shared.clock import iso

_PLACE = "platform, account, destination, audience, list"
_COUNTS = ("accepted", "rejected", "unknown")


@dataclass(frozen=True, slots=True)
class Stay:
    """The last stay in a list: since when it lasts, or when it ended by a removal."""

    since: datetime | None = None
    out: datetime | None = None


@dataclass(frozen=True, slots=True)
class SentList:
    """One list of one platform to which the person was sent."""

    platform: str
    account: str
    destination: str
    audience: str
    list: str
    state: str  # held | out | uncertain | never_taken
    since: str | None  # of held and out; null: the ledger does not tell
    how: str  # why it is out: removed | forgotten | replaced
    first_sent: str
    last_sent: str
    consent: str  # as it was recorded with the last addition
    history: Sequence[Mapping[str, Any]]  # one object for each run and op, oldest first

    def as_json(self) -> dict[str, Any]:
        """Return the list with stable names."""
        return {name: getattr(self, name) for name in self.__slots__}


def sent_lists(con: Connection, as_of: datetime, to: str = "") -> list[SentList]:
    """Tell of every list that the person was sent to, by the ledger as it was known at `as_of`."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE theirs AS {_theirs_sql(as_of)}", {"to": to})
    rows = table(con, _history_sql()).to_pylist()
    held = {_key(row): row for row in table(con, _held_sql(as_of)).to_pylist()}
    stays = _stays(con)
    grouped: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(tuple(row[name] for name in _PLACE.split(", ")), []).append(row)
    out = []
    for place, history in sorted(grouped.items()):
        key = _key(history[0])
        told = _state(history, held.get(key), stays.get(key, Stay()))
        later = _later(rows, key)
        if key not in held and told[0] == "out" and later is not None:
            told = ("out", later, "replaced")  # the list was made anew, and the old one deleted
        out.append(_told(place, history, *told))
    return out


def _later(rows: Sequence[Mapping[str, Any]], key: tuple[str, str, str]) -> datetime | None:
    """Return when another list of the same pair was first sent to, where that came later."""
    last = max(row["at"] for row in rows if _key(row) == key)
    others = (row["at"] for row in rows if _key(row)[:2] == key[:2] and _key(row) != key)
    later: datetime | None = min((at for at in others if at > last), default=None)
    return later


def _theirs_sql(as_of: datetime) -> str:
    return f"""
        SELECT {_PLACE}, row, op, consent, outcome, reason, "at", run FROM all_sends
        WHERE "at" <= {timestamp(as_of)} AND ($to = '' OR destination = $to)
            AND (member IN (SELECT key FROM who) OR row IN (SELECT row FROM wired))"""


def _history_sql() -> str:
    counts = ", ".join(f"count(*) FILTER (outcome = '{name}') AS {name}" for name in _COUNTS)
    return f"""
        SELECT {_PLACE}, run, op, min("at") AS "at", count(*) AS rows, {counts},
            list_sort(list_distinct(list(consent))) AS consents,
            list_sort(list_distinct(list(reason) FILTER (reason <> ''))) AS reasons
        FROM theirs GROUP BY {_PLACE}, run, op
        ORDER BY "at", run, CASE op WHEN 'remove' THEN 0 ELSE 1 END"""


def _held_sql(as_of: datetime) -> str:
    alive = f"(forgets_at IS NULL OR forgets_at > {timestamp(as_of)})"
    return f"""
        SELECT destination, audience, list, bool_or({alive} AND state = 'held') AS held,
            bool_or({alive}) AS maybe, max(forgets_at) AS forgets_at
        FROM held_now GROUP BY destination, audience, list"""


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["destination"], row["audience"], row["list"]


def _told(
    place: Sequence[str],
    history: Sequence[Mapping[str, Any]],
    state: str,
    since: datetime | None,
    how: str,
) -> SentList:
    added = [row for row in history if row["op"] == "add"]
    platform, account, destination, audience, list_ = place
    return SentList(
        platform=platform,
        account=account,
        destination=destination,
        audience=audience,
        list=list_,
        state=state,
        since=iso(since) if since else None,
        how=how,
        first_sent=iso(history[0]["at"]),
        last_sent=iso(history[-1]["at"]),
        consent=", ".join(added[-1]["consents"]) if added else "",
        history=[_line(row) for row in history],
    )


def _state(
    history: Sequence[Mapping[str, Any]], held: Mapping[str, Any] | None, stay: Stay
) -> tuple[str, datetime | None, str]:
    if held is not None and held["held"]:
        return "held", stay.since, ""
    if held is not None and held["maybe"]:
        return "uncertain", None, ""
    if not any(row["op"] == "remove" or row["accepted"] or row["unknown"] for row in history):
        return "never_taken", None, ""
    if stay.out is not None:
        return "out", stay.out, "removed"
    return "out", held["forgets_at"] if held else None, "forgotten"


def _stays(con: Connection) -> dict[tuple[str, str, str], Stay]:
    """Follow which rows the platform took and gave back, run by run.

    A row that is taken out and in again by one run was never out.
    """
    runs: dict[tuple[str, str, str], dict[str, list[Mapping[str, Any]]]] = {}
    accepted = "SELECT * FROM theirs WHERE outcome = 'accepted' ORDER BY \"at\", run, op DESC"
    for row in table(con, accepted).to_pylist():
        runs.setdefault(_key(row), {}).setdefault(row["run"], []).append(row)
    return {key: _stay(of_list.values()) for key, of_list in runs.items()}


def _stay(runs: Iterable[Sequence[Mapping[str, Any]]]) -> Stay:
    there: set[Any] = set()
    stay = Stay()
    for rows in runs:
        before = bool(there)
        for row in rows:  # removals go first
            (there.add if row["op"] == "add" else there.discard)(row["row"])
        at = rows[0]["at"]
        if there and not before:
            stay = Stay(since=at)
        elif before and not there:
            stay = Stay(out=at)
    return stay


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": iso(row["at"]),
        "run": row["run"],
        "op": row["op"],
        **{name: row[name] for name in ("rows", *_COUNTS)},
        "consent": ", ".join(row["consents"]),
        "reasons": row["reasons"],
    }
