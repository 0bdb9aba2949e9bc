"""Operators: opens a session with who maps contacts to raw ids, and asks whether it lets us in."""

from __future__ import annotations

from audiences.delivery.exchange import exchange, said
from audiences.delivery.pace import Pace
from audiences.delivery.session import Session
from audiences.destinations import Operator
from audiences.flows.bench import Bench
from audiences.flows.places import read_destination
from audiences.flows.probe import Probed
from audiences.identifiers.packs import Encoding, encode
from audiences.platforms.base import Action, Batch, Op, Row, Target
from audiences.uid2.keys import read_key
from audiences.uid2.operator import OPERATORS, WIRES
from shared.errors import BridgeError, ConfigurationError, CredentialError, RejectedError

# The address that every operator says has opted out: nobody's.
_NOBODY = "optout@example.com"
_TRIES = 3


def open_operator(bench: Bench, operator: Operator) -> Session:
    """Open a session with an operator.

    Raises:
        ConfigurationError: when the credentials' reference names nothing, or no key and secret.
    """
    known = OPERATORS[operator.identity]

    def secret() -> str:
        text = bench.secrets.resolve(operator.credentials)
        read_key(text)
        return text

    return Session(
        platform=known,
        target=Target(account="", audience="", audience_id=""),
        base_url=(operator.base_url or known.base_url).rstrip("/"),
        credentials=secret(),
        http=bench.http,
        clock=bench.clock,
        sleep=bench.sleep,
        pace=Pace(known.limits.per_second, bench.sleep),
        reread=secret,
    )


def ask_operator(bench: Bench, operator: Operator) -> Session:
    """Ask about an address of nobody's; return the session, with what was learnt on the way.

    Raises:
        ConfigurationError, CredentialError, RejectedError, RetryableError: as it answers.
    """
    session = open_operator(bench, operator)
    there = session.platform
    row = Row(((WIRES[0], encode(Encoding.SHA256_BASE64, _NOBODY)),))
    request = there.request(Batch(op=Op.ADD, target=session.target, rows=[row]))
    outcome, _ = exchange(
        session, request, lambda answer: there.outcome(answer, 1), _NOBODY, attempts=_TRIES
    )
    if outcome.action is not Action.DONE:
        raise RejectedError(f"{there.title}: {said(outcome)}")
    return session


def probe_operators(bench: Bench) -> list[Probed]:
    """Ask the operator of each destination that has one, whatever becomes of one of them."""
    found = []
    for name in sorted(bench.destinations):
        try:
            operator = read_destination(bench.destinations, name).uid2
        except ConfigurationError:
            continue  # the probe of the destination itself says so
        if operator is not None:
            found.append(_probed(bench, f"{name}:{operator.identity}", operator))
    return found


def _probed(bench: Bench, name: str, operator: Operator) -> Probed:
    def told(status: str, error: BridgeError, *, answered: bool = False) -> Probed:
        return Probed(
            destination=name,
            platform=operator.identity,
            status=status,
            detail=str(error),
            answered=answered,
        )

    try:
        session = ask_operator(bench, operator)
    except ConfigurationError as error:
        return told("misconfigured", error)
    except (CredentialError, RejectedError) as error:
        return told("refused", error, answered=True)
    except BridgeError as error:
        return told("unreachable", error)
    return Probed(
        destination=name,
        platform=operator.identity,
        status="ok",
        answered=True,
        warnings=tuple(session.warnings),
    )
