"""Which columns of a list to look at, and as what: by their names, else by what is in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from audiences.inspect.cells import DIGESTS
from audiences.inspect.known import NAMES

_HASHED = re.compile(r"sha[-_ ]?(1|2|256|512)|md5|hash|digest|(^|[^a-z])hem([^a-z]|$)")
_TYPED = (
    ("email", re.compile(r"e[-_ ]?mail|(^|[^a-z])hem([^a-z]|$)|courriel|correo")),
    ("phone", re.compile(r"phone|mobile|msisdn|(^|[^a-z])(tel|sdt|cell)([^a-z]|$)")),
    ("maid", re.compile(r"idfa|gaid|aaid|adid|maid|advertis|device")),
)
_SHARE = 0.3  # of a column's filled cells must be ids for it to be looked at
RAW = {"email": "email", "phone": "phone", "uuid": "maid"}  # kind of cell -> identifier type
WORDS = {"email": "e-mail addresses", "phone": "phone numbers", "maid": "mobile ad ids"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column that is looked at."""

    place: int
    name: str
    hashed: bool  # whether it should hold digests; else raw values of `type`
    type: str  # email | phone | maid, or empty where nothing tells of what the hashes are
    because: str  # in words, of the type


def named_type(name: str) -> str:
    """Return the identifier type that a column's name speaks of; empty for none."""
    return next((type_ for type_, words in _TYPED if words.search(name.lower())), "")


def choose(place: int, name: str, kinds: Mapping[str, int], *, alone: bool) -> Column | None:
    """Say as what a column is looked at, by its name and its first cells; None: it holds no ids."""
    said, hashed = named_type(name), bool(_HASHED.search(name.lower()))
    digests = sum(kinds.get(kind, 0) for kind in (*DIGESTS, "cut", "several"))
    phones = kinds.get("phone", 0) if said == "phone" or alone else 0
    groups = {"email": kinds.get("email", 0), "phone": phones, "uuid": kinds.get("uuid", 0)}
    filled = sum(rows for kind, rows in kinds.items() if kind != "empty")
    most, rows = max(groups.items(), key=lambda item: item[1])
    by_name = f"hashed {WORDS[said]} by its name" if said else ""
    if hashed or (digests >= rows and digests >= _SHARE * filled > 0):
        return Column(place, name, True, said, by_name)
    if rows >= _SHARE * filled > 0:
        return Column(place, name, False, RAW[most], f"{WORDS[RAW[most]]} by its cells")
    # A column of phone numbers or addresses that are all beyond recognition is still one.
    return (
        Column(place, name, False, said, by_name) if said in ("email", "phone") and filled else None
    )


def declared(place: int, name: str, type_: str) -> Column:
    """Return a column as the user has declared it: `email_sha256`, `phone`, ..."""
    base, _, hashed = type_.partition("_")
    type_ = "" if base == "hash" else base
    return Column(place, name, bool(hashed) or not type_, type_, "as declared")


def in_words(kind: str) -> str:
    """Say what a kind of cell is: `SHA-256 in hex`."""
    algorithm, _, spelling = kind.partition("_")
    if algorithm in NAMES:
        return f"{NAMES[algorithm]} in {'URL-safe base64' if spelling == 'base64url' else spelling}"
    return {"uuid": WORDS["maid"]}.get(kind) or WORDS.get(kind, kind)
