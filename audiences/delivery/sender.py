"""The sender: puts a plan's requests on the wire, in lanes, and keeps every outcome once."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from audiences.delivery import outbox
from audiences.delivery.outbox import Plan, Planned, Recorded
from audiences.delivery.session import Session, exchange
from audiences.platforms.base import Outcome
from shared.clock import iso, parse_instant
from shared.ports import Store


def deliver(
    session: Session,
    store: Store,
    plan: Plan,
    audience_id: str,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Send what the plan holds and has no outcome yet; removals are through before adds begin.

    Returns the number of requests sent now. On an error the outcomes so far are kept, the error
    is raised, and calling this again goes on from there.
    """
    sent, known = 0, outbox.recorded_ids(store, plan.run)
    for op in ("remove", "add"):
        todo = [p for p in plan.requests if p.op == op and p.id not in known]
        sent += _lanes(session, store, plan, audience_id, todo, progress)
    return sent


def _lanes(
    session: Session,
    store: Store,
    plan: Plan,
    audience_id: str,
    todo: list[Planned],
    progress: Callable[[int], None],
) -> int:
    halted = threading.Event()

    def one(planned: Planned) -> None:
        if halted.is_set():
            return
        try:
            _deliver_one(session, store, plan, planned, audience_id)
        except BaseException:
            halted.set()
            raise
        progress(planned.rows)

    if not todo:
        return 0
    lanes = min(session.platform.limits.concurrency, len(todo))
    with ThreadPoolExecutor(max_workers=lanes, thread_name_prefix="lane") as pool:
        futures = [pool.submit(one, planned) for planned in todo]
        try:
            for future in futures:
                future.result()
        except BaseException:  # an interrupt too: what is in flight ends, nothing more begins
            halted.set()
            raise
    return len(todo)


def _deliver_one(
    session: Session, store: Store, plan: Plan, planned: Planned, audience_id: str
) -> None:
    request = outbox.read_request(store, plan, planned, audience_id)
    outcome, attempts = exchange(
        session,
        request,
        lambda answer: session.platform.outcome(answer, planned.rows),
        f"{plan.run}/{planned.id}",
        until=parse_instant(plan.valid_until),
    )
    sent = hashlib.sha256(request.body).hexdigest()
    outbox.record(store, plan.run, recording(session, planned.id, sent, outcome, attempts))


def recording(
    session: Session, request_id: str, sha256: str, outcome: Outcome, attempts: int
) -> Recorded:
    """Make the record of an outcome, as of now; `sha256` is that of the bytes that were sent."""
    at = iso(session.clock.now())
    return Recorded(id=request_id, sha256=sha256, outcome=outcome, attempts=attempts, at=at)
