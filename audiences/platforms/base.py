"""What a platform is: a declaration plus pure functions from rows to request bytes and back.

A platform does no I/O, keeps no state, and normalises nothing: it receives wire values that are
ready (`audiences.match` made them), and answers as they came: `Answer.status` 0 means that none
came; header names are lower case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.ports import HttpAnswer

Answer = HttpAnswer  # what the network gave; the platforms' word for it


class Op(StrEnum):
    """What a batch does to the platform's audience."""

    ADD = "add"
    REMOVE = "remove"


class Action(StrEnum):
    """What the sender must do after an answer."""

    DONE = "done"  # every row is accepted, or named in `rejected`
    PENDING = "pending"  # taken; ask for the outcome later with `status`
    RETRY = "retry"  # nothing is certain; send the same bytes again later
    REAUTH = "reauth"  # the token is no good: renew it once, then send again
    REFUSED = "refused"  # these rows will never be taken as they are; go on with the next batch
    STOP = "stop"  # nothing will be taken until a person acts: stop the run and say so


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key that a platform takes; its form and encoding stand in the platform's rule pack."""

    wire: str  # the platform's own name of it
    types: tuple[str, ...]  # identifier types of identifiers.catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A platform's documented limits."""

    rows: int  # rows in one request
    keys_per_row: int  # keys in one row, of all wire names together
    one_per_wire: bool  # whether a row holds each wire name at most once
    concurrency: int  # requests at once
    per_second: float  # requests a second
    timeout_seconds: float = 60.0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a batch goes: account, and the audience's name and its id on the platform."""

    account: str
    audience: str  # our name, which is also the name on a platform that goes by names
    audience_id: str  # the platform's own id; AUDIENCE_ID where it is not known yet
    options: Mapping[str, str] = field(default_factory=dict)  # the destination's `options:`


AUDIENCE_ID = "{audience_id}"  # stands in planned bytes until the audience exists on the platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows that make one request."""

    op: Op
    target: Target
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request without credentials; the body is exact.

    `path` follows the base URL, unless it is absolute (`https://...`): a token endpoint of its own.
    """

    method: str
    path: str
    body: bytes = field(default=b"", repr=False)  # holds identifiers, or a token request's secret
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an answer means for the rows of its request.

    Rows not named in `rejected` are accepted when `action` is DONE, refused with `code` when it
    is REFUSED, and unknown otherwise. `rejected_unnamed` counts rows that the platform refused
    without saying which.
    """

    action: Action
    code: str = ""  # the platform's own error code or reason
    message: str = ""  # for a person; never an identifier, never a token
    rejected: Mapping[int, str] = field(default_factory=dict)  # row index in the batch -> reason
    rejected_unnamed: int = 0
    wait_seconds: float | None = None  # the platform said when to come back
    handle: str = ""  # PENDING: what to ask `status` with


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """An audience as it is created on a platform."""

    name: str
    title: str
    description: str = ""
    lifetime_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One ad platform.

    `request` and `outcome` are required; the others are None where the platform has no such call.
    `authorise` returns the headers that carry credentials; it and the two `refresh` functions are
    the only ones that see them. In `status_outcome` PENDING means ask again, RETRY send again.
    """

    slug: str
    title: str
    base_url: str
    version: str  # of the platform's API, as it stands in the URLs or the documents
    docs: str
    keys: tuple[Key, ...]  # in order of preference and of columns
    of: frozenset[str]  # {"people"}, {"devices"} or both
    limits: Limits
    row_ttl: bool  # whether each row carries its own lifetime (`Row.ttl_minutes`)
    max_ttl_days: int | None  # longest lifetime of a row; None without `row_ttl`
    request: Callable[[Batch], Request]
    outcome: Callable[[Answer, int], Outcome]  # (answer, rows in the request)
    authorise: Callable[[Request, str], Mapping[str, str]]
    find: Callable[[Target], Request] | None = None  # is there an audience of this name?
    found: Callable[[bytes, str], str | None] | None = None  # (answer body, name) -> id
    create: Callable[[Target, Audience], Request] | None = None
    created: Callable[[bytes], str] | None = None
    status: Callable[[Target, str], Request] | None = None  # (target, handle)
    status_outcome: Callable[[Answer, int], Outcome] | None = None
    refresh: Callable[[str], Request | None] | None = None  # credentials -> token request
    refreshed: Callable[[str, bytes], str] | None = (
        None  # (credentials, answer body) -> credentials
    )


def remaining_minutes(expires_at: datetime, now: datetime, max_days: int) -> int:
    """Return the whole minutes of life left, never more than `max_days`, never below zero."""
    left = int((expires_at - now).total_seconds() // 60)
    return max(0, min(left, max_days * 24 * 60))
