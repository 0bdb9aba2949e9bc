"""Probe: asks each destination, by a call that changes nothing, whether it would let us in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from audiences.delivery.audience import told
from audiences.delivery.exchange import exchange, said
from audiences.delivery.session import Session
from audiences.destinations import Destination
from audiences.flows.bench import Bench
from audiences.flows.places import read_destination
from audiences.flows.sessions import open_session
from audiences.platforms.base import Action, Request
from audiences.platforms.oauth import ends_at
from shared.clock import iso
from shared.errors import BridgeError, ConfigurationError, CredentialError, RejectedError

WARN_BEFORE = timedelta(days=14)
BAD = ("misconfigured", "refused", "unreachable")
_TRIES = 3
_NOBODY = "bridge-probe"  # an audience of this name is looked for, and need not be there


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What came of asking one destination; `warnings` are of what was learnt on the way."""

    destination: str
    platform: str = ""
    status: str  # ok | ending | unchecked | misconfigured | refused | unreachable
    detail: str = ""
    ends: str = ""  # when the credentials end, where they or the platform say
    answered: bool = False
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it with stable names."""
        return asdict(self) | {"warnings": list(self.warnings)}


def probe_all(bench: Bench, over: Callable[[str], bool] = lambda _: True) -> list[Probed]:
    """Ask every destination, or those at some schemes; what is wrong with one stops no other."""
    return [probe(bench, name) for name in sorted(bench.destinations) if over(_scheme(bench, name))]


def _scheme(bench: Bench, name: str) -> str:
    try:
        return read_destination(bench.destinations, name).scheme
    except ConfigurationError:
        return ""  # what is wrong with the file is for `probe` to say


def probe(bench: Bench, name: str) -> Probed:
    """Ask one destination whether its credentials are taken, and say when they end."""
    try:
        to = read_destination(bench.destinations, name)
        session = open_session(bench, to, _NOBODY)
    except ConfigurationError as error:
        return Probed(destination=name, status="misconfigured", detail=str(error))
    made = _with_end(bench, session, _asked(session, to))
    if session.quota is not None:
        session.quota.give_back()
    return replace(made, warnings=tuple(session.warnings))


def _asked(session: Session, to: Destination) -> Probed:
    known, request = session.platform, _request(session)
    made = Probed(destination=to.name, platform=known.slug, status="ok")
    if request is None:
        why = f"{known.title} has no call that changes nothing: its first sync will tell"
        return replace(made, status="unchecked", detail=why)
    try:
        outcome, _ = exchange(
            session, request, lambda answer: told(known, answer), to.name, attempts=_TRIES
        )
    except (CredentialError, RejectedError) as error:
        return replace(made, status="refused", detail=str(error), answered=True)
    except BridgeError as error:
        return replace(made, status="unreachable", detail=str(error))
    if outcome.action is Action.DONE:
        return replace(made, answered=True)
    detail = f"{known.title} refuses account {to.account}: {said(outcome)}"
    return replace(made, status="refused", detail=detail, answered=True)


def _request(session: Session) -> Request | None:
    make = session.platform.probe or session.platform.find
    return make(session.target) if make else None


def _with_end(bench: Bench, session: Session, made: Probed) -> Probed:
    """Add when the credentials end, and warn while there is time to renew them."""
    ends = ends_at(session.credentials)
    if ends is None:
        return made
    made = replace(made, ends=iso(ends))
    if made.status in BAD or ends - bench.clock.now() > WARN_BEFORE:
        return made
    days = max(0, (ends - bench.clock.now()).days)
    detail = f"the credentials end on {iso(ends)}, in {days} days: renew them before"
    return replace(made, status="ending", detail=detail)


def summary(found: Sequence[Probed]) -> Mapping[str, Any]:
    """Return what a scheduled probe answers: how each fared, and how many want a person."""
    return {
        "destinations": [one.as_json() for one in found],
        "refused": sum(one.status in ("misconfigured", "refused") for one in found),
        "ending": sum(one.status == "ending" for one in found),
        "unreachable": sum(one.status == "unreachable" for one in found),
    }
