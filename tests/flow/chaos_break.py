"""Ways to break the bridge on purpose, so that the chaos suite can be seen to fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from audiences.delivery import audience, ledger, outbox, sender, settle
from audiences.flows import deliver, prepare
from audiences.flows import settle as flow
from audiences.flows.places import open_key
from audiences.platforms.base import Action, Outcome

DONE = Outcome(action=Action.DONE)


def record_first() -> None:
    """Note the outcome of a request, then send it."""
    right = sender._Work._send

    def wrong(self: Any, request_id: str, rows: Any) -> Any:
        one = sender.recording(self.session, request_id, self.planned.sha256, DONE, 1)
        outbox.record(self.store, self.plan.run, one)
        return right(self, request_id, rows)

    sender._Work._send = wrong  # type: ignore[method-assign]


def send_all_again() -> None:
    """Send everything of a plan, whatever has an outcome."""
    blind = vars(outbox) | {"recorded_ids": lambda *_: frozenset()}
    sender.outbox = SimpleNamespace(**blind)  # type: ignore[assignment, attr-defined]


def add_first() -> None:
    """Send additions before removals."""
    right = sender.deliver

    def wrong(session: Any, store: Any, plan: Any, *more: Any) -> int:
        adds = tuple(one for one in plan.requests if one.op == "add")
        right(session, store, replace(plan, requests=adds), *more)
        return right(session, store, plan, *more)

    deliver.deliver = wrong  # type: ignore[assignment, attr-defined]


def forget_the_run() -> None:
    """Begin a run without a note that it is under way, and send it all the same."""
    prepare.open_run = lambda *_: True  # type: ignore[assignment]
    deliver._run_of = lambda bench, piece: (  # type: ignore[assignment]
        deliver._plan_of(bench, piece),
        deliver.read_destination(bench.destinations, piece.destination),
    )


def close_early() -> None:
    """Take the note away before the run is settled."""
    right = flow.settle_run

    def wrong(workspace: Any, plan: Any, audience_id: str) -> dict[str, int]:
        workspace.kv.delete(open_key(plan.destination, plan.audience))
        return right(workspace, plan, audience_id)

    flow.settle_run = wrong


def link_twice() -> None:
    """Add a run to the ledger's chain without looking whether it stands there."""
    right = ledger._scan
    ledger._scan = lambda *where: (*right(*where)[:2], None)  # type: ignore[assignment]


def make_without_looking() -> None:
    """Make an audience without asking whether a lost answer had made it."""
    audience._find = lambda *_: None


def hope_is_enough() -> None:
    """Take what was never sent for accepted."""
    right = settle.verdict
    settle.verdict = lambda outcome, rows: right(outcome or DONE, rows)


BREAKS: dict[str, Callable[[], None]] = {
    one.__name__: one
    for one in (
        record_first,
        send_all_again,
        add_first,
        forget_the_run,
        close_early,
        link_twice,
        make_without_looking,
        hope_is_enough,
    )
}
