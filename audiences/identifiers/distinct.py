"""Columns with few distinct values: each is judged once, and told to every row that has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


def flat(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column as one array of strings."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return whole if whole.type == pa.string() else whole.cast(pa.string())


@dataclass(frozen=True, slots=True)
class Distinct:
    """The distinct pairs of a column's values and countries, and which of them each row has."""

    values: pa.Array
    countries: pa.Array
    rows: pa.Array

    def spread(self, column: pa.Array) -> pa.Array:
        """Return for each row what a column has for its pair."""
        return column.take(self.rows)


def distinct(values: pa.Array, countries: pa.Array | None) -> Distinct:
    """Return the distinct pairs of two columns; a row without a value has none."""
    texts = values.dictionary_encode()
    if countries is None:
        nowhere = pa.nulls(len(texts.dictionary), pa.string())
        return Distinct(texts.dictionary, nowhere, texts.indices)
    lands = countries.dictionary_encode()
    wide = len(lands.dictionary) + 1  # the last place is that of no country
    land = pc.fill_null(lands.indices, wide - 1).cast(pa.int64())
    pairs = pc.add(pc.multiply(texts.indices.cast(pa.int64()), wide), land).dictionary_encode()
    text = pc.divide(pairs.dictionary, wide)
    place = pc.subtract(pairs.dictionary, pc.multiply(text, wide))
    names = pa.concat_arrays([lands.dictionary, pa.nulls(1, pa.string())])
    return Distinct(texts.dictionary.take(text), names.take(place), pairs.indices)


def one_by_one(
    values: pa.Array,
    countries: pa.Array,
    judge: Callable[[str, str | None], tuple[str | None, ...]],
    width: int = 2,
) -> tuple[pa.Array, ...]:
    """Return columns of the `width` things said of each distinct pair of a value and a country."""
    once = distinct(values, countries)
    pairs = zip(once.values.to_pylist(), once.countries.to_pylist(), strict=True)
    told = [judge(value, country) for value, country in pairs]
    parts = list(zip(*told, strict=True)) or [()] * width
    return tuple(once.spread(pa.array(part, pa.string())) for part in parts)
