"""People with identifiers, consent and devices, as tables and as plain Python."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences.consent.policy import EEA, EVERYWHERE, Policy
from audiences.identifiers.packs import pack
from audiences.lake import query
from audiences.match.desired import make_desired
from audiences.platforms.base import Platform
from audiences.schemas import AT

START = datetime(2026, 7, 1, tzinfo=UTC)
# One platform for each shape of rows: columns of one kind each, a list of kinds, one key a row.
SHAPES = ("meta", "google", "the_trade_desk")
ABOUT = ("first_name", "last_name", "street", "city", "state", "zip", "birth_date", "gender")
Rows = set[frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Record:
    """What one source says of a person."""

    ads: bool | None = None
    personal: bool | None = None
    country: str | None = None
    string: str | None = None
    about: Mapping[str, str] = field(default_factory=dict)  # names, place, birth, gender
    updated: int | None = None  # days after START


@dataclass(frozen=True, slots=True)
class Device:
    """A device of a person; `days` is when its life ends."""

    kind: str
    id: str
    days: float
    country: str | None = None
    string: str | None = None
    seen: float = -1.0


@dataclass(frozen=True, slots=True)
class Human:
    """One member, and all that is known of them."""

    number: int
    external: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    devices: tuple[Device, ...] = ()
    records: tuple[Record, ...] = (Record(),)
    held_out: bool = False

    @property
    def key(self) -> uuid.UUID:
        return uuid.UUID(int=self.number + 1)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def key_of(kind: str, value: str) -> uuid.UUID:
    identity = "maid" if kind in ("idfa", "gaid", "maid") else kind
    return uuid.UUID(hex=sha(f"{identity}|{value}")[:32])


def reason(human: Human, policy: Policy, of: str = "people") -> str | None:
    """Why a person may not be sent, in plain Python."""
    if human.held_out:
        return "held_out"
    flags = {
        "ad_user_data": [r.ads for r in human.records],
        "ad_personalization": [r.personal for r in human.records],
    }
    asked = [flags[flag] for flag in policy.require]
    if any(False in answers for answers in asked):
        return "consent_denied"
    places = {r.country for r in human.records} | (
        {d.country for d in human.devices} if of == "devices" else set()
    )
    known = places - {None}
    inside = policy.within == EVERYWHERE or (
        bool(known & EEA) if known else policy.unknown_country == "inside"
    )
    return "consent_missing" if inside and any(True not in a for a in asked) else None


def wanted(human: Human, platform: str) -> Rows:
    """The rows of a person, in plain Python; each row the set of its wire names and values."""
    match platform:
        case "meta":
            return _columns(human)
        case "google":
            values = [("emailAddress", sha(_gmail(e))) for e in human.emails]
            values += [("phoneNumber", sha(p)) for p in human.phones]
            values = sorted(set(values), key=lambda pair: (pair[0] == "phoneNumber", pair[1]))
            return {frozenset(values[i : i + 10]) for i in range(0, len(values), 10)}
        case _:
            taken = {"cookie": "TDID", "partner:tdid": "TDID"}
            found = {(taken.get(d.kind, "DAID"), d.id) for d in human.devices if d.kind != "ctv"}
            return {frozenset({pair}) for pair in found}


def _columns(human: Human) -> Rows:
    by_wire = {
        "EXTERN_ID": sorted({e for e in human.external if "@" not in e and e[0] != "+"}),
        "EMAIL": sorted({sha(e) for e in human.emails}),
        "PHONE": sorted({sha(p[1:]) for p in human.phones}),
        "MADID": sorted({d.id for d in human.devices if d.kind in ("idfa", "gaid", "maid")}),
    }
    lines = range(max(map(len, by_wire.values())))
    rows = [
        frozenset((wire, values[n]) for wire, values in by_wire.items() if n < len(values))
        for n in lines
    ]
    return {row for row in rows if {wire for wire, _ in row} - {"MADID"}}


def _gmail(email: str) -> str:
    name, _, domain = email.partition("@")
    return f"{name.replace('.', '')}@{domain}" if domain == "gmail.com" else email


def load(con: Connection, humans: Sequence[Human]) -> None:
    """Make the tables that `make_desired` reads; the members are the people."""
    owners = [(h, kind, value) for h in humans for kind, value in _identifiers(h)]
    _table(
        con, "members_now", member=[h.key for h in humans], held_out=[h.held_out for h in humans]
    )
    con.execute("ALTER TABLE members_now ADD COLUMN expires_at TIMESTAMPTZ")
    pairs = {(key_of(k, v), h.key) for h, k, v in owners}
    _table(con, "people_now", key=[k for k, _ in pairs], person=[p for _, p in pairs])
    records = [(h, r) for h in humans for r in h.records]
    _table(
        con,
        "profiles_now",
        person=[h.key for h, _ in records],
        consent_ads=[r.ads for _, r in records],
        consent_personalization=[r.personal for _, r in records],
        consent_string=[r.string for _, r in records],
        country=[r.country for _, r in records],
        external_id=[next(iter(h.external), None) for h, _ in records],
        email=["|".join(h.emails) or None for h, _ in records],
        phone=[next(iter(h.phones), None) for h, _ in records],
        **{name: [r.about.get(name) for _, r in records] for name in ABOUT},
        updated_at=[r.updated and START + timedelta(days=r.updated) for _, r in records],
        ingest=[f"{n:04}" for n in range(len(records))],
        record=[uuid.UUID(int=n) for n in range(len(records))],
    )
    con.execute("ALTER TABLE profiles_now ALTER updated_at TYPE TIMESTAMPTZ")
    forms = [f for one in owners for f in _forms(*one)]
    _table(con, "all_match_keys", **{n: [f[n] for f in forms] for n in _FORM})
    con.execute("ALTER TABLE all_match_keys ALTER digest TYPE BLOB USING unhex(digest)")
    seen = [(h, d) for h in humans for d in h.devices]
    _table(
        con,
        "sightings_now",
        device=[key_of(d.kind, d.id) for _, d in seen],
        person=[h.key for h, _ in seen],
        id_type=[d.kind for _, d in seen],
        id=[d.id for _, d in seen],
        country=[d.country for _, d in seen],
        consent_string=[d.string for _, d in seen],
    )
    ends = pa.array([START + timedelta(days=d.days) for _, d in seen], AT)
    at = pa.array([START + timedelta(days=d.seen) for _, d in seen], AT)
    numbers = pa.array(range(len(seen)), pa.int64())
    con.register("ends", pa.table({"end": ends, "at": at, "n": numbers}))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE sightings_now AS "
        "SELECT s.*, ends.end AS expires_at, ends.at AS seen_at FROM "
        "(SELECT *, row_number() OVER () - 1 AS n FROM sightings_now) AS s JOIN ends USING (n)"
    )


def members(con: Connection, held_out: Mapping[uuid.UUID, bool]) -> None:
    """Make `members_now`: each member, and whether it is held out."""
    _table(con, "members_now", member=list(held_out), held_out=list(held_out.values()))
    con.execute("ALTER TABLE members_now ADD COLUMN expires_at TIMESTAMPTZ")


_FORM = ("key", "type", "form", "digest", "value")


def _identifiers(human: Human) -> list[tuple[str, str]]:
    pairs = [("external_id", v) for v in human.external]
    pairs += [("email", v) for v in human.emails] + [("phone", v) for v in human.phones]
    return pairs + [(d.kind, d.id) for d in human.devices]


def _forms(_human: Human, kind: str, value: str) -> list[dict[str, object]]:
    texts = {
        "external_id": {"plain": value},
        "email": {"plain": value, "gmail": _gmail(value), "ascii_word": value},
        "phone": {"e164": value, "digits": value[1:]},
    }.get(kind, {})
    clear = value if kind == "external_id" else None
    return [
        {
            "key": key_of(kind, value),
            "type": kind,
            "form": form,
            "digest": sha(text),
            "value": clear,
        }
        for form, text in texts.items()
    ]


_KINDS = {"key": "UUID", "member": "UUID", "person": "UUID", "device": "UUID"}
_FLAGS = ("held_out", "consent_ads", "consent_personalization")


def _table(con: Connection, name: str, **columns: list[object]) -> None:
    arrays = {
        column: pa.array(values, pa.bool_())
        if column in _FLAGS
        else pa.array([None if v is None else str(v) for v in values], pa.string())
        for column, values in columns.items()
    }
    con.register("given", pa.table(arrays))
    casts = ", ".join(f"{c}::{_KINDS[c]} AS {c}" if c in _KINDS else c for c in columns)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {casts} FROM given")


def desired(
    con: Connection, platform: Platform, policy: Policy, of: str = "people"
) -> tuple[dict[str, int], list[dict[str, object]]]:
    """Run the steps; return why members fell out, and the rows."""
    dropped = make_desired(con, platform, pack(platform.slug), of, policy)
    rows = query.table(con, "SELECT * FROM desired ORDER BY row").to_pylist()
    return dropped, rows


def wires(row: dict[str, object]) -> frozenset[tuple[str, str]]:
    found = [(key["wire"], key["value"]) for key in row["keys"]]  # type: ignore[attr-defined]
    assert len(set(found)) == len(found)
    return frozenset(found)
