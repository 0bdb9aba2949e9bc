"""The outbox: what a run will send, to the byte, and what came back; readable without Arrow."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from audiences.platforms.base import AUDIENCE_ID, Action, Outcome, Request
from shared.errors import IntegrityError
from shared.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One request of a plan; its body lies beside the plan under `<id>.body`."""

    id: str  # op and number, such as add-00000
    op: str  # open | remove | add | close
    rows: int
    method: str
    path: str
    content_type: str
    headers: Mapping[str, str]
    sha256: str
    bytes: int
    host: str = ""
    alone: bool = False  # whether nothing else may be under way meanwhile
    uses: tuple[str, ...] = ()  # requests whose handles stand in it as `{handle:<id>}`
    implied: int = 0  # rows that go out by a replacement, when this request is through


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that one run does, decided before anything is sent."""

    run: str
    audience: str
    destination: str
    platform: str
    version: str
    place: str  # platform, address and account: what is held belongs to it
    account: str
    audience_id: str | None  # None: the audience is created when the run is delivered
    title: str
    mode: str
    as_of: str
    valid_until: str  # from then on nothing more of it may be sent: an id could outlive its life
    dry_run: bool
    rule_pack: str
    terms: str  # digest of the rule and of the destination's policy and options
    inputs: Mapping[str, Any]  # numbers of the snapshots, ids of the commits
    changes: Mapping[str, int]  # added, removed, changed, refreshed, unknown: counted in members
    dropped: Mapping[str, int]  # members that may or can not be sent, by reason
    requests: tuple[Planned, ...]
    digest: str
    stopped: str = ""  # why the guard stopped it
    closes: bool = False  # whether rows are taken up only by what closes the run
    token: str = ""  # what approves it
    replaces: str = ""  # mode rebuild: the id of the audience that goes when the new one is there
    unasked: Mapping[str, Any] = field(default_factory=dict)  # contacts not mapped; code, detail

    def rows(self, op: str) -> int:
        """Count the rows of one operation, by name or by replacement."""
        implied = sum(r.implied for r in self.requests) if op == "remove" else 0
        return implied + sum(r.rows for r in self.requests if r.op == op)

    def in_order(self) -> tuple[Planned, ...]:
        """Return the requests as they are sent: what opens, removals, additions, what closes."""
        turns = ("open", "remove", "add", "close")
        return tuple(sorted(self.requests, key=lambda request: turns.index(request.op)))

    @property
    def before_close(self) -> list[str]:
        """Name the requests that come before those that close the run."""
        return [request.id for request in self.requests if request.op != "close"]

    @property
    def whole(self) -> bool:
        """Say whether the run counts only when all of it is through."""
        return self.closes or self.mode in ("replace", "rebuild")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One smaller request made from the rows of a planned one, at these places: [start, stop)."""

    id: str
    ranges: Sequence[Sequence[int]]

    @property
    def places(self) -> list[int]:
        """Return the places in the planned request."""
        return [place for start, stop in self.ranges for place in range(start, stop)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The outcome of one request as it was recorded, once."""

    id: str
    sha256: str  # of the body as it was sent
    outcome: Outcome
    attempts: int
    at: str
    pieces: Sequence[Piece] = ()  # of a split: what the rows go out in instead


def digest_of(requests: Iterable[Planned]) -> str:
    """Digest a plan's requests in order; equal digests mean equal bytes in equal order."""
    digest = hashlib.sha256()
    for request in requests:
        digest.update(f"{request.id} {request.method} {request.sha256}\n".encode())
    return digest.hexdigest()


def plan_key(run: str) -> str:
    """Name a run's plan."""
    return f"outbox/{run}/plan.json"


def body_key(run: str, request_id: str) -> str:
    """Name the exact body of a request."""
    return f"outbox/{run}/{request_id}.body"


def forget_bodies(store: Store, run: str) -> None:
    """Let go of what a run sent, and keep the plan: it has the digest of each body."""
    keys = [found.key for found in store.list(f"outbox/{run}/")]
    store.delete([key for key in keys if key != plan_key(run)])


def write_plan(store: Store, plan: Plan) -> None:
    """Keep the plan; it exists from here on, so this comes after its bodies.

    Raises:
        IntegrityError: when the run has a plan already.
    """
    if not store.put(plan_key(plan.run), _written(plan), if_absent=True):
        raise IntegrityError(f"run {plan.run} is planned already")


def _written(plan: Plan) -> bytes:
    return json.dumps(asdict(plan), ensure_ascii=False, sort_keys=True, indent=1).encode()


def seal(plan: Plan) -> str:
    """Return the digest of the plan as it is written; kept elsewhere, it proves the file."""
    return hashlib.sha256(_written(plan)).hexdigest()


def read_plan(store: Store, run: str, sealed: str = "") -> Plan | None:
    """Return a run's plan, or None when it has none.

    Raises:
        IntegrityError: when it is not whole, or not the one that was sealed.
    """
    data = store.get(plan_key(run))
    if data is None:
        return None
    changed = IntegrityError(
        f"the plan of run {run} is not what was written; nothing of it is sent. Look at "
        f"{plan_key(run)}; without that file the next run plans anew"
    )
    try:
        value = json.loads(data)
        requests = tuple(_planned(item) for item in value.pop("requests"))
        plan = Plan(requests=requests, **value)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise changed from error
    if digest_of(plan.requests) != plan.digest or (sealed and seal(plan) != sealed):
        raise changed
    return plan


def _planned(item: dict[str, Any]) -> Planned:
    return Planned(**(item | {"uses": tuple(item.get("uses", ()))}))


Divide = Callable[[bytes], bytes]  # the planned body -> that of some of its rows


def read_request(
    store: Store,
    plan: Plan,
    planned: Planned,
    audience_id: str,
    divide: Divide = lambda body: body,
) -> Request:
    """Return a request as it goes out, after proving that its body is the planned one.

    Raises:
        IntegrityError: when the body was changed or is gone.
    """
    body = store.get(body_key(plan.run, planned.id))
    if body is None or hashlib.sha256(body).hexdigest() != planned.sha256:
        raise IntegrityError(f"request {planned.id} of run {plan.run} is not what was planned")
    path, body = planned.path, divide(body)
    if plan.audience_id is None:
        path = path.replace(AUDIENCE_ID, audience_id)
        body = body.replace(AUDIENCE_ID.encode(), audience_id.encode())
    for used in planned.uses:
        handle = _handle(store, plan.run, used)
        path = path.replace(f"{{handle:{used}}}", handle)
        body = body.replace(f"{{handle:{used}}}".encode(), handle.encode())
    return Request(
        method=planned.method,
        path=path,
        body=body,
        content_type=planned.content_type,
        headers=planned.headers,
        host=planned.host,
    )


def _handle(store: Store, run: str, request_id: str) -> str:
    found = recorded(store, run, request_id)
    handle = found.outcome.handle if found else ""
    if not re.fullmatch(r"[!#-\[\]-~]{1,4000}", handle):  # it must fit into a JSON text
        raise IntegrityError(f"request {request_id} of run {run} gave nothing that can be used")
    return handle


def recorded_name(request_id: str, kind: str = "") -> str:
    """Name a record as `recorded_ids` lists it; a kind is `status` or `split`."""
    return f"{request_id}.{kind}" if kind else request_id


def outcome_key(run: str, request_id: str, kind: str = "") -> str:
    """Name the outcome of a request, or of its later `status`, or the record of its `split`."""
    return f"outcomes/{run}/{recorded_name(request_id, kind)}.json"


def record(store: Store, run: str, recorded: Recorded, kind: str = "") -> None:
    """Keep an outcome if there is none yet: the first answer counts."""
    data = json.dumps(asdict(recorded), ensure_ascii=False, sort_keys=True).encode()
    store.put(outcome_key(run, recorded.id, kind), data, if_absent=True)


def recorded_ids(store: Store, run: str) -> frozenset[str]:
    """Return the ids of the requests that have an outcome."""
    prefix = f"outcomes/{run}/"
    names = (found.key.removeprefix(prefix) for found in store.list(prefix))
    return frozenset(name.removesuffix(".json") for name in names)


def recorded(store: Store, run: str, request_id: str, kind: str = "") -> Recorded | None:
    """Return what is recorded of a request, or None."""
    data = store.get(outcome_key(run, request_id, kind))
    if data is None:
        return None
    value = json.loads(data)
    outcome = value.pop("outcome")
    outcome["action"] = Action(outcome["action"])
    for named in ("rejected", "uncertain"):
        outcome[named] = {int(k): v for k, v in outcome.get(named, {}).items()}
    pieces = tuple(Piece(**piece) for piece in value.pop("pieces", ()))
    return Recorded(outcome=Outcome(**outcome), pieces=pieces, **value)
