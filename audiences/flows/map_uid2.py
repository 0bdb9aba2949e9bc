"""Map UID2: asks an operator for the raw ids of an audience's contacts that have no fresh one.

Only those are asked about who may be sent. Each answer is kept as a commit of its own before the
next request goes out: whoever dies on the way repeats only what was not answered. Then it is asked
who has opted out of the others.
"""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences.delivery.breaker import circuit
from audiences.delivery.exchange import exchange, said
from audiences.delivery.session import Session
from audiences.destinations import Destination, Operator
from audiences.flows import load
from audiences.flows.operators import open_operator
from audiences.flows.optouts import Checked, ask_optouts, make_unsure
from audiences.flows.places import identity_of, operator_of
from audiences.flows.plan import latest_inputs, read_people
from audiences.flows.said import said_table
from audiences.flows.taking import taking
from audiences.flows.watch import FOREVER
from audiences.flows.workspace import Workspace
from audiences.lake import query
from audiences.lake.append import commit
from audiences.lake.layout import OPERATORS_SAID
from audiences.match.desired import make_eligible
from audiences.match.uid2 import due_sql
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
    checked: int = 0  # raw ids of which it was asked who has opted out
    gone: int = 0  # of these
    left: int = 0  # contacts and raw ids for which the time was too short

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
    if to.uid2 is None:
        return Asked()
    until = time.monotonic() + seconds
    with query.connect(workspace.lake.scratch, workspace.memory) as con:
        due = _make_due(con, workspace, rule, to)
        unsure = make_unsure(con, workspace, rule, to)
        if not due and not unsure:
            return Asked()
        session = open_operator(workspace.bench(), to.uid2)
        with circuit(workspace.kv, session, f"{identity_of(to)} {operator_of(to)}"):
            watch = partial(workspace.progress, f"map {audience} → {destination}")
            told, checked = _map(con, workspace, session, to.uid2, until, watch), Checked()
            if unsure and told.total() == due:
                checked = ask_optouts(con, workspace, session, to.uid2, until)
    left = due + unsure - told.total() - checked.asked
    done = Asked(told.total(), **told, checked=checked.asked, gone=checked.out, left=left)
    log("uid2", destination=destination, rows_in=done.asked, kept=done.mapped, pending=done.left)
    return done


def _map(
    con: Connection,
    workspace: Workspace,
    session: Session,
    operator: Operator,
    until: float,
    watch: Callable[[int], None],
) -> Counter[str]:
    """Ask about `due` for as long as the time allows; count what was said."""
    told = Counter[str]()
    for some in _batches(con, session.platform.limits.rows):
        if told.total() and time.monotonic() > until:
            break
        watch(told.total())
        told.update(one.state for one in _ask(workspace, session, operator, some))
    return told


def count_due(workspace: Workspace, rule: Audience, to: Destination) -> int:
    """Return how many contacts an operator would be asked about now; asks nobody."""
    if to.uid2 is None or rule.of != "people":
        return 0
    with query.connect(workspace.lake.scratch, workspace.memory) as con:
        return _make_due(con, workspace, rule, to)


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
        out.write("uid2_map", f"{day(at)}", said_table(workspace, operator, found, commit_id))
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
