"""Follows requests that a platform took but works on, to their final outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from audiences.delivery import outbox, pieces
from audiences.delivery.exchange import exchange
from audiences.delivery.outbox import Plan, Planned
from audiences.delivery.outcomes import AT_ONCE, at_once
from audiences.delivery.sender import recording
from audiences.delivery.session import Session
from audiences.platforms.base import Action, Outcome
from shared.ports import HttpAnswer, Store


def follow(session: Session, store: Store, plan: Plan, patience_seconds: float) -> list[str]:
    """Ask for the outcome of requests that the platform works on; return those still open."""
    if session.platform.status is None or session.platform.status_outcome is None:
        return []
    opened = at_once(lambda p: _is_open(store, plan.run, p.id), plan.requests, AT_ONCE)
    left = [p for p, is_open in zip(plan.requests, opened, strict=True) if is_open]
    lanes, waited, pause = session.platform.limits.concurrency, 0.0, 0.2
    while left:
        ended = at_once(lambda p: _settled(session, store, plan, p), left, lanes)
        left = [p for p, is_over in zip(left, ended, strict=True) if not is_over]
        if not left or waited >= patience_seconds:
            break
        session.sleep(pause)
        waited, pause = waited + pause, min(pause * 2, 300.0)
    return [p.id for p in left]


def _is_open(store: Store, run: str, request_id: str) -> bool:
    first = outbox.recorded(store, run, request_id)
    return (
        first is not None
        and first.outcome.action is Action.PENDING
        and outbox.recorded(store, run, request_id, "status") is None
    )


def _settled(session: Session, store: Store, plan: Plan, planned: Planned) -> bool:
    """Ask for what went out for a planned request; keep the outcome of the whole when it is in."""
    leaves = list(pieces.leaves(store, plan.run, planned.id))
    open_leaves = [leaf for leaf in leaves if _is_open(store, plan.run, leaf)]
    asked = [_asked(session, store, plan, leaf, planned) for leaf in open_leaves]
    if not all(asked):
        return False
    if leaves != [planned.id]:
        first = outbox.recorded(store, plan.run, planned.id)
        outcome = pieces.final(store, plan.run, planned.id, range(planned.rows))
        if first is not None and outcome is not None:
            made = replace(first, outcome=outcome)
            outbox.record(store, plan.run, made, "status")
    return True


def _asked(session: Session, store: Store, plan: Plan, leaf: str, planned: Planned) -> bool:
    first = outbox.recorded(store, plan.run, leaf)
    status, judge = session.platform.status, session.platform.status_outcome
    if first is None or status is None or judge is None:
        return True
    request = status(session.target, first.outcome.handle)
    rows = pieces.places(store, plan.run, leaf, planned.rows)
    # A final RETRY means that the platform lost the rows: they are kept as unknown, and the next
    # run sends them again. It must not be taken for a poll that went wrong.
    finals: list[Outcome] = []

    def final_or_open(answer: HttpAnswer) -> Outcome:
        judged = judge(answer, len(rows))
        if judged.action is Action.RETRY:
            finals.append(judged)
            return replace(judged, action=Action.DONE)
        return judged

    outcome, attempts = exchange(session, request, final_or_open, leaf)
    if outcome.action is Action.PENDING:
        return False
    final = replace(finals[-1] if finals else outcome, handle=first.outcome.handle)
    if final.named:
        final = pieces.placed(session.platform, _body(session, store, plan, planned, rows), final)
    made = recording(session, leaf, first.sha256, final, attempts)
    outbox.record(store, plan.run, made, "status")
    return True


def _body(
    session: Session, store: Store, plan: Plan, planned: Planned, rows: Sequence[int]
) -> bytes:
    divide = session.platform.divide

    def part(body: bytes) -> bytes:
        return body if divide is None or len(rows) == planned.rows else divide(body, rows)

    return outbox.read_request(store, plan, planned, session.target.audience_id, part).body
