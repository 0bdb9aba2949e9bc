"""Whole columns of phone numbers: the usual shapes by Arrow's kernels, the others one by one.

The kernels only ever accept. Each way to accept repeats the steps of `phone.e164` on the condition
that it names, so a number that is refused, rare or doubtful is judged there and nowhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from audiences.identifiers import phone_plan
from audiences.identifiers.phone import e164, region_of
from audiences.identifiers.phone_match import candidates, exit_length, exits, valid
from audiences.identifiers.phone_plan import Plan

BLOCK = 1 << 18  # rows at a time, which bounds the memory
FEWEST = 512  # rows of one country that are worth compiling its patterns once more
_WRITTEN = r"^(?:\(?\+)?[0-9(][0-9 ().-]*$"  # `phone` takes these to be common, too


@dataclass(frozen=True, slots=True)
class _Rows:
    """Some rows of a block: where they stand, and their digits."""

    at: pa.Array
    digits: pa.Array

    def where(self, mask: pa.Array) -> _Rows:
        return _Rows(self.at.filter(mask), self.digits.filter(mask))

    def without(self, count: int) -> _Rows:
        return _Rows(self.at, pc.utf8_slice_codeunits(self.digits, count))


_Asked = defaultdict[tuple[int, Plan], list[_Rows]]


def e164_column(
    values: pa.Array, countries: pa.Array, fewest: int = FEWEST
) -> tuple[pa.Array, pa.Array]:
    """Return numbers in E.164 and reasons, row by row as `phone.e164`; null stays null.

    Countries with fewer rows in a block than `fewest` are judged one by one.
    """
    blocks = [
        _block(values.slice(start, BLOCK), countries.slice(start, BLOCK), fewest)
        for start in range(0, len(values), BLOCK)
    ] or [_block(values, countries, fewest)]
    found, reasons = zip(*blocks, strict=True)
    return pa.concat_arrays(found), pa.concat_arrays(reasons)


def _block(values: pa.Array, countries: pa.Array, fewest: int) -> tuple[pa.Array, pa.Array]:
    count = len(values)
    land, regions = _regions(countries)
    places, texts = [], []
    if count >= fewest:
        for rows in _accepted(values, land, regions, fewest):
            places.append(rows.at)
            texts.append(rows.digits)
    told = _placed(places, texts, count)
    left = pc.and_(pc.is_null(told), pc.is_valid(values))
    rest = _one_by_one(values.filter(left), land.filter(left), regions)
    return _parted(pc.replace_with_mask(told, left, rest))


def _regions(countries: pa.Array) -> tuple[pa.Array, list[str | None]]:
    """Return the place of each row's region in a list of regions, None for no known country."""
    names = countries.dictionary_encode()
    found = [region_of(name) if name else None for name in names.dictionary.to_pylist()]
    regions = [None, *sorted({region for region in found if region})]
    places = pa.array([regions.index(region) for region in found], pa.int16())
    return pc.fill_null(places.take(names.indices), 0), regions


def _parted(told: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return numbers, which begin with a plus, apart from reasons, which do not."""
    numbers, nothing = pc.starts_with(told, "+"), pa.scalar(None, pa.string())
    return pc.if_else(numbers, told, nothing), pc.if_else(numbers, nothing, told)


def _placed(places: list[pa.Array], texts: list[pa.Array], count: int) -> pa.Array:
    if not places:
        return pa.nulls(count, pa.string())
    at = pa.concat_arrays(places)
    return pa.concat_arrays(texts).take(pc.inverse_permutation(at, max_index=count - 1))


def _one_by_one(values: pa.Array, land: pa.Array, regions: list[str | None]) -> pa.Array:
    """Return the number or the reason of each row; a distinct pair of text and country but once."""
    known: dict[tuple[str, int], str] = {}
    out = []
    for pair in zip(values.to_pylist(), land.to_pylist(), strict=True):
        told = known.get(pair)
        if told is None:
            judged = e164(pair[0], regions[pair[1]])
            told = known[pair] = judged.value or judged.reason
        out.append(told)
    return pa.array(out, pa.string())


def _accepted(
    values: pa.Array, land: pa.Array, regions: list[str | None], fewest: int
) -> Iterator[_Rows]:
    """Yield rows with their numbers in E.164, or with the reason where no country is known."""
    # A pattern costs more to compile than to match a thousand times: each is asked but once.
    asked: _Asked = defaultdict(list)
    plus, home = _shaped(values)
    abroad = [plus]
    codes = land.take(home.at)
    for region, mask in _by_region(codes, regions, fewest):
        group = home.where(mask)
        out, group = _split(group, exits(region, group.digits))
        abroad += _without_exit(region, out)
        if region is None:
            yield _Rows(group.at, pa.repeat("no_country", len(group.at)))
        else:
            _ask(asked, phone_plan.plan(region).calling, region, group)
    _ask_international(asked, _joined(abroad), fewest)
    for (calling, plan), parts in asked.items():
        rows = _joined(parts)
        kept = rows.where(valid(calling, plan, rows.digits))
        yield _Rows(kept.at, pc.binary_replace_slice(kept.digits, 0, 0, f"+{calling}"))


def _shaped(values: pa.Array) -> tuple[_Rows, _Rows]:
    """Return the rows of the usual shapes, reduced to digits: those after a plus, and others."""
    texts = pc.fill_null(pc.ascii_trim(values, " \t\r\n"), "")
    plus, home, rest = _plain(_Rows(pa.arange(0, len(texts)), texts))
    rest = rest.where(pc.match_substring_regex(rest.digits, _WRITTEN))
    # Spreadsheets write numbers with a point and zeros.
    rest = rest.where(pc.invert(pc.ends_with(pc.ascii_rtrim(rest.digits, "0"), ".")))
    more_plus, more_home, _ = _plain(_Rows(rest.at, _unpunctuated(rest.digits)))
    return _joined([plus, more_plus]), _joined([home, more_home])


def _plain(rows: _Rows) -> tuple[_Rows, _Rows, _Rows]:
    """Return the 7 to 17 digits after a plus, those without one, and the rows of neither kind."""
    digits = pc.ascii_ltrim(rows.digits, "+")
    size = pc.binary_length(digits)
    signs = pc.subtract(pc.binary_length(rows.digits), size)
    sized = pc.and_(pc.greater_equal(size, 7), pc.less_equal(size, 17))
    fits = pc.and_(sized, pc.ascii_is_decimal(digits))
    bare = _Rows(rows.at, digits)
    plus, home = (pc.and_(fits, pc.equal(signs, count)) for count in (1, 0))
    return bare.where(plus), bare.where(home), rows.where(pc.invert(pc.or_(plus, home)))


def _unpunctuated(texts: pa.Array) -> pa.Array:
    """Return texts without spaces and punctuation: all of them in one pass over their bytes."""
    offsets = pa.array([0, len(texts)], pa.int32())
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, texts), "\n")[0].as_buffer()
    bare = bytes(joined).translate(None, b" ().-")
    ends = pa.array([0, len(bare)], pa.int32()).buffers()[1]
    whole = pa.StringArray.from_buffers(1, ends, pa.py_buffer(bare))
    return pc.split_pattern(whole, "\n").flatten() if len(texts) else texts


def _split(rows: _Rows, mask: pa.Array) -> tuple[_Rows, _Rows]:
    return rows.where(mask), rows.where(pc.invert(mask))


def _without_exit(region: str | None, rows: _Rows) -> list[_Rows]:
    length = exit_length(region)
    if not length:
        return []
    rest = rows.without(length)
    return [rest.where(pc.match_substring_regex(rest.digits, "^[1-9]"))]


def _by_region(
    codes: pa.Array, regions: list[str | None], fewest: int
) -> Iterator[tuple[str | None, pa.Array]]:
    """Yield each region that has rows enough, with the mask of its rows."""
    for counted in codes.value_counts().to_pylist():
        if counted["counts"] >= fewest:
            yield regions[counted["values"]], pc.equal(codes, counted["values"])


def _joined(parts: list[_Rows]) -> _Rows:
    at, digits = ([getattr(part, name) for part in parts] for name in ("at", "digits"))
    return _Rows(pa.concat_arrays(at), pa.concat_arrays(digits))


def _ask_international(asked: _Asked, rows: _Rows, fewest: int) -> None:
    heads = pc.utf8_slice_codeunits(rows.digits, 0, 3).dictionary_encode()
    codes = [phone_plan.calling_code(head) or 0 for head in heads.dictionary.to_pylist()]
    calling = pa.array(codes, pa.int16()).take(heads.indices)
    for counted in calling.value_counts().to_pylist():
        code = counted["values"]
        if code and counted["counts"] >= fewest:
            group = rows.where(pc.equal(calling, code)).without(len(str(code)))
            _ask(asked, code, None, group)


def _ask(asked: _Asked, calling: int, region: str | None, rows: _Rows) -> None:
    """Add what may be numbers of a code to those that its plans will be asked for."""
    for mask, drop, plan in candidates(calling, region, rows.digits):
        chosen = rows.where(mask)
        asked[calling, plan].append(chosen.without(drop) if drop else chosen)
