"""Follows requests that a platform took but works on, to their final outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audiences.delivery import outbox, pieces
from audiences.delivery.exchange import exchange, said
from audiences.delivery.outbox import Plan, Planned, Recorded
from audiences.delivery.outcomes import Outcomes, outcomes
from audiences.delivery.pool import at_once
from audiences.delivery.sender import recording
from audiences.delivery.session import Session
from audiences.platforms.base import Action, Outcome
from shared.ports import HttpAnswer, Store


class StillOpenError(Exception):
    """Ends the sending before what closes a run: the platform is at work on rows of it."""


class NotWholeError(Exception):
    """Ends a run that counts as a whole and was not taken as one: it can only be given up."""


def before_closing(session: Session, store: Store, plan: Plan) -> None:
    """Let what closes a run begin only when its rows have their last word, and a whole run a yes.

    Raises:
        StillOpenError: while the platform is at work on some.
        NotWholeError: where a run that counts as a whole was not taken as one.
    """
    rows, known = plan.before_close, outcomes(store, plan.run)
    if session.platform.status is not None and known.pending(rows):
        raise StillOpenError
    last = known.last(rows) if plan.whole else {}
    for recorded in last.values():
        if recorded.outcome.action is not Action.DONE:
            raise NotWholeError(
                f"{session.platform.title} did not take all of it ({said(recorded.outcome)}), so "
                "what was there stays: run again to plan it anew"
            )


def follow(
    session: Session,
    store: Store,
    plan: Plan,
    patience_seconds: float,
    known: Outcomes | None = None,
) -> list[str]:
    """Ask for the outcome of requests that the platform works on; return those still open.

    `known` is what is recorded of the run, where that has been listed.
    """
    if session.platform.status is None or session.platform.status_outcome is None:
        return []
    known = known or outcomes(store, plan.run)
    opened = known.pending([p.id for p in plan.requests])
    left = [_Open(p, known.leaves(p.id, opened[p.id])) for p in plan.requests if p.id in opened]
    lanes, waited, pause = session.platform.limits.concurrency, 0.0, 0.2
    while left:
        ended = at_once(lambda one: _settled(session, store, plan, one), left, lanes)
        left = [one for one, is_over in zip(left, ended, strict=True) if not is_over]
        if not left or waited >= patience_seconds:
            break
        session.sleep(pause)
        waited, pause = waited + pause, min(pause * 2, 300.0)
    return [one.planned.id for one in left]


@dataclass(slots=True)
class _Open:
    """A planned request with what went out for it and has no last word, and its first one."""

    planned: Planned
    leaves: dict[str, Recorded]


def _settled(session: Session, store: Store, plan: Plan, asked: _Open) -> bool:
    """Ask for what went out for a planned request; keep the outcome of the whole when it is in."""
    planned, whole = asked.planned, asked.planned.id in asked.leaves
    for leaf, first in list(asked.leaves.items()):
        if _asked(session, store, plan, leaf, first, planned):
            del asked.leaves[leaf]
    if not asked.leaves and not whole:
        first_said = outbox.recorded(store, plan.run, planned.id)
        outcome = pieces.final(store, plan.run, planned.id, range(planned.rows))
        if first_said is not None and outcome is not None:
            made = replace(first_said, outcome=outcome)
            outbox.record(store, plan.run, made, "status")
    return not asked.leaves


def _asked(
    session: Session, store: Store, plan: Plan, leaf: str, first: Recorded, planned: Planned
) -> bool:
    status, judge = session.platform.status, session.platform.status_outcome
    if status is None or judge is None:
        return True
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

    request = status(session.target, first.outcome.handle)
    outcome, attempts = exchange(session, request, final_or_open, leaf)
    if outcome.action is Action.PENDING and outcome.handle:  # which is good for minutes: at once
        request = status(session.target, outcome.handle)
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
