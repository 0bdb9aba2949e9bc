"""Planted personal values and secrets, and the search for them in texts, files and requests."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq

from infra.sandbox.uid2 import DAY as UID2_DAY
from infra.sandbox.uid2 import SECRET as CLIENT_SECRET  # the only one that the stand-in takes
from infra.sandbox.uid2 import raw_id

EMAIL = "ada.zqmail@canary.example"
GMAIL = "Ada.ZQmail+news@gmail.com"
TWO_AT = "ada@zqmail@canary.example"
NO_AT = "zqmail-canary.example"
PHONE = "+84 901 777 313"
E164 = "+84901777313"
LONG_PHONE = "+84 901 777 313 901 777 313"
FIRST, LAST, STREET, ZIP = "Zqfirst", "Zqlast", "1 Zqstreet", "ZQZIP 7"
NOTE = "prefers zqnote"
COOKIE = "zqcookie.1763618400.77"
GAID = "5ca1ab1e-0000-4000-8000-00000000beef"
CTV = "zqctv-0001"
IP = "203.0.113.77"
PARTNER = "zqpartner-0001"
EXTERNAL = "ZQ-CUST-0042"
NUMBER_IS_MAIL, NUMBER_IS_PHONE = "zqnumber@canary.example", "0901777444"  # as customer numbers
CONSENT = "CPZQconsentAAAAACAAENAXCwAAAAAAAA"
TOKEN = "EAABzqtoken7f3a9c1e5b2d4f6a8c0e"
REVOKED = "EAABzqwrong7f3a9c1e5b2d4f6a8c0e"
REFRESH = "1//zqrefresh-canary-0042"
SECRET = "5ec2e7ca4a2700" + "c0ffee" * 9
FILE = "zqfile"
_MAPPED = (("email", EMAIL), ("email", "adazqmail@gmail.com"), ("phone", E164))


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def uid2(kind: str, text: str) -> str:
    """The raw id of a contact on the days of the story."""
    days = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp()) // UID2_DAY
    return str(raw_id(kind, hashlib.sha256(text.encode()).digest(), days)["u"])


# What to look for, in lower case; every planted value of a kind holds one of its needles.
NEEDLES: Mapping[str, tuple[str, ...]] = {
    "email": ("zqmail",),
    "phone": ("901777313", "901 777 313", "901-777-313"),
    "name": (FIRST.lower(), LAST.lower(), "zqstreet"),
    "zip": ("zqzip",),  # the one attribute that a platform takes in clear
    "note": ("zqnote",),
    "cookie": ("zqcookie",),
    "device": ("5ca1ab1e",),
    "ctv": ("zqctv",),
    "ip": (IP,),
    "partner": ("zqpartner",),
    "external_id": ("zq-cust",),
    "contact_id": ("zqnumber", "901777444", "901 777 444"),
    "consent": ("cpzqconsent",),
    "secret": ("zqtoken", "zqwrong", "zqrefresh", SECRET, CLIENT_SECRET.lower()),
    "uid2": tuple(uid2(kind, text).lower() for kind, text in _MAPPED),
    "digest": tuple(
        map(sha, (EMAIL, "adazqmail@gmail.com", E164, E164[1:], "zqfirst", "zqlast", "zqzip7"))
    ),
    "file": (FILE,),
}
KINDS = frozenset(NEEDLES)
PERSONAL = KINDS - {"file"}


def found(text: str) -> set[str]:
    """Return the kinds of canaries in a text, also percent-encoded, or broken over lines."""
    lower = text.lower()
    forms = {lower, lower.replace("\n", ""), unquote(lower)}
    return {
        kind
        for kind, needles in NEEDLES.items()
        if any(needle in form for needle in needles for form in forms)
    }


def chain(error: BaseException) -> str:
    """Write an error as a log with tracebacks does, with all that it was raised from."""
    return "".join(traceback.format_exception(error))


@dataclass(slots=True)
class Listener:
    """Hears every record of every logger below the root, down to DEBUG, tracebacks included."""

    lines: list[str] = field(default_factory=list)
    _handler: logging.Handler | None = None
    _level: int = logging.WARNING

    def __enter__(self) -> Listener:
        lines, form = self.lines, logging.Formatter("%(name)s %(levelname)s %(message)s")

        class Handler(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                lines.append(form.format(record))

        self._handler, root = Handler(logging.DEBUG), logging.getLogger()
        self._level = root.level
        root.addHandler(self._handler)
        root.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_: object) -> None:
        root = logging.getLogger()
        if self._handler is not None:
            root.removeHandler(self._handler)
        root.setLevel(self._level)

    def told(self) -> set[str]:
        """Return the kinds of canaries in what was logged."""
        return found("\n".join(self.lines))


# In which Parquet files each kind may stand: those of docs/privacy.md, and no other.
_RECORDS = frozenset({"landing", "profiles"})
_WIRE = frozenset({"outbox", "held"})
MAY_HOLD: Mapping[str, frozenset[str]] = {
    "email": _RECORDS,
    "phone": _RECORDS,
    "name": _RECORDS,
    "zip": _RECORDS | _WIRE,
    "note": _RECORDS | {"events"},
    "consent": _RECORDS | {"sightings"},
    "cookie": _WIRE | {"landing", "sightings"},
    "device": _WIRE | {"landing", "sightings"},
    "partner": _WIRE | {"landing", "sightings"},
    "uid2": _WIRE | {"uid2_map"},
    "ctv": frozenset({"landing", "sightings"}),
    "ip": frozenset({"landing", "sightings"}),
    "external_id": _RECORDS | _WIRE | {"match_keys"},
    "contact_id": _RECORDS | {"match_keys"},  # a customer number that tells more never leaves
    "digest": _WIRE,
    "secret": frozenset(),
    "file": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A kind of canary, and the place below the workspace where it stands."""

    kind: str
    place: str

    def is_allowed(self) -> bool:
        """Say whether the place is there to hold such a value."""
        top, _, rest = self.place.partition("/")
        if top == "lake":
            table = rest.split("/")[0]
            # Of the outbox only bodies and rows: the plan beside them names no one.
            return table in MAY_HOLD[self.kind] and not rest.endswith(".json")
        # What a person wrote by hand; the lake's secret is a file of its own.
        return top == "audiences" or (self.kind, self.place) == ("secret", ".bridge/secret")


def in_files(folder: Path) -> Iterator[Seen]:
    """Find canaries in every file below a folder: its raw bytes, and what Parquet packs."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        text = path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".parquet":
            text += _unpacked(path)
        yield from (Seen(kind, path.relative_to(folder).as_posix()) for kind in found(text))


def _unpacked(path: Path) -> str:
    with pq.ParquetFile(path) as file:
        told = [repr(file.read().to_pylist()), repr(file.schema_arrow.metadata)]
        groups = (file.metadata.row_group(g) for g in range(file.metadata.num_row_groups))
        told += [str(g.column(c).statistics) for g in groups for c in range(g.num_columns)]
    return "\n".join(told)


def in_names(folder: Path) -> set[str]:
    """Return the kinds of canaries in the names of files and folders below a folder."""
    return found("\n".join(p.relative_to(folder).as_posix() for p in folder.rglob("*")))


# The fields of a body that take a value in clear.
_FIELDS = {"TDID": ("cookie", "partner"), "DAID": ("device",), "UID2": ("uid2",)}
# By the columns of Meta's schema; names, places and births follow the keys.
_META = ("external_id", "digest", "digest", "device", *["digest"] * 10)
_POSTAL = re.compile(r'"postalCode": "[^"]*"')


def outside_fields(platform: str, body: str) -> set[str]:
    """Return the kinds in a body that stand elsewhere than in the fields that take them."""
    if not body.startswith("{"):
        return found(body)
    return found(json.dumps(_without(platform, json.loads(body))))


def _without(platform: str, value: Any) -> Any:
    match platform, value:
        case "meta", {"payload": {"data": data}}:
            rows = [
                [_rest(cell, [kind]) for cell, kind in zip(r, _META, strict=True)] for r in data
            ]
            return value | {"payload": {"data": rows}}
        case "the_trade_desk", {"Items": items}:
            return value | {"Items": [_item(item) for item in items]}
        case "google", {"audienceMembers": _}:
            return json.loads(_POSTAL.sub('"": ""', _without_digests(json.dumps(value))))
        case _:
            return value


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _rest(v, _FIELDS.get(name, ())) for name, v in item.items()}


def _rest(cell: Any, kinds: Iterable[str]) -> Any:
    return "" if found(str(cell)) <= set(kinds) else cell


def _without_digests(text: str) -> str:
    for digest in NEEDLES["digest"]:
        text = text.replace(digest, "")
    return text
