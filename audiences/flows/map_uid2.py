"""Map UID2: asks an operator for the raw ids of an audience's contacts that have no fresh one.

Only those are asked about who may be sent. Each answer is kept as a commit of its own before the
next request goes out: whoever dies on the way repeats only what was not answered.
"""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences import schemas
from audiences.delivery.breaker import circuit
from audiences.delivery.exchange import exchange, said
from audiences.delivery.session import Session
from audiences.destinations import Destination, Operator
from audiences.flows import load
from audiences.flows.operators import open_operator
from audiences.flows.places import identity_of, operator_of
from audiences.flows.plan import latest_inputs, read_people
from audiences.flows.taking import taking
from audiences.flows.watch import FOREVER
from audiences.flows.workspace import Workspace
from audiences.identifiers.digest import identifier_key
from audiences.lake import query
from audiences.lake.append import commit
from audiences.lake.layout import OPERATORS_SAID
from audiences.match.desired import make_eligible
from audiences.match.uid2 import due_sql, key_of
from audiences.platforms.answers import judged
from audiences.platforms.base import Action, Answer, Batch, Op, Outcome, Row
from audiences.rules.spec import Audience
from audiences.uid2.mapping import Mapped, read_answer
from audiences.uid2.operator import WIRES, elements
from shared.clock import day, iso
from shared.errors import RejectedError
from shared.ids import new_id
from shared.log import log


@dataclass(frozen=True, slots=True)
class Asked:
    """How many contacts an operator was asked about, what it said, and how many are left."""

    asked: int = 0
    mapped: int = 0
    optout: int = 0
    invalid: int = 0
    unknown: int = 0
    left: int = 0  # for which the time was too short

    def as_json(self) -> dict[str, int]:
        """Return the counts with stable names."""
        return {name: getattr(self, name) for name in self.__slots__}


def map_uid2(
    workspace: Workspace, audience: str, destination: str, seconds: float = FOREVER
) -> Asked:
    """Ask about all contacts that are due, for as long as the time allows.

    Raises:
        ConfigurationError: when the operator's credentials are missing, or of another form.
        CredentialError, RejectedError, RetryableError: answers so far are kept.
    """
    rule, to = load.audience(workspace, audience), load.destination(workspace, destination)
    if not _is_mapped(rule, to) or to.uid2 is None:
        return Asked()
    until, told = time.monotonic() + seconds, Counter[str]()
    with query.connect(workspace.lake.scratch, workspace.memory) as con:
        due = _make_due(con, workspace, rule, to)
        if not due:
            return Asked()
        session = open_operator(workspace.bench(), to.uid2)
        with circuit(workspace.kv, session, f"{identity_of(to)} {operator_of(to)}"):
            for some in _batches(con, session.platform.limits.rows):
                if told.total() and time.monotonic() > until:
                    break
                workspace.progress(f"map {audience} → {destination}", told.total())
                told.update(one.state for one in _ask(workspace, session, to.uid2, some))
    done = Asked(told.total(), **told, left=due - told.total())
    log("uid2", destination=destination, rows_in=done.asked, kept=done.mapped, pending=done.left)
    return done


def count_due(workspace: Workspace, rule: Audience, to: Destination) -> int:
    """Return how many contacts an operator would be asked about now; asks nobody."""
    if not _is_mapped(rule, to):
        return 0
    with query.connect(workspace.lake.scratch, workspace.memory) as con:
        return _make_due(con, workspace, rule, to)


def _is_mapped(rule: Audience, to: Destination) -> bool:
    takes = key_of(taking(to)[0], identity_of(to)) is not None
    return to.uid2 is not None and takes and rule.of == "people"


def _make_due(con: Connection, workspace: Workspace, rule: Audience, to: Destination) -> int:
    """Make `due` of those who may be sent, by the steps of a plan; return how many there are."""
    lake, at = workspace.lake, workspace.now()
    read_people(con, lake, rule, to, latest_inputs(lake, rule, to.name), at)
    # Who opted out is asked about again in time, so nobody is left out for that.
    make_eligible(con, taking(to)[0], rule.of, to.consent)
    con.execute(f"CREATE OR REPLACE TEMP TABLE due AS {due_sql(at)}")
    (count,) = query.one(con, "SELECT count(*) FROM due")
    return int(count)


def _batches(con: Connection, most: int) -> Iterator[pa.RecordBatch]:
    for found in query.batches(con, "FROM due ORDER BY wire, digest"):
        for start in range(0, found.num_rows, most):
            yield found.slice(start, most)


def _ask(
    workspace: Workspace, session: Session, operator: Operator, some: pa.RecordBatch
) -> tuple[Mapped, ...]:
    """Ask one request's worth, and keep what was said."""
    asked: dict[str, list[bytes]] = {wire: [] for wire in WIRES}
    for wire, digest in zip(*some.to_pydict().values(), strict=True):
        asked[wire].append(digest)
    rows = [
        Row(((wire, base64.b64encode(digest).decode()),))
        for wire, digests in asked.items()
        for digest in digests
    ]
    at = workspace.now()
    counts = {wire: len(digests) for wire, digests in asked.items()}
    found = read_answer(_answer(session, rows, counts), asked, at)
    commit_id = f"{OPERATORS_SAID}{new_id(at)}"
    about = {"at": iso(at), "kind": operator.identity, "rows": len(found)}
    with commit(workspace.lake, commit_id, about) as out:
        out.write("uid2_map", f"{day(at)}", _table(workspace, operator, found, commit_id))
    return found


def _answer(session: Session, rows: list[Row], counts: Mapping[str, int]) -> bytes:
    answers: list[Answer] = []

    def judge(answer: Answer) -> Outcome:
        answers.append(answer)
        outcome = session.platform.outcome(answer, len(rows))
        if outcome.action is not Action.DONE:
            return outcome
        told = {wire: len(found) for wire, found in elements(answer.body).items()}
        # Else nobody knows which of the answers is whose.
        return outcome if told == {**counts} else judged(Action.RETRY, "unreadable")

    request = session.platform.request(Batch(op=Op.ADD, target=session.target, rows=rows))
    outcome, _ = exchange(session, request, judge, f"uid2/{len(rows)}")
    if outcome.action is not Action.DONE:
        raise RejectedError(f"{session.platform.title}: {said(outcome)}")
    return answers[-1].body


def _table(
    workspace: Workspace, operator: Operator, found: tuple[Mapped, ...], commit_id: str
) -> pa.Table:
    at = workspace.now()
    rows = [
        {
            "identity": operator.identity,
            "operator": operator.place,
            "digest": one.digest,
            "state": one.state,
            "key": identifier_key(workspace.secret, operator.identity, one.uid)
            if one.uid
            else None,
            "uid": one.uid,
            "previous": one.previous,
            "checked_at": at,
            "refresh_at": one.refresh_at,
            "ingest": commit_id,
        }
        for one in found
    ]
    return pa.Table.from_pylist(rows, schemas.UID2_MAP)
