"""Settles a run: outcomes become what the platform holds, and rows of the ledger.

Steps, each a named temporary table:

    verdicts   request -> digest of what was sent, and what became of its rows
    named      (request, place) -> what became of that one row, and why
    carried    (request, place) -> the piece that the row went out in, where it was split
    results    every row that was sent, with its outcome
    holds      what the platform holds now
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences.delivery.outbox import Plan, Planned
from audiences.delivery.outcomes import AT_ONCE, Outcomes, outcomes
from audiences.delivery.pool import at_once
from audiences.lake.query import timestamp
from audiences.platforms.base import Action, Outcome
from shared.ports import Store

_VERDICTS = pa.schema([(name, pa.string()) for name in ("request", "sha256", "outcome", "reason")])
_PIECE = [("piece", pa.string()), ("sha256", pa.string())]
_CARRIED = pa.schema([("request", pa.string()), ("place", pa.int32()), *_PIECE])
_NAMED = pa.schema(
    [("request", pa.string()), ("place", pa.int32()), ("said", pa.string()), ("why", pa.string())]
)


def verdict(outcome: Outcome | None, rows: int) -> str:
    """Say what became of the rows of a request that were not refused by name.

    Where a platform says how many it refused and not which, each of them is unknown.
    """
    if outcome is None:
        return "unknown"
    match outcome.action:
        case Action.DONE if outcome.rejected_unnamed:
            everything = outcome.rejected_unnamed >= rows - len(outcome.rejected)
            return "rejected" if everything else "unknown"
        case Action.DONE:
            return "accepted"
        case Action.REFUSED | Action.STOP:
            return "rejected"
        case _:
            return "unknown"


def make_results(con: Connection, store: Store, plan: Plan) -> dict[str, int]:
    """Make `results` from the view `sent_rows` and the recorded outcomes; return the counts.

    The counts are the platform's own: of a request of which it refused some rows without saying
    which, they count as refused and the others as accepted, though each row is unknown. Of a run
    that replaces what was there, nothing is accepted until all of it is through.
    """
    verdicts: list[dict[str, Any]] = []
    named: list[dict[str, Any]] = []
    counts = Counter(accepted=0, rejected=0, unknown=0)
    known = outcomes(store, plan.run)
    last = known.last(planned.id for planned in plan.requests)
    through = not plan.whole or (
        len(last) == len(plan.requests)
        and all(recorded.outcome.action is Action.DONE for recorded in last.values())
    )
    for planned in plan.requests:
        recorded = last.get(planned.id)
        outcome = recorded.outcome if recorded else known.so_far(planned.id, planned.rows)
        said = verdict(outcome, planned.rows) if through else "unknown"
        reason = "" if outcome is None or said == "accepted" else (outcome.code or outcome.message)
        sha256 = recorded.sha256 if recorded else planned.sha256
        verdicts.append(
            {"request": planned.id, "sha256": sha256, "outcome": said, "reason": reason}
        )
        named += _named(planned, outcome)
        counts.update(_counted(planned, outcome, said))
    con.register("verdicts", pa.Table.from_pylist(verdicts, schema=_VERDICTS))
    con.register("named", pa.Table.from_pylist(named, schema=_NAMED))
    con.register("carried", pa.Table.from_pylist(_carried(known, plan), schema=_CARRIED))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE results AS SELECT sent_rows.*, "
        "coalesce(carried.sha256, verdicts.sha256) AS sha256, "
        "coalesce(carried.piece, sent_rows.request) AS piece, "
        "coalesce(named.said, verdicts.outcome) AS outcome, "
        "coalesce(named.why, verdicts.reason) AS reason "
        "FROM sent_rows JOIN verdicts USING (request) "
        "LEFT JOIN named ON named.request = sent_rows.request AND named.place = sent_rows.place "
        "LEFT JOIN carried "
        "ON carried.request = sent_rows.request AND carried.place = sent_rows.place"
    )
    return dict(counts)


def take_as_written(con: Connection) -> None:
    """Let `results` be what `written` says, the run's rows as they stand in the ledger already.

    Where a settling died behind the ledger, the platform may have said more since; what is held
    must be what the ledger tells.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE results AS "
        "SELECT results.* REPLACE (coalesce(written.outcome, results.outcome) AS outcome, "
        "CASE WHEN written.outcome IS NULL THEN results.reason ELSE written.reason END AS reason) "
        "FROM results LEFT JOIN written USING (row, op)"
    )


def _carried(known: Outcomes, plan: Plan) -> list[dict[str, Any]]:
    split = [p for p in plan.requests if known.has(p.id, "split")]
    found = at_once(lambda p: list(known.carried(p.id, p.rows)), split, AT_ONCE)
    return [
        {"request": p.id, "place": one.place, "piece": one.request, "sha256": one.sha256}
        for p, rows in zip(split, found, strict=True)
        for one in rows
    ]


def _named(planned: Planned, outcome: Outcome | None) -> Iterator[dict[str, Any]]:
    """Yield the rows of which the outcome says more than of the others."""
    if outcome is None:
        return
    for said, places in (("unknown", outcome.uncertain), ("rejected", outcome.rejected)):
        for place, why in places.items():
            if said == "rejected" or place not in outcome.rejected:
                yield {"request": planned.id, "place": place, "said": said, "why": why}


def _counted(planned: Planned, outcome: Outcome | None, said: str) -> Counter[str]:
    rejected = len(outcome.rejected) if outcome else 0
    uncertain = len(set(outcome.uncertain) - set(outcome.rejected)) if outcome else 0
    left = planned.rows - rejected - uncertain
    unnamed = min(outcome.rejected_unnamed, left) if outcome else 0
    rest = Counter({"accepted" if unnamed else said: left - unnamed + planned.implied})
    return Counter(rejected=rejected + unnamed) + Counter(unknown=uncertain) + rest


def alive_sql(at: datetime) -> str:
    """Select what is still held of `held_before`, without rows and keys whose time is over."""
    now = timestamp(at)
    alive = f"list_filter(keys, lambda k: k.expires_at IS NULL OR k.expires_at > {now}) AS keys"
    return f"""
        SELECT * REPLACE ({alive}) FROM held_before
        WHERE forgets_at IS NULL OR forgets_at > {now}"""


def holds_sql(at: datetime, *, certain: bool = True, starts: datetime | None = None) -> str:
    """Write what the platform holds after the run.

    A row whose outcome is unknown may be held or not: it is kept as `unknown`, so that the next
    run sends it again or takes it back; so is one that the platform refused to take back, or to
    take again: a removal may have taken it out before. Where somebody else sent meanwhile, nobody
    knows whose request came last: nothing is `certain`, and every row of the run is unknown.
    Lifetimes on the wire count from `starts`, in whole minutes: a row is forgotten that much
    earlier than its own end.
    """
    now = timestamp(at)
    forgets = "sent.forgets_at"
    if starts is not None:
        minutes = f"floor(epoch(sent.forgets_at - {timestamp(starts)}) / 60)::INTEGER"
        forgets = f"{now} + to_minutes({minutes})"
    accepted = "outcome = 'accepted'" if certain else "false"
    return f"""
        WITH kept AS ({alive_sql(at)}),
        added AS (SELECT row FROM results WHERE op = 'add' AND outcome <> 'rejected'),
        doubted AS (
            SELECT row FROM results
            WHERE op = 'add' AND outcome = 'rejected' OR op = 'remove' AND NOT {accepted})
        SELECT kept.* FROM kept ANTI JOIN results USING (row)
        UNION ALL
        SELECT sent.unit, row, sent.member, sent.keys, sent.consent, {now},
            CASE WHEN {accepted} THEN {forgets}
                ELSE greatest(sent.forgets_at, kept.forgets_at) END,
            CASE WHEN {accepted} THEN 'held' ELSE 'unknown' END,
            CASE WHEN {accepted} AND row NOT IN (FROM doubted) OR kept.attributes IS NULL
                    OR kept.attributes = sent.attributes THEN sent.attributes
                ELSE md5(concat(kept.attributes, sent.attributes))::UUID END
        FROM results AS sent LEFT JOIN kept USING (row)
        WHERE op = 'add' AND outcome <> 'rejected'
        UNION ALL
        SELECT kept.* REPLACE ('unknown' AS state) FROM kept
        SEMI JOIN doubted USING (row) ANTI JOIN added USING (row)"""


def sends_sql(at: datetime) -> str:
    """Write the ledger's rows of the run; consent as it was when the row was planned."""
    return f"""
        SELECT row, member, $platform AS platform, $account AS account,
            $destination AS destination, $audience AS audience, $list AS list, op,
            unhex(sha256) AS request_digest, $rule_pack AS rule_pack, consent, outcome,
            reason, {timestamp(at)} AS at, $run AS run, piece AS request
        FROM results"""


def sends_parameters(plan: Plan, audience_id: str) -> dict[str, str]:
    """Return the values bound in `sends_sql`."""
    return {
        "platform": plan.platform,
        "account": plan.account,
        "destination": plan.destination,
        "audience": plan.audience,
        "list": audience_id,
        "rule_pack": plan.rule_pack,
        "run": plan.run,
    }
