"""The sender: puts a plan's requests on the wire, in lanes, and keeps every outcome once."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from urllib.parse import urlsplit

from audiences.delivery import outbox, pieces
from audiences.delivery.audience import gone, told
from audiences.delivery.exchange import exchange, said
from audiences.delivery.outbox import Plan, Planned, Recorded
from audiences.delivery.session import Session
from audiences.platforms.base import PLACE, Action, Answer, Outcome, Request
from shared.clock import iso, parse_instant
from shared.errors import IntegrityError, RejectedError
from shared.ports import Store


def deliver(
    session: Session,
    store: Store,
    plan: Plan,
    audience_id: str,
    progress: Callable[[int], None] = lambda _: None,
    closing: Callable[[], None] = lambda: None,
) -> int:
    """Send what the plan holds and has no outcome yet; removals are through before adds begin.

    Returns the number of planned requests sent now. On an error the outcomes so far are kept, the
    error is raised, and calling this again goes on from there. `closing` is called before each
    request that closes the run, and raises where that must wait.
    """
    sent, known = 0, outbox.recorded_ids(store, plan.run)
    for group in turns(plan):
        todo = [p for p in group if p.id not in known]
        if todo and todo[0].op == "close":
            closing()
        make = partial(_Work, session, store, plan, audience_id=audience_id, known=known)
        sent += _lanes(session, make, todo, progress)
    return sent


def turns(plan: Plan) -> Iterator[list[Planned]]:
    """Yield the groups of requests that may be under way together, one group after the other.

    A person's removal is through before their addition begins, whichever requests they stand in.
    """
    for _, group in groupby(plan.in_order(), key=lambda p: (p.op, p.id if p.alone else "")):
        yield list(group)


def _lanes(
    session: Session,
    make: Callable[..., _Work],
    todo: list[Planned],
    progress: Callable[[int], None],
) -> int:
    halted = threading.Event()

    def one(planned: Planned) -> None:
        if halted.is_set():
            return
        try:
            make(planned=planned).carry(planned.id, range(planned.rows))
            progress(planned.rows)
        except BaseException:  # progress raises where the time is over, or the run cancelled
            halted.set()
            raise

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


@dataclass(slots=True)
class _Work:
    """One planned request on its way, whole or in pieces."""

    session: Session
    store: Store
    plan: Plan
    planned: Planned
    audience_id: str
    known: frozenset[str]  # what had been recorded when the sending began
    made: int = field(default=0)  # pieces so far
    taken: int = field(default=0)  # of them, those that the platform took

    def carry(self, request_id: str, rows: Sequence[int]) -> Recorded:
        """Send the rows at these places until each has an outcome, and record it."""
        known = self._recorded(request_id)
        if known is not None:
            return known
        split = self._recorded(request_id, "split")
        if split is None:
            sent = self._send(request_id, rows)
            if not sent.pieces:
                outbox.record(self.store, self.plan.run, sent)
                return sent
            outbox.record(self.store, self.plan.run, sent, "split")
            split = sent
        parts = [(p.places, self.carry(p.id, p.places).outcome) for p in split.pieces]
        folded = pieces.fold(split.outcome, rows, parts)
        if self.plan.whole and len(folded.rejected) == self.planned.rows:
            raise RejectedError(f"{self.session.platform.title}: {said(folded)}")
        whole = replace(split, outcome=folded, pieces=())
        outbox.record(self.store, self.plan.run, whole)
        return whole

    def _recorded(self, request_id: str, kind: str = "") -> Recorded | None:
        """Read what was recorded before; of 10,000 requests next to none, so none is asked for."""
        if outbox.recorded_name(request_id, kind) not in self.known:
            return None
        return outbox.recorded(self.store, self.plan.run, request_id, kind)

    def _send(self, request_id: str, rows: Sequence[int]) -> Recorded:
        request, judge = self._request(rows), self._judge(len(rows))
        place = self._place(request_id) if request.path == PLACE else Outcome(action=Action.DONE)
        request = replace(request, path=place.address or request.path)
        outcome, attempts = self._exchange(request_id, request, judge)
        if outcome.action is Action.PENDING and not outcome.handle:
            outcome = replace(outcome, handle=place.handle)
        outcome = pieces.placed(self.session.platform, request.body, outcome)
        cut: tuple[outbox.Piece, ...] = ()
        if outcome.action is Action.SPLIT:
            most = pieces.MOST_PIECES if self.taken else pieces.FRUITLESS_PIECES
            if self._divides() and self.made < most:
                cut = pieces.cut(request_id, rows, outcome)
            self.made += len(cut)
            outcome = outcome if cut else replace(outcome, action=Action.REFUSED)
        self.taken += outcome.action in (Action.DONE, Action.PENDING)
        self._stop_where_all_hangs_on_it(request_id, outcome)
        sent = hashlib.sha256(request.body).hexdigest()
        return replace(recording(self.session, request_id, sent, outcome, attempts), pieces=cut)

    def _exchange(
        self, request_id: str, request: Request, judge: Callable[[Answer], Outcome]
    ) -> tuple[Outcome, int]:
        closes, seed = self.planned.op == "close", f"{self.plan.run}/{request_id}"
        until = None if closes else parse_instant(self.plan.valid_until)  # a close names nobody
        return exchange(self.session, request, judge, seed, until=until)

    def _place(self, request_id: str) -> Outcome:
        """Ask where a batch goes: an address that is good for minutes, so none is kept."""
        platform = self.session.platform
        if platform.place is None:
            raise IntegrityError(
                f"run {self.plan.run} was planned with files, and the destination takes none now"
            )
        asked = platform.place(self.session.target)
        found, _ = self._exchange(request_id, asked, partial(told, platform))
        if found.action is not Action.DONE or not found.address:
            raise RejectedError(f"{platform.title} gives no place for a file: {said(found)}")
        if not self.session.is_ours(found.address):
            raise RejectedError(
                f"{platform.title} wants files at {urlsplit(found.address).netloc}, where no "
                "setting lets the credentials go: docs/platforms.md says which one names it"
            )
        return found

    def _told(self, answer: Answer) -> Outcome:
        judge = gone if self.planned.method == "DELETE" else told
        return judge(self.session.platform, answer)

    def _divides(self) -> bool:
        """Say whether rows may go out in pieces: of a session's numbered batch there is no half."""
        platform = self.session.platform
        in_session = self.plan.mode == "replace" and platform.opening is None
        return platform.divide is not None and not in_session

    def _stop_where_all_hangs_on_it(self, request_id: str, outcome: Outcome) -> None:
        """End the run where what is refused is no matter of single rows."""
        around = self.planned.op in ("open", "close")
        whole = self.plan.whole and request_id == self.planned.id and self.planned.rows > 1
        refused = outcome.action is Action.REFUSED
        if refused and (around or whole):
            raise RejectedError(f"{self.session.platform.title}: {said(outcome)}")

    def _request(self, rows: Sequence[int]) -> Request:
        divide, whole = self.session.platform.divide, len(rows) == self.planned.rows

        def part(body: bytes) -> bytes:
            return body if whole or divide is None else divide(body, rows)

        return outbox.read_request(self.store, self.plan, self.planned, self.audience_id, part)

    def _judge(self, rows: int) -> Callable[[Answer], Outcome]:
        platform = self.session.platform
        if self.planned.op in ("open", "close"):
            return self._told
        return lambda answer: platform.outcome(answer, rows)


def recording(
    session: Session, request_id: str, sha256: str, outcome: Outcome, attempts: int
) -> Recorded:
    """Make the record of an outcome, as of now; `sha256` is that of the bytes that were sent."""
    at = iso(session.clock.now())
    return Recorded(id=request_id, sha256=sha256, outcome=outcome, attempts=attempts, at=at)
