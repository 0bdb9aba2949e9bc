"""Sent: answers whether one person was ever sent to a platform, and whether they are out again."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection as Connection

from audiences import schemas
from audiences.flows import load
from audiences.flows.workspace import Workspace
from audiences.identifiers.digest import identifier_key
from audiences.identifiers.normalise import canonical, fix_for
from audiences.identifiers.packs import applied, pack
from audiences.lake import now, snapshot
from audiences.lake.query import connect, one
from audiences.platforms import MODULES, platform
from audiences.reports.sent import SentList, sent_lists
from shared.clock import iso
from shared.errors import ConfigurationError, DataError

_FIELD = "\x1f"  # between a wire's name and its value, as `match` writes rows
_THEIRS = "unit IN (FROM who) OR member IN (FROM who) OR row IN (FROM wired)"


@dataclass(frozen=True, slots=True)
class Sent:
    """What the ledger says of one person; nothing in it is an identifier."""

    person: str | None  # null: nobody with this identifier is known now
    as_of: str
    lists: tuple[SentList, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the answer with stable names."""
        return {
            "person": self.person,
            "as_of": self.as_of,
            "ever_sent": bool(self.lists),
            "held": any(one.state == "held" for one in self.lists),
            "lists": [one.as_json() for one in self.lists],
        }


def ever_sent(
    workspace: Workspace, *, kind: str, value: str, country: str = "", to: str = ""
) -> Sent:
    """Return every list that the person with this identifier was sent to, oldest history first.

    The person is found by all identifiers that belong to them now and by earlier names of theirs;
    who is not known any more, by rows that held this identifier and nothing else.

    Raises:
        DataError: when the identifier cannot be read.
        ConfigurationError: when nothing was sent under the name of the destination, and it has
            no file.
    """
    country = country or workspace.settings.default_country or ""
    read = canonical(kind, value, country)
    if read.value is None:
        raise DataError(f"this {kind} cannot be used: {read.reason} ({fix_for(read.reason)})")
    key = uuid.UUID(bytes=identifier_key(workspace.secret, kind, read.value))
    lake, at = workspace.lake, workspace.now()
    with connect(lake.scratch, workspace.memory) as con:
        person = _who(con, workspace, key)
        _wired(con, workspace, kind, value, country)
        _held(con, workspace)
        files = [found.key for found in lake.store.list("sends/day=")]
        con.register("all_sends", lake.dataset(files, schemas.SENDS))
        if to and to not in workspace.destinations and not _was_sent_to(con, to):
            load.destination(workspace, to)
        return Sent(person.hex if person else None, iso(at), tuple(sent_lists(con, at, to)))


def _who(con: Connection, workspace: Workspace, key: uuid.UUID) -> uuid.UUID | None:
    """Make `who`: the person's id, their identifiers' keys, and ids that they had before.

    An earlier id that has come to be somebody else's is left out: what was sent under it since is
    not theirs.
    """
    lake = workspace.lake
    now.people(con, lake, snapshot.latest(lake, "people"), workspace.now())
    con.execute("CREATE TEMP TABLE who (key UUID)")
    con.execute("INSERT INTO who VALUES ($key)", {"key": key})
    con.execute(
        "INSERT INTO who SELECT key FROM people_now WHERE person IN "
        "(SELECT person FROM people_now WHERE key = $key)",
        {"key": key},
    )
    for number in snapshot.snapshots(lake, "people"):
        before = snapshot.load(lake, "people", number)
        con.register("people_before", snapshot.dataset(lake, before, schemas.PEOPLE))
        con.execute(
            "INSERT INTO who SELECT DISTINCT person FROM people_before WHERE key IN (FROM who) "
            "AND person NOT IN (SELECT person FROM people_now WHERE key NOT IN (FROM who))"
        )
    found = one(con, "SELECT person FROM people_now WHERE key = $key", {"key": key})
    return found[0] if found else None


def _wired(con: Connection, workspace: Workspace, kind: str, value: str, country: str) -> None:
    """Make `wired`: the digest of the row that each platform would be sent for the value alone."""
    con.execute("CREATE TEMP TABLE wired (row UUID)")
    rows = {
        hashlib.sha256(f"{wire}{_FIELD}{sent}".encode()).hexdigest()[:32]
        for wire, sent in _wires(workspace, kind, value, country)
    }
    for row in sorted(rows):
        con.execute("INSERT INTO wired VALUES ($row)", {"row": uuid.UUID(row)})


def _wires(workspace: Workspace, kind: str, value: str, country: str) -> Iterator[tuple[str, str]]:
    read = canonical(kind, value, country)
    options: dict[str, list[dict[str, str]]] = {slug: [{}] for slug in MODULES}
    for name in workspace.destinations:
        try:
            to = load.destination(workspace, name)
        except ConfigurationError:  # a broken file of another destination is no matter of ours
            continue
        options[to.platform].append(dict(to.options))
    for slug, chosen in options.items():
        wires = [key.wire for key in platform(slug).keys if kind in key.types]
        for each in chosen if wires else ():
            rules = pack(slug, each)
            if rules.rule(kind) is None:
                continue
            sent = applied(rules, kind, value, read, country).sent
            yield from ((wire, str(sent)) for wire in wires if sent is not None)


def _held(con: Connection, workspace: Workspace) -> None:
    """Make `held_now`: of every pair's present state, the rows of the person."""
    lake = workspace.lake
    con.execute(
        "CREATE TEMP TABLE held_now (destination TEXT, audience TEXT, list TEXT, state TEXT, "
        "forgets_at TIMESTAMPTZ)"
    )
    keys = (found.key.split("/_manifests/") for found in lake.store.list("held/"))
    for table in sorted({parts[0] for parts in keys if len(parts) > 1}):
        state = snapshot.latest(lake, table)
        con.register("held_rows", snapshot.dataset(lake, state, schemas.HELD))
        _, destination, audience = table.split("/")
        list_ = str(state.about.get("audience_id") or "") if state else ""
        con.execute(
            "INSERT INTO held_now SELECT $destination, $audience, $list, state, forgets_at "
            f"FROM held_rows WHERE {_THEIRS}",
            {"destination": destination, "audience": audience, "list": list_},
        )


def _was_sent_to(con: Connection, to: str) -> bool:
    return bool(one(con, "SELECT 1 FROM all_sends WHERE destination = $to LIMIT 1", {"to": to}))
