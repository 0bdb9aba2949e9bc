"""Pieces: the smaller requests that a refused one goes out in, and what they come to together.

A platform may refuse a request whole because it is too large or because one row in it is wrong.
Nothing of it was taken then, so its rows may go out anew: without the rows that it named, or in
halves where it named none, down to a single row, which is refused with its reason. Each piece is
made from the planned body and the places of its rows alone, and is recorded before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from audiences.delivery import outbox
from audiences.delivery.outbox import Piece
from audiences.platforms.base import Action, Outcome, Platform
from shared.ports import Store

MOST_PIECES = 400  # of one planned request; what is left then is refused together
UNSENT = Outcome(action=Action.RETRY, code="unsent")  # of a piece, where the run was given up
FRUITLESS_PIECES = 40  # so many without one that is taken: it is not the rows


def cut(request_id: str, places: Sequence[int], outcome: Outcome) -> tuple[Piece, ...]:
    """Return the pieces that the rows at these places go out in; none where it helps no more."""
    left = [place for i, place in enumerate(places) if i not in outcome.rejected]
    if not left or len(places) < 2:
        return ()
    half = (len(left) + 1) // 2
    parts = [left] if outcome.rejected else [left[:half], left[half:]]
    return tuple(
        Piece(id=f"{request_id}.{number}", ranges=_ranges(part))
        for number, part in enumerate(part for part in parts if part)
    )


def _ranges(places: Sequence[int]) -> list[list[int]]:
    ranges: list[list[int]] = []
    for place in places:
        if ranges and ranges[-1][1] == place:
            ranges[-1][1] = place + 1
        else:
            ranges.append([place, place + 1])
    return ranges


@dataclass(slots=True)
class _Fold:
    rejected: dict[int, str] = field(default_factory=dict)
    uncertain: dict[int, str] = field(default_factory=dict)
    pending: bool = False

    def take(self, places: Sequence[int], outcome: Outcome) -> None:
        """Add what became of a piece, whose rows stand at these places of the whole."""
        for i, place in enumerate(places):
            if i in outcome.rejected:
                self.rejected[place] = outcome.rejected[i]
            elif outcome.action in (Action.REFUSED, Action.STOP):
                self.rejected[place] = outcome.code or "batch_refused"
            elif i in outcome.uncertain:
                self.uncertain[place] = outcome.uncertain[i]
            elif outcome.action is Action.PENDING:
                self.pending = True
            elif outcome.action is not Action.DONE or outcome.rejected_unnamed:
                self.uncertain[place] = outcome.code or "unknown"


def fold(
    refused: Outcome, rows: Sequence[int], parts: Sequence[tuple[Sequence[int], Outcome]]
) -> Outcome:
    """Return what the pieces come to for the whole; places are those of the planned request.

    `rows` are the planned places of the whole's rows; what is returned counts within them.
    """
    within = {place: i for i, place in enumerate(rows)}
    made = _Fold(rejected=dict(refused.rejected))
    for places, outcome in parts:
        made.take([within[place] for place in places], outcome)
    return Outcome(
        action=Action.PENDING if made.pending else Action.DONE,
        code=refused.code,
        message=refused.message,
        rejected=made.rejected,
        uncertain=made.uncertain,
    )


def leaves(store: Store, run: str, request_id: str) -> Iterator[str]:
    """Yield the ids of the requests that really went out for a planned one."""
    split = outbox.recorded(store, run, request_id, "split")
    if split is None:
        yield request_id
        return
    for piece in split.pieces:
        yield from leaves(store, run, piece.id)


def final(
    store: Store,
    run: str,
    request_id: str,
    rows: Sequence[int],
    missing: Outcome | None = None,
) -> Outcome | None:
    """Return the last word on a request and its pieces; `missing` where there is none yet."""
    split = outbox.recorded(store, run, request_id, "split")
    if split is None:
        last = outbox.recorded(store, run, request_id, "status")
        last = last or outbox.recorded(store, run, request_id)
        return last.outcome if last else missing
    parts = []
    for piece in split.pieces:
        outcome = final(store, run, piece.id, piece.places, missing)
        if outcome is None:
            return None
        parts.append((piece.places, outcome))
    return fold(split.outcome, rows, parts)


def placed(platform: Platform, body: bytes, outcome: Outcome) -> Outcome:
    """Return an outcome in which rows that the platform calls by name stand at their places.

    A name that is not in the body counts as a row that was refused unnamed.
    """
    if not outcome.named:
        return outcome
    names = platform.names(body) if platform.names else ()
    at = {name: place for place, name in enumerate(names)}
    rejected = {at[name]: why for name, why in outcome.named.items() if name in at}
    return replace(
        outcome,
        named={},
        rejected={**outcome.rejected, **rejected},
        rejected_unnamed=outcome.rejected_unnamed + len(outcome.named) - len(rejected),
    )


def places(store: Store, run: str, request_id: str, planned_rows: int) -> Sequence[int]:
    """Return the planned places of the rows that stand in a request or a piece."""
    parent = request_id.rpartition(".")[0]
    split = outbox.recorded(store, run, parent, "split") if parent else None
    mine = [piece for piece in split.pieces if piece.id == request_id] if split else []
    return mine[0].places if mine else range(planned_rows)
