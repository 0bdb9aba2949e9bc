"""Outcomes of a whole run: listed once, then read many at a time, as a run may have 100,000."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from audiences.delivery import outbox, pieces
from audiences.delivery.outbox import Recorded
from audiences.delivery.pool import at_once
from audiences.platforms.base import Action
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
        kinds = ((one, "status" if self._has(one, "status") else "") for one in ids)
        return self._read([(one, kind) for one, kind in kinds if kind or one in self.names])

    def pending(self, ids: Sequence[str]) -> dict[str, Recorded]:
        """Return the first answers to those that the platform was last heard to work on."""
        first = self.first(one for one in ids if not self._has(one, "status"))
        return {one: said for one, said in first.items() if said.outcome.action is Action.PENDING}

    def leaves(self, request_id: str, first: Recorded) -> dict[str, Recorded]:
        """Return what of a pending request is still worked on: itself, or some of its pieces."""
        if not self._has(request_id, "split"):
            return {request_id: first}
        return self.pending(list(pieces.leaves(self.store, self.run, request_id)))

    def carried(self, request_id: str) -> Iterator[Carried]:
        """Yield what carried each row of a request that was split; nothing for any other."""
        if self._has(request_id, "split"):
            yield from self._pieces(request_id, None)

    def _has(self, request_id: str, kind: str) -> bool:
        return outbox.recorded_name(request_id, kind) in self.names

    def _pieces(self, request_id: str, places: Sequence[int] | None) -> Iterator[Carried]:
        """Yield the rows of a piece; `places` None stands for the planned request itself.

        Rows that a refused request named go into no piece: that request carried them.
        """
        if not self._has(request_id, "split"):
            found = outbox.recorded(self.store, self.run, request_id)
            sha256 = found.sha256 if found else ""
            yield from (Carried(place, request_id, sha256) for place in places or ())
            return
        split = outbox.recorded(self.store, self.run, request_id, "split")
        if split is None:
            raise IntegrityError(f"the record of the split of {request_id} is gone")
        within = {place for piece in split.pieces for place in piece.places}
        for place in places or ():
            if place not in within:
                yield Carried(place, request_id, split.sha256)
        for piece in split.pieces:
            yield from self._pieces(piece.id, piece.places)

    def _read(self, wanted: Sequence[tuple[str, str]]) -> dict[str, Recorded]:
        def one(asked: tuple[str, str]) -> Recorded | None:
            return outbox.recorded(self.store, self.run, *asked)

        found = at_once(one, wanted, AT_ONCE)
        return {id_: each for (id_, _), each in zip(wanted, found, strict=True) if each is not None}


def outcomes(store: Store, run: str) -> Outcomes:
    """List what is recorded of a run."""
    return Outcomes(store, run, outbox.recorded_ids(store, run))
