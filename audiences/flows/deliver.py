"""Deliver: pieces of a run that speak with its platform; light, as they read no table.

Each takes the run and its place, does as much as its time allows, and says what is left. What has
an outcome is never sent again, so a piece that died is simply done once more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from audiences.delivery.audience import ensure_audience, equip, take_away
from audiences.delivery.breaker import circuit
from audiences.delivery.follow import NotWholeError, StillOpenError, before_closing, follow
from audiences.delivery.outbox import Plan, read_plan, recorded_ids
from audiences.delivery.outcomes import outcomes
from audiences.delivery.sender import deliver
from audiences.delivery.session import Session
from audiences.destinations import Destination, is_loopback
from audiences.flows.bench import Bench
from audiences.flows.places import place_of, read_destination
from audiences.flows.run_report import made_key, made_name, read_open, report_of
from audiences.flows.sessions import open_session, secret_of
from audiences.flows.watch import FOREVER, CancelledError, TimeUpError, is_cancelled, watched
from audiences.platforms import platform
from audiences.platforms.base import Action, Audience
from audiences.platforms.limits import limited
from shared.clock import parse_instant
from shared.errors import ConfigurationError, IntegrityError, RejectedError

_ASKED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Piece:
    """What a piece of work on a run is told; nothing in it names a person."""

    audience: str
    destination: str
    run: str = ""
    start: int = 0  # the first request of this piece, in the order in which they are sent
    stop: int = 1 << 62
    dry_run: bool = False
    seconds: float = FOREVER  # how long it may take


def ready(bench: Bench, piece: Piece) -> Mapping[str, Any]:
    """Say before any work what would stop it: a missing destination, or its secret, or the time.

    It says as well whether contacts are to be mapped before anything is planned, and the scheme of
    the destination's address.

    Raises:
        ConfigurationError: when one of them is missing, or the instant is not the present.
    """
    to = read_destination(bench.destinations, piece.destination)
    if not piece.dry_run:
        _check_time(bench, to)
        secret_of(bench, to)
    return {"maps": to.uid2 is not None and not piece.dry_run, "scheme": to.scheme}


def _check_time(bench: Bench, to: Destination) -> None:
    """Refuse to send to a real platform as if it were another time than it is.

    Consent, lifetimes and how long a plan is good are judged by the clock: with another one, a
    platform would be given ids that are dead, or be told to keep them for too long.
    """
    reached = [to.base_url, *([to.uid2.base_url] if to.uid2 else [])]
    if bench.clock.fixed is not None and not all(is_loopback(url or "") for url in reached):
        raise ConfigurationError(
            f"destination '{to.name}' is a real platform, and --as-of says another time than it "
            "is: nothing is sent (leave --as-of out, or add --dry-run to see what would be sent; "
            "only a destination whose base_url is on this machine takes --as-of)"
        )


def send(bench: Bench, piece: Piece) -> Mapping[str, Any]:
    """Send those requests of the piece that have no outcome; say how many are left.

    The audience is made on its platform first, where it is not known. What closes a run `waits`
    until the platform has said what became of its rows; it is `void`, and why, where those of a
    run that counts as a whole were not all taken.

    Raises:
        CredentialError, RejectedError, RetryableError: outcomes so far are kept.
        IntegrityError: when a planned body was changed, or the run is no longer the open one.
    """
    plan, to = _run_of(bench, piece)
    part = replace(plan, requests=plan.in_order()[piece.start : piece.stop])
    cancelled, audience_id = is_cancelled(bench, piece.run), plan.audience_id or ""
    told: dict[str, Any] = {"cancelled": cancelled, "audience_id": audience_id, "adopted": False}
    told |= {"left": 0, "warnings": [], "waits": False, "void": ""}
    if cancelled:
        return told
    with (
        _session(bench, to, plan, audience_id) as session,
        circuit(bench.kv, session, plan.place),
    ):
        if plan.audience_id is None:
            told["audience_id"], told["adopted"] = _make_audience(bench, plan, session)
            session.target = replace(session.target, audience_id=told["audience_id"])
        try:
            progress = watched(bench, plan, piece.seconds)
            closing = partial(before_closing, session, bench.store, plan)
            deliver(session, bench.store, part, told["audience_id"], progress, closing)
        except CancelledError:
            told["cancelled"] = True
        except NotWholeError as error:
            told["void"] = str(error)
        except RejectedError as error:
            if not _only_closes(bench, plan):
                raise
            told["void"] = str(error)
        except (TimeUpError, StillOpenError) as error:
            known = recorded_ids(bench.store, plan.run)
            told["left"] = sum(request.id not in known for request in part.requests)
            told["waits"] = isinstance(error, StillOpenError)
        return told | {"warnings": [*session.warnings]}


def _only_closes(bench: Bench, plan: Plan) -> bool:
    """Say whether rows came to nothing, as what was to take them up is all that is left."""
    return plan.closes and recorded_ids(bench.store, plan.run).issuperset(plan.before_close)


def ask(bench: Bench, piece: Piece) -> Mapping[str, Any]:
    """Ask once what became of requests that the platform works on, from `start` on.

    Returns how many of those asked for are still open, and where to go on when the time was over.
    """
    plan, to = _plan_of(bench, piece), read_destination(bench.destinations, piece.destination)
    stale = bench.clock.now() >= parse_instant(plan.valid_until)
    there = limited(platform(plan.platform), to.options)
    if there.status is None or plan.place != place_of(to):
        return {"open": 0, "next": 0, "stale": stale}
    audience_id = plan.audience_id or bench.kv.get(made_key(plan)) or ""
    until = time.monotonic() + piece.seconds
    known = outcomes(bench.store, plan.run)
    numbered = list(enumerate(plan.in_order()))[piece.start :]
    pending = known.pending([r.id for _, r in numbered])
    todo = [(n, r) for n, r in numbered if r.id in pending]
    still_open = asked = 0
    with _session(bench, to, plan, audience_id) as session:
        while asked < len(todo) and (not asked or time.monotonic() < until):
            some = todo[asked : asked + _ASKED_AT_ONCE]
            part = replace(plan, requests=tuple(request for _, request in some))
            still_open += len(follow(session, bench.store, part, 0.0, known))
            asked += len(some)
    next_ = todo[asked][0] if asked < len(todo) else 0
    return {"open": still_open, "next": next_, "stale": stale}


def _holds_everybody(bench: Bench, plan: Plan) -> bool:
    last = outcomes(bench.store, plan.run).last(plan.before_close)
    done = [one for one in last.values() if one.outcome.action is Action.DONE]
    return len(done) == len(plan.before_close)


def waiting(bench: Bench, piece: Piece) -> Mapping[str, Any]:
    """Report a run whose platform is still at work on it."""
    plan = _plan_of(bench, piece)
    unknown = plan.rows("add") + plan.rows("remove")
    return {"report": replace(report_of(plan, "waiting"), unknown=unknown).as_json()}


def discard(bench: Bench, piece: Piece) -> Mapping[str, Any]:
    """Delete the audience that a run has made to take another's place: the run is given up.

    Only while it does not hold everybody: from then on the other may have been deleted.

    Raises:
        CredentialError, RejectedError, RetryableError: as the platform answers.
    """
    plan, to = _plan_of(bench, piece), read_destination(bench.destinations, piece.destination)
    key, making = made_key(plan), f"making/{made_key(plan)}"
    made = bench.kv.get(key) or ""
    begun = plan.replaces and plan.place == place_of(to) and (made or bench.kv.get(making))
    if begun and not _holds_everybody(bench, plan):
        with _session(bench, to, plan, "") as session:
            take_away(session, made, made_name(plan))
        bench.kv.delete(making)  # its id stays noted: the ledger names it
    return {}


WORK: Mapping[str, Callable[[Bench, Piece], Mapping[str, Any]]] = {
    "ready": ready,
    "send": send,
    "ask": ask,
    "discard": discard,
    "waiting": waiting,
}


@contextmanager
def _session(bench: Bench, to: Destination, plan: Plan, audience_id: str) -> Iterator[Session]:
    """Give a run its session with the account: the same from piece to piece, with its token.

    Raises:
        ConfigurationError: when the credentials' reference names nothing.
    """
    session = bench.sessions.pop(plan.run, None)
    bench.sessions.clear()
    if session is None:
        session = open_session(bench, to, plan.audience)
    session.target = replace(session.target, audience_id=audience_id)
    try:
        yield session
    finally:
        if session.quota is not None:
            session.quota.give_back()
    bench.sessions[plan.run] = session  # not where something went wrong: it may be the token


def _plan_of(bench: Bench, piece: Piece) -> Plan:
    noted = read_open(bench.kv, piece.destination, piece.audience)
    sealed = noted.seal if noted is not None and noted.run == piece.run else ""
    plan = read_plan(bench.store, piece.run, sealed)
    if plan is None:
        raise IntegrityError(f"the plan of run {piece.run} is gone: run again")
    return plan


def _run_of(bench: Bench, piece: Piece) -> tuple[Plan, Destination]:
    """Return a run's plan and place, after proving that it is the one under way, and there."""
    noted = read_open(bench.kv, piece.destination, piece.audience)
    if noted is None or noted.run != piece.run:
        raise IntegrityError(
            f"run {piece.run} is no longer under way: somebody else has ended it; nothing more of "
            "it is sent"
        )
    plan, to = _plan_of(bench, piece), read_destination(bench.destinations, piece.destination)
    if plan.place != place_of(to):
        raise IntegrityError(f"{to.name} leads to another place than when the run was planned")
    return plan, to


def _make_audience(bench: Bench, plan: Plan, session: Session) -> tuple[str, bool]:
    key, kv = made_key(plan), bench.kv
    remembered = kv.get(key)
    if remembered:
        return remembered, False
    wanted, making = Audience(name=made_name(plan), title=plan.title), f"making/{key}"
    begun = not kv.put(making, plan.run, if_absent=True)
    audience_id, adopted = ensure_audience(session, wanted)
    session.target = replace(session.target, audience_id=audience_id)
    if begun or not adopted:  # one that a killed run has made counts as made here
        equip(session, wanted)
    kv.put(key, audience_id)
    if adopted and not begun and audience_id != plan.audience:
        kv.put(f"adopted/{plan.place}/{plan.audience}", audience_id)
    kv.delete(making)
    return audience_id, adopted
