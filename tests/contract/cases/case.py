"""What the contract suite needs to know of a platform beyond its declaration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module

from audiences.platforms import MODULES, platform
from audiences.platforms.base import Action, Consent, Op, Platform, Row
from audiences.platforms.limits import limited

Value = Callable[[int], str]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def digest(of: str) -> Value:
    """Values of a wire that takes digests: another one for each number."""
    return lambda n: sha(f"{of} {n}")


def maid(n: int) -> str:
    return f"ea7583cd-a667-48bc-b806-{n:012x}"


# What must never be kept where a digest belongs, and what must not where an id of ours does.
RAW = ("ann@example.com", "+84901234567", sha("x").upper(), sha("x")[:-1], sha("x") + "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """The very request of a batch of one row, and of `more` where they are there."""

    row: Row
    path: str
    body: str
    method: str = "POST"
    more: Sequence[Row] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """A documented answer and what it means; `status` answers stand in `Case.statuses`."""

    status: int
    body: object
    action: Action
    headers: Mapping[str, str] = field(default_factory=dict)

    def bytes(self) -> bytes:
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """A list of audiences in several pages; `vips` with the id 77 stands on the last."""

    bodies: Sequence[object]
    asked: Sequence[str]  # the path of each


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One platform: sample values, documented answers, and how it treats a bad row."""

    account: str
    values: Mapping[str, Value]  # wire name -> what a person's value looks like there
    errors: Sequence[Error]
    golden: Mapping[Op, Golden]
    along: Mapping[str, Value] = field(default_factory=dict)  # the same of its attributes
    yes: str = "{}"  # a plain 200 to a batch of four rows
    statuses: Sequence[Error] = ()  # answers to `status`
    pages: Pages | None = None  # where a list of audiences may have several
    options: Mapping[str, str] = field(default_factory=dict)  # of the golden requests
    raw: Mapping[str, Sequence[str]] = field(default_factory=dict)  # wire -> what must be refused
    bad_row: str = "named"  # named | counted | whole | silent: what is said of one bad row in many
    loses_quietly: bool = False  # whether rows may be lost behind a plain 200
    bad_wire: str = ""  # the wire in which a raw address is a bad row; empty: the first
    bad_value: str = "ann@example.com"  # what is a bad row's value in that wire
    credentials: str = "sandbox"
    tokens_at: str = (
        ""  # the path at which the stand-in gives tokens; empty: they are given by hand
    )
    nothing: str = ""  # an answer to `find` that means none there, and would be odd elsewhere
    name: str = "vips"  # what the audience of this name is called there
    signs: bool = False  # credentials sign the request, and stand nowhere in it
    lone_batches: bool = True  # whether a batch takes effect without opening and closing
    one_file: bool = False  # whether a replacement is one request, however many rows it has

    def client(self, url: str, **more: str) -> str:
        """Credentials without a token yet, which get theirs at the stand-in of this address."""
        own = json.loads(self.credentials) if self.credentials.startswith("{") else {}
        own.pop("access_token", None)
        own |= dict.fromkeys(("client_id", "client_secret", "refresh_token"), "sandbox")
        return json.dumps(own | {"token_uri": f"{url}{self.tokens_at}"} | more)

    def row(self, found: Platform, n: int) -> Row:
        """A row with every key that the platform takes in one row, and every attribute."""
        keys = found.keys[: found.limits.keys_per_row]
        ttl = 60 if found.row_ttl else None
        along = tuple((k.wire, self.along[k.wire](n)) for k in found.attributes)
        pairs = tuple((k.wire, self.values[k.wire](n)) for k in keys)
        return Row(pairs, Consent(True, True), ttl, attributes=along)


FLOWS = {"microsoft_bulk": "microsoft"}  # platforms by another of their flows, with its own case
NAMES = sorted([*MODULES, *FLOWS])


def case(name: str) -> Case:
    """The case of a registered platform, or of a further flow of one."""
    found: Case = import_module(f"tests.contract.cases.{name}").CASE
    there = _there(name, found)
    assert set(found.values) == {key.wire for key in there.keys}
    assert set(found.along) == {key.wire for key in there.attributes}
    return found


def there(name: str) -> Platform:
    """The platform of a case; a further flow is as the options of its case have it."""
    return _there(name, case(name))


def _there(name: str, found: Case) -> Platform:
    return limited(platform(FLOWS[name]), found.options) if name in FLOWS else platform(name)
