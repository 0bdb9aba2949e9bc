"""What a platform is: a declaration plus pure functions from rows to request bytes and back.

A platform does no I/O, keeps no state, and normalises nothing. Equal batches give equal bytes: what
a run needs beside is made of `Batch.at`. `Answer.status` 0: none came; header names are lower case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from audiences.platforms.sheets import Sheet
from shared.ports import HttpAnswer

Answer = HttpAnswer  # what the network gave; the platforms' word for it


class Op(StrEnum):
    """What a batch does to the platform's audience."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"  # rows of the whole audience: who is not among them is out in the end


class Action(StrEnum):
    """What the sender must do after an answer."""

    DONE = "done"  # every row is accepted, or named in `rejected`
    PENDING = "pending"  # taken; ask for the outcome later with `status`
    RETRY = "retry"  # nothing is certain; send the same bytes again later
    REAUTH = "reauth"  # the token is no good: renew it once, then send again
    SPLIT = "split"  # nothing was taken; send the rows not in `rejected` in smaller requests
    REFUSED = "refused"  # these rows will never be taken as they are; go on with the next batch
    STOP = "stop"  # nothing will be taken until a person acts: stop the run and say so


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key that a platform takes; its form and encoding stand in the platform's rule pack."""

    wire: str  # the platform's own name of it
    types: tuple[str, ...]  # of identifiers.catalog
    joined: bool = False  # one value of attributes of all these types, parted by `bodies.PART`


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A platform's documented limits."""

    rows: int  # rows in one request
    keys_per_row: int  # keys in one row, of all wire names together
    one_per_wire: bool  # whether a row holds each wire name at most once
    concurrency: int  # requests at once
    per_second: float  # requests a second
    one_wire: bool = False  # whether all keys of a request have one wire name; keys_per_row is 1
    bytes: int | None = None  # of one body
    per_day: int | None = None  # requests of an account
    timeout_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One entry of a destination's `options:`; its default is what the documents say."""

    name: str
    says: str  # what it means, in a few words without a full stop
    default: str = ""
    choices: tuple[str, ...] = ()  # empty: any text
    example: str = ""  # where the platform answers nothing without it: what a first file says
    verified: bool = True  # False: the documents leave it open, and the default is our reading

    def of(self, target: Target) -> str:
        """Return what the destination says, else the default."""
        return target.options.get(self.name, self.default)


@dataclass(frozen=True, slots=True)
class Consent:
    """What the person agreed to when the row was planned; None is unknown."""

    ad_user_data: bool | None = None
    ad_personalization: bool | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a batch: wire names with ready values, and how long the platform may keep it."""

    keys: tuple[tuple[str, str], ...]
    consent: Consent = Consent()
    ttl_minutes: int | None = None  # only where the platform has `row_ttl`; from now on
    attributes: tuple[tuple[str, str], ...] = ()  # of `Platform.attributes`; only in what is added


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a batch goes: account, and the audience's name and its id on the platform."""

    account: str
    audience: str  # our name, which is also the name on a platform that goes by names
    audience_id: str  # the platform's own id; AUDIENCE_ID where it is not known yet
    options: Mapping[str, str] = field(default_factory=dict)  # the destination's `options:`


AUDIENCE_ID = "{audience_id}"  # stands in planned bytes until the audience exists on the platform
PLACE = "{place}"  # the path of a batch that goes where the answer to `Platform.place` says
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows that make one request."""

    op: Op
    target: Target
    rows: Sequence[Row]
    at: datetime = EPOCH  # the instant of the plan: the same for all its batches
    starts: datetime = EPOCH  # what `Row.ttl_minutes` counts from
    number: int = 0  # place among the batches of its op
    last: bool = True  # whether it is the last of its op

    def ends(self, row: Row) -> datetime | None:
        """Return the instant at which the platform must forget a row."""
        return None if row.ttl_minutes is None else self.starts + timedelta(minutes=row.ttl_minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One batch of a run as it was planned; `handle` stands for what its answer will give."""

    id: str
    op: Op
    rows: int
    bytes: int
    sha256: str
    path: str

    @property
    def handle(self) -> str:
        """Return the text that is replaced by the handle of the part's outcome when sent."""
        return f"{{handle:{self.id}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A whole run as `opening` and `closing` see it: its batches are made, nothing is sent."""

    target: Target
    at: datetime
    starts: datetime
    mode: str  # mirror | add | replace | rebuild
    replaces: str = ""  # mode rebuild: the id of the old audience, which `closing` deletes
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request without credentials; the body is exact.

    `path` follows the base URL of `host`, unless it is absolute: an address that the platform gave.
    Such a request carries credentials only where it leads to a declared host.
    """

    method: str
    path: str
    body: bytes = field(default=b"", repr=False)  # holds identifiers, or a token request's secret
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    host: str = ""  # a name in `Platform.hosts`; empty: the base URL
    sheet: Sheet | None = field(default=None, repr=False)  # what the plan makes the body of


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a request is signed with, at the moment at which it goes out."""

    credentials: str = field(repr=False)
    at: datetime = EPOCH  # now, by the platform's clock as far as its answers told it
    nonce: str = ""  # 32 hex digits, never the same twice
    options: Mapping[str, str] = field(default_factory=dict)  # the destination's


@dataclass(frozen=True, slots=True)
class Size:
    """How many the platform says that an audience holds; a bound that it does not say is None."""

    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an answer means for the rows of its request.

    Rows in neither `rejected` nor `uncertain` are accepted when `action` is DONE, refused with
    `code` when it is REFUSED, else unknown. `rejected_unnamed` counts rows refused unsaid which.
    """

    action: Action
    code: str = ""  # the platform's own error code or reason
    message: str = ""  # for a person; never an identifier, never a token
    rejected: Mapping[int, str] = field(default_factory=dict)  # row index in the batch -> reason
    uncertain: Mapping[int, str] = field(default_factory=dict)  # rows to send again in a later run
    named: Mapping[str, str] = field(default_factory=dict)  # as rejected, by `Platform.names`
    rejected_unnamed: int = 0
    wait_seconds: float | None = None  # the platform said when to come back
    handle: str = ""  # PENDING: what to ask `status` with; DONE: what `Part.handle` stands for
    address: str = ""  # of an answer to `Platform.place`: where the batch goes


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """An audience as it is created on a platform."""

    name: str
    title: str
    description: str = ""
    lifetime_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One platform.

    `request`, `outcome` and `authorise` are required; each other one is None where there is no such
    call. `authorise` gets the request with its absolute URL as `path` and returns the headers that
    carry credentials; it, `sealed`, `opened` and the two `refresh` functions alone see them. In
    `status_outcome` PENDING means ask again, at once by a handle of its own; RETRY send again.
    """

    slug: str
    title: str
    base_url: str
    version: str  # of the platform's API, as it stands in the URLs or the documents
    docs: str
    keys: tuple[Key, ...]  # in order of preference and of columns
    of: frozenset[str]  # {"people"}, {"devices"} or both
    limits: Limits
    attributes: tuple[Key, ...] = ()  # refine a row with keys when it is added; never alone
    row_ttl: bool  # whether each row carries its own lifetime (`Row.ttl_minutes`)
    max_ttl_days: int | None  # longest lifetime of a row; None without `row_ttl`
    rules: str = ""  # the rule pack, where it is not the one of its slug

    # What it can be asked to do, and what it does by itself.
    ops: frozenset[Op] = frozenset({Op.ADD, Op.REMOVE})  # without REMOVE, mirror rebuilds
    upserts: bool = False  # what is added under equal keys takes the place of what was
    forgets_days: int | None = None  # it forgets a member so long after the last add
    forgets: Setting | None = None  # the setting that says `forgets_days`, where one does
    minimum: int | None = None  # matched members below which an audience cannot be used
    replace_minutes: int | None = None  # with Op.REPLACE: all of it must be through by then
    hosts: Mapping[str, str] = field(default_factory=dict)  # further base URLs, by a name
    schemes: frozenset[str] = frozenset({"https"})  # of base URLs, such as s3 and sftp
    variant: Callable[[Platform, Mapping[str, str]], Platform] | None = None  # as options have it

    # Rows: batches to bytes, answers to outcomes.
    request: Callable[[Batch], Request]
    outcome: Callable[[Answer, int], Outcome]  # (answer, rows in the request)
    divide: Callable[[bytes, Sequence[int]], bytes] | None = None  # (body, places) -> their body
    names: Callable[[bytes], Sequence[str]] | None = None  # body -> what answers call its rows
    opening: Callable[[Course], Sequence[Request]] | None = None  # before the batches, in turn
    closing: Callable[[Course], Sequence[Request]] | None = None  # when all batches are through
    counts_when_closed: bool = False  # whether no row is taken before `closing` is through
    place: Callable[[Target], Request] | None = None  # asked before each batch, by path `PLACE`
    status: Callable[[Target, str], Request] | None = None  # (target, handle)
    status_outcome: Callable[[Answer, int], Outcome] | None = None
    pace: Callable[[Answer, datetime], float | None] | None = None  # seconds till the next request

    # Credentials.
    authorise: Callable[[Request, Access], Mapping[str, str]]
    refresh: Callable[[Access], Request | None] | None = None  # the request for a new token
    refreshed: Callable[[Access, Answer], str] | None = None  # -> the credentials with it
    sealed: Callable[[Request, Access], bytes] | None = None  # the body in its envelope
    opened: Callable[[Answer, Access], Answer] | None = None  # the answer out of its envelope
    probe: Callable[[Target], Request] | None = None  # a cheap call that changes nothing

    # The audience itself.
    find: Callable[[Target], Request] | None = None  # is there an audience of this name?
    # (asked, answer, name) -> its id, the request for the next page, or None
    found: Callable[[Request, Answer, str], str | Request | None] | None = None
    create: Callable[[Target, Audience], Request] | None = None
    created: Callable[[Answer], str] | None = None
    equip: Callable[[Target, Audience], Sequence[Request]] | None = None  # once; may be repeated
    gone: frozenset[str] = frozenset()  # codes that say, of what is to go, that it is not there
    told: Callable[[Answer], Outcome] | None = None  # calls without rows; None: a 2xx is done
    young_seconds: tuple[float, float] = (0.0, 0.0)  # (wait after creation, forgive 404 so long)
    size: Callable[[Target], Request] | None = None
    sized: Callable[[Answer], Size | None] | None = None  # None: it does not say now

    # For people: docs/platforms.md is written from these.
    account: str = ""  # what `account:` means
    credentials: str = ""  # what `credentials:` must resolve to
    lifetime: str = "until removed"
    consent: str = "none"  # the consent that is sent
    answers: Mapping[Action, str] = field(default_factory=dict)  # what answers mean which action
    settings: tuple[Setting, ...] = ()
    notes: tuple[str, ...] = ()  # choices that are not obvious, a sentence each
    unverified: tuple[str, ...] = ()  # what no setting can mend, a sentence each
