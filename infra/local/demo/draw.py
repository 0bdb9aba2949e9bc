"""Random columns: whole Arrow arrays from one seeded generator, the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

Column = Any  # a pyarrow Array; its stubs say no more


@dataclass(frozen=True, slots=True)
class Draw:
    """Draws columns of `rows` values; the order of the calls is part of the seed."""

    rng: Random
    rows: int

    def below(self, bound: int | Column) -> Column:
        """Draw integers from 0 up to, not including, a bound below 2^32 or a column of bounds."""
        raw = pa.py_buffer(self.rng.randbytes(4 * self.rows))
        words = pa.Array.from_buffers(pa.uint32(), self.rows, [None, raw]).cast(pa.uint64())
        limit = pa.scalar(bound, pa.uint64()) if isinstance(bound, int) else bound
        return pc.shift_right(pc.multiply(words, limit), pa.scalar(32, pa.uint64()))

    def pick(self, pool: Sequence[Any] | Column) -> Column:
        """Draw values of a pool; one that stands in it twice comes twice as often."""
        values = pool if isinstance(pool, pa.Array) else pa.array(pool)
        return values.take(self.below(len(values)))

    def chance(self, thousandths: int) -> Column:
        """Draw truths, so many in a thousand."""
        return pc.less(self.below(1000), pa.scalar(thousandths, pa.uint64()))

    def instants(self, start: Column, end: Column) -> Column:
        """Draw an instant between two columns of seconds, as a UTC timestamp."""
        seconds = pc.add(start, self.below(pc.subtract(end, start)))
        return seconds.cast(pa.int64()).cast(pa.timestamp("s", tz="UTC"))


def weighted(shares: Sequence[tuple[Any, int]]) -> list[Any]:
    """Write a pool in which each value stands as often as its share says."""
    return [value for value, share in shares for _ in range(share)]


def only(condition: Column, values: Column) -> Column:
    """Keep values where a condition holds and null elsewhere."""
    return pc.if_else(condition, values, pa.scalar(None, values.type))
