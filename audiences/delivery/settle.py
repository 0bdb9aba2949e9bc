"""Settles a run: outcomes become what the platform holds, and rows of the ledger.

Steps, each a named temporary table:

    verdicts   request -> what became of its rows
    refusals   (request, place) -> why that one row was refused
    results    every row that was sent, with its outcome
    holds      what the platform holds now
"""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences.delivery import outbox
from audiences.delivery.outbox import Plan
from audiences.lake.query import timestamp
from audiences.platforms.base import Action, Outcome
from shared.ports import Store

_VERDICTS = pa.schema([("request", pa.string()), ("outcome", pa.string()), ("reason", pa.string())])
_REFUSALS = pa.schema([("request", pa.string()), ("place", pa.int32()), ("reason", pa.string())])


def final_outcome(store: Store, run: str, request_id: str) -> Outcome | None:
    """Return the last word on a request: the later status where there is one."""
    later = outbox.recorded(store, run, request_id, status=True)
    first = later or outbox.recorded(store, run, request_id)
    return first.outcome if first else None


def verdict(outcome: Outcome | None) -> str:
    """Say what became of the rows of a request that were not refused by name."""
    if outcome is None:
        return "unknown"
    match outcome.action:
        case Action.DONE | Action.PENDING:
            return "accepted"
        case Action.REFUSED | Action.STOP:
            return "rejected"
        case _:
            return "unknown"


def make_results(con: Connection, store: Store, plan: Plan) -> dict[str, int]:
    """Make `results` from the view `sent_rows` and the recorded outcomes; return the counts."""
    verdicts, refusals, unnamed = [], [], 0
    for planned in plan.requests:
        outcome = final_outcome(store, plan.run, planned.id)
        said = verdict(outcome)
        reason = "" if outcome is None or said == "accepted" else (outcome.code or outcome.message)
        verdicts.append({"request": planned.id, "outcome": said, "reason": reason})
        if outcome is not None:
            unnamed += min(outcome.rejected_unnamed, planned.rows)
            refusals += [
                {"request": planned.id, "place": place, "reason": why}
                for place, why in outcome.rejected.items()
            ]
    con.register("verdicts", pa.Table.from_pylist(verdicts, schema=_VERDICTS))
    con.register("refusals", pa.Table.from_pylist(refusals, schema=_REFUSALS))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE results AS SELECT sent_rows.*, "
        "CASE WHEN refusals.request IS NOT NULL THEN 'rejected' ELSE verdicts.outcome END "
        "AS outcome, coalesce(refusals.reason, verdicts.reason) AS reason "
        "FROM sent_rows JOIN verdicts USING (request) "
        "LEFT JOIN refusals ON refusals.request = sent_rows.request "
        "AND refusals.place = sent_rows.place"
    )
    counts = dict(con.execute("SELECT outcome, count(*) FROM results GROUP BY outcome").fetchall())
    # The platform said how many, not which: they count, but none can be named.
    accepted = counts.get("accepted", 0) - unnamed
    return {
        "accepted": accepted,
        "rejected": counts.get("rejected", 0) + unnamed,
        "unknown": counts.get("unknown", 0),
    }


def holds_sql(at: datetime) -> str:
    """Write what the platform holds after the run.

    A row whose outcome is unknown may be held or not: it is kept as `unknown`, so that the next
    run sends it again or takes it back. A row that the platform refused to take back is still
    held.
    """
    return f"""
        SELECT unit, row, member, keys, consent, sent_at, forgets_at, state FROM held_before
        ANTI JOIN results USING (row)
        WHERE forgets_at IS NULL OR forgets_at > {timestamp(at)}
        UNION ALL
        SELECT unit, row, member, keys, consent, {timestamp(at)}, forgets_at,
            CASE WHEN outcome = 'accepted' THEN 'held' ELSE 'unknown' END
        FROM results WHERE op = 'add' AND outcome <> 'rejected'
        UNION ALL
        SELECT held_before.* FROM held_before JOIN results USING (row)
        WHERE op = 'add' AND outcome = 'rejected'
        UNION ALL
        SELECT held_before.* REPLACE ('unknown' AS state) FROM held_before
        JOIN results USING (row) WHERE op = 'remove' AND outcome <> 'accepted'"""


def sends_sql(at: datetime) -> str:
    """Write the ledger's rows of the run; consent as it was when the row was planned."""
    return f"""
        SELECT row, member, $platform AS platform, $account AS account,
            $destination AS destination, $audience AS audience, $list AS list, op,
            unhex(requests.sha256) AS request_digest, $rule_pack AS rule_pack, consent, outcome,
            reason, {timestamp(at)} AS at, $run AS run
        FROM results JOIN requests ON requests.id = results.request"""


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
