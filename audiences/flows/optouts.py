"""Optouts: asks an operator which of the raw ids that are wanted or held have opted out.

An id is asked about once in so many days as the destination says. Who has opted out is noted as
the map of contacts notes it, by each contact that has the id, and by the id itself.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences import schemas
from audiences.delivery.exchange import exchange, said
from audiences.delivery.session import Session
from audiences.destinations import Destination, Operator
from audiences.flows.places import held_table, identity_of, operator_of
from audiences.flows.said import said_table
from audiences.flows.taking import taking
from audiences.flows.workspace import Workspace
from audiences.lake import now, query, snapshot
from audiences.lake.append import commit
from audiences.lake.layout import OPERATORS_SAID
from audiences.match.desired import devices_sql
from audiences.match.diff import held_before_sql
from audiences.match.uid2 import key_of, unsure_sql
from audiences.platforms.base import Action, Answer, Outcome
from audiences.rules.spec import Audience
from audiences.uid2.mapping import AGAIN, OPTED_OUT, Mapped
from audiences.uid2.optouts import ROWS, read_opted_out, status_outcome, status_request
from shared.clock import day, iso
from shared.errors import RejectedError
from shared.ids import new_id

# Ids whose answers are kept together: who dies on the way asks about so many again.
_AT_ONCE = 10 * ROWS


@dataclass(frozen=True, slots=True)
class Checked:
    """How many raw ids an operator was asked about, and how many of them have opted out."""

    asked: int = 0
    out: int = 0


def make_unsure(con: Connection, workspace: Workspace, rule: Audience, to: Destination) -> int:
    """Make `unsure`: the raw ids to ask about, numbered; return how many there are.

    Needs the steps up to `owned`, and `due`: whose contacts are asked about is asked by that.
    """
    key = key_of(taking(to)[0], identity_of(to))
    if to.uid2 is None or key is None or not to.uid2.optout_days:
        return 0
    lake, at = workspace.lake, workspace.now()
    since = _since(at, to.uid2.optout_days)
    held = snapshot.latest(lake, held_table(to.name, rule.name))
    con.register("held_rows", snapshot.dataset(lake, held, schemas.HELD))
    con.execute(held_before_sql(repair=False))
    now.uid2_asked(con, lake, identity_of(to), operator_of(to), since)
    sql = unsure_sql(identity_of(to), key[1], devices_sql(to.consent), at, since)
    con.execute(f"CREATE OR REPLACE TEMP TABLE unsure AS {sql}")
    (count,) = query.one(con, "SELECT count(*) FROM unsure")
    return int(count)


def _since(at: datetime, days: int) -> datetime:
    """Return when the first of so many days began: days of the calendar, as syncs come daily."""
    midnight = datetime.combine(day(at), datetime.min.time(), UTC)
    return midnight - timedelta(days=days - 1)


def ask_optouts(
    con: Connection, workspace: Workspace, session: Session, operator: Operator, until: float
) -> Checked:
    """Ask about `unsure` for as long as the time allows; what is answered is kept on the way.

    Raises:
        CredentialError, RejectedError, RetryableError: answers so far are kept.
    """
    asked = out = 0
    while not asked or time.monotonic() < until:
        some = "SELECT uid FROM unsure WHERE place > ? AND place <= ? ORDER BY place"
        uids = [uid for (uid,) in con.execute(some, [asked, asked + _AT_ONCE]).fetchall()]
        if not uids:
            break
        found = set[str]()
        for start in range(0, len(uids), ROWS):
            found |= _opted_out(session, uids[start : start + ROWS])
        _keep(con, workspace, operator, uids, found)
        asked, out = asked + len(uids), out + len(found)
    return Checked(asked, out)


def _opted_out(session: Session, uids: Sequence[str]) -> frozenset[str]:
    answers: list[Answer] = []

    def judge(answer: Answer) -> Outcome:
        answers.append(answer)
        return status_outcome(answer, uids)

    outcome, _ = exchange(session, status_request(uids), judge, f"uid2-optouts/{len(uids)}")
    if outcome.action is not Action.DONE:
        raise RejectedError(f"{session.platform.title}: {said(outcome)}")
    return read_opted_out(answers[-1].body, uids) or frozenset()


def _keep(
    con: Connection,
    workspace: Workspace,
    operator: Operator,
    uids: Sequence[str],
    found: Collection[str],
) -> None:
    at = workspace.now()
    commit_id, again = f"{OPERATORS_SAID}{new_id(at)}", at + AGAIN[OPTED_OUT]
    con.register("found_out", pa.table({"uid": pa.array(sorted(found), pa.string())}))
    theirs = con.execute("SELECT DISTINCT digest FROM known_uid2 SEMI JOIN found_out USING (uid)")
    digests = {bytes(digest) for (digest,) in theirs.fetchall()} - {_digest(one) for one in found}
    gone = [Mapped(digest, OPTED_OUT, again) for digest in sorted(digests)]
    gone += [Mapped(_digest(one), OPTED_OUT, again, one) for one in sorted(found)]
    asked = pa.table({"digest": pa.array(map(_digest, uids), schemas.DIGEST)})
    for name, value in (("identity", operator.identity), ("operator", operator.place)):
        asked = asked.append_column(name, pa.array([value] * len(uids), pa.string()))
    asked = asked.append_column("checked_at", pa.array([at] * len(uids), schemas.AT))
    asked = asked.append_column("ingest", pa.array([commit_id] * len(uids), pa.string()))
    about = {"at": iso(at), "kind": operator.identity, "rows": len(uids)}
    with commit(workspace.lake, commit_id, about) as out:
        out.write("uid2_asked", f"{day(at)}", asked)
        out.write("uid2_map", f"{day(at)}", said_table(workspace, operator, gone, commit_id))


def _digest(uid: str) -> bytes:
    return hashlib.sha256(uid.encode()).digest()
