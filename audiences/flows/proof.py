"""Proof of pieces: what went out for a request that was split is what its records say."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audiences import schemas
from audiences.delivery import outbox
from audiences.delivery.outbox import Plan, Planned, Recorded
from audiences.delivery.outcomes import Outcomes, outcomes
from audiences.flows.places import report_key
from audiences.flows.taking import lets_go
from audiences.lake.lake import Lake
from audiences.platforms import platform
from shared.clock import day, parse_instant
from shared.errors import IntegrityError

_SPLIT = ".split.json"


def check_pieces(lake: Lake) -> Iterator[str]:
    """Name every record of a piece that is not what the plan makes of it, or the ledger says.

    Of runs that are kept: with a run's bodies go its proofs, and its rows stay in the ledger.
    """
    split: dict[str, list[str]] = {}
    for found in lake.store.list("outcomes/"):
        if found.key.endswith(_SPLIT):
            _, run, name = found.key.split("/", 2)
            split.setdefault(run, []).append(name.removesuffix(_SPLIT))
    for run, ids in split.items():
        try:
            plan = outbox.read_plan(lake.store, run)
            if plan is not None:
                yield from _check_run(lake, plan, ids)
        except IntegrityError as error:
            yield str(error)


def _check_run(lake: Lake, plan: Plan, ids: Sequence[str]) -> Iterator[str]:
    report = lake.read_json(report_key(plan.run)) or {}
    settled = report.get("status") in ("done", "abandoned")
    audience_id = plan.audience_id or str(report.get("audience_id", ""))
    gone = settled and lets_go(plan.platform)
    if audience_id and not gone and not (plan.replaces and report.get("status") == "abandoned"):
        for planned in plan.requests:
            if planned.id in ids:
                yield from _Proof(lake, plan, planned, audience_id).check(
                    planned.id, range(planned.rows)
                )
    if settled:
        yield from _check_ledger(lake, plan, outcomes(lake.store, plan.run), ids)


@dataclass(frozen=True, slots=True)
class _Proof:
    lake: Lake
    plan: Plan
    planned: Planned
    audience_id: str

    def check(self, request_id: str, places: Sequence[int]) -> Iterator[str]:
        """Make the bytes of a request or piece anew and compare; then those of its pieces."""
        store, run = self.lake.store, self.plan.run
        split = outbox.recorded(store, run, request_id, "split")
        record = split or outbox.recorded(store, run, request_id)
        if record is None:
            return
        if record.sha256 != self._digest(places):
            yield f"{request_id} of run {run}: its record names other bytes than its rows make"
        if split is None:
            return
        if not _is_whole(split, places):
            yield f"{request_id} of run {run}: the record of its split does not hold its rows"
            return
        for piece in split.pieces:
            yield from self.check(piece.id, piece.places)

    def _digest(self, places: Sequence[int]) -> str:
        divide = platform(self.plan.platform).divide

        def part(body: bytes) -> bytes:
            whole = divide is None or len(places) == self.planned.rows
            return body if whole or divide is None else divide(body, places)

        made = outbox.read_request(self.lake.store, self.plan, self.planned, self.audience_id, part)
        return hashlib.sha256(made.body).hexdigest()


def _is_whole(split: Recorded, places: Sequence[int]) -> bool:
    """Say whether the pieces hold each row once, but for those that were refused by name."""
    left = [place for i, place in enumerate(places) if i not in split.outcome.rejected]
    return sorted(place for piece in split.pieces for place in piece.places) == left


def _check_ledger(lake: Lake, plan: Plan, known: Outcomes, ids: Sequence[str]) -> Iterator[str]:
    """Compare the rows of the ledger with the records of what carried them."""
    told = _told(lake, plan)
    for planned in plan.requests if told else ():
        id_ = planned.id
        if id_ not in ids:
            continue
        wanted = Counter((one.request, one.sha256) for one in known.carried(id_, planned.rows))
        mine = {pair: n for pair, n in told.items() if pair[0].partition(".")[0] == id_}
        if mine != wanted:
            yield f"{id_} of run {plan.run}: the ledger names other pieces than its records"


def _told(lake: Lake, plan: Plan) -> Counter[tuple[str, str]]:
    """Count a run's rows of the ledger by piece and digest; none where it names no pieces yet."""
    key = f"sends/day={day(parse_instant(plan.as_of)).isoformat()}/{plan.run}.parquet"
    keys = [found.key for found in lake.store.list(key)]
    columns = ["request", "request_digest"]
    rows = lake.dataset(keys, schemas.SENDS).to_table(columns=columns).to_pylist()
    return Counter((row["request"], row["request_digest"].hex()) for row in rows if row["request"])
