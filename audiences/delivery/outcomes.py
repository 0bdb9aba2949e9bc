"""Outcomes of a whole run: listed once, then read many at a time, as a run may have 100,000."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from audiences.delivery import outbox, pieces
from audiences.delivery.outbox import Recorded
from audiences.delivery.pool import at_once
from audiences.platforms.base import Action, Outcome
from shared.errors import IntegrityError
from shared.ports import Store

AT_ONCE = 16  # a store answers in 10 to 30 ms: 10,000 requests take some seconds, not minutes


@dataclass(frozen=True, slots=True)
class Carried:
    """What carried the row at one place of a planned request: itself or a piece of it."""

    place: int
    request: str
    sha256: str  # of the body that went out


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What is recorded of a run, by name, as it was when it was listed."""

    store: Store
    run: str
    names: frozenset[str]

    def first(self, ids: Iterable[str]) -> dict[str, Recorded]:
        """Return the first answers to requests; those that have none are left out."""
        return self._read([(one, "") for one in ids if one in self.names])

    def last(self, ids: Iterable[str]) -> dict[str, Recorded]:
        """Return the last words on requests: the later status where there is one."""
        kinds = ((one, "status" if self.has(one, "status") else "") for one in ids)
        return self._read([(one, kind) for one, kind in kinds if kind or one in self.names])

    def pending(self, ids: Sequence[str]) -> dict[str, Recorded]:
        """Return the first answers to those that the platform was last heard to work on."""
        first = self.first(one for one in ids if not self.has(one, "status"))
        return {one: said for one, said in first.items() if said.outcome.action is Action.PENDING}

    def leaves(self, request_id: str, first: Recorded) -> dict[str, Recorded]:
        """Return what of a pending request is still worked on: itself, or some of its pieces."""
        if not self.has(request_id, "split"):
            return {request_id: first}
        return self.pending(list(pieces.leaves(self.store, self.run, request_id)))

    def carried(self, request_id: str, rows: int) -> Iterator[Carried]:
        """Yield what carried each of the rows of a planned request, whole or in pieces."""
        yield from self._pieces(request_id, range(rows), None)

    def so_far(self, request_id: str, rows: int) -> Outcome | None:
        """Return what became of a request that went out in pieces, and not all of them."""
        if not self.has(request_id, "split"):
            return None
        return pieces.final(self.store, self.run, request_id, range(rows), pieces.UNSENT)

    def has(self, request_id: str, kind: str) -> bool:
        """Say whether there is such a record of a request: its `status`, or its `split`."""
        return outbox.recorded_name(request_id, kind) in self.names

    def _pieces(
        self, request_id: str, places: Sequence[int], above: Recorded | None
    ) -> Iterator[Carried]:
        """Yield the rows at these places with the last request that went out with them.

        That is the one that was split where it named them, or where their piece was never sent.
        """
        if not self.has(request_id, "split"):
            found = outbox.recorded(self.store, self.run, request_id) or above
            if found is not None:
                yield from (Carried(place, found.id, found.sha256) for place in places)
            return
        split = outbox.recorded(self.store, self.run, request_id, "split")
        if split is None:
            raise IntegrityError(f"the record of the split of {request_id} is gone")
        within = {place for piece in split.pieces for place in piece.places}
        for place in places:
            if place not in within:
                yield Carried(place, request_id, split.sha256)
        for piece in split.pieces:
            yield from self._pieces(piece.id, piece.places, split)

    def _read(self, wanted: Sequence[tuple[str, str]]) -> dict[str, Recorded]:
        def one(asked: tuple[str, str]) -> Recorded | None:
            return outbox.recorded(self.store, self.run, *asked)

        found = at_once(one, wanted, AT_ONCE)
        return {id_: each for (id_, _), each in zip(wanted, found, strict=True) if each is not None}


def outcomes(store: Store, run: str) -> Outcomes:
    """List what is recorded of a run."""
    return Outcomes(store, run, outbox.recorded_ids(store, run))
