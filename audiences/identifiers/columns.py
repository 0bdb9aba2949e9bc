"""Whole columns of identifiers: the clean ones through Arrow's kernels, the others one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from audiences.identifiers.catalog import base_type
from audiences.identifiers.forms import form_text
from audiences.identifiers.hashes import sentinel_hashes, void_hashes
from audiences.identifiers.normalise import LONGEST, canonical
from audiences.identifiers.reasons import Canonical
from audiences.identifiers.text import SENTINELS

_REMEMBERED = 1 << 16  # names, cities, postcodes: few distinct ones in many rows


@dataclass(frozen=True, slots=True)
class _Clean:
    """A shape whose canonical form is the value trimmed, and lower case where `lower` is set."""

    pattern: str
    lower: bool = True
    longest: int = LONGEST
    barred: frozenset[str] = SENTINELS  # compared in lower case


# Two labels and 64 characters in all: then no part of the address can be too long.
_EMAIL = (
    r"^[a-z0-9!#$%&'*+/=?^_`{|}~-][a-z0-9!#$%&'*+/=?^_`{|}~.-]*"
    r"@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$"
)
_UUID = r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_NO_DEVICE = frozenset({"00000000-0000-0000-0000-000000000000"})
# No space, no @, not only zeros and hyphens; what begins with a plus may be a phone number.
_OPAQUE = r"^[0-]*[!-*,./1-?A-~][!-?A-~]*$"


@cache
def _clean(type_name: str) -> _Clean | None:
    match type_name:
        case "email":
            return _Clean(_EMAIL, longest=64)
        case "maid" | "idfa" | "gaid":
            return _Clean(_UUID, barred=_NO_DEVICE)
        case "cookie" | "ctv" | "partner":
            return _Clean(_OPAQUE, lower=False, barred=SENTINELS | _NO_DEVICE)
        case "external_id":
            return _Clean(r"^[!-~](?:[ -~]*[!-~])?$", lower=False)
        case "email_sha256" | "phone_sha256":
            return _Clean(r"^[0-9a-f]{64}$", barred=void_hashes() | sentinel_hashes())
        case _:
            return None


def has_kernels(type: str) -> bool:  # noqa: A002
    """Tell whether most values of a type are judged by kernels; the others' are one by one."""
    name = base_type(type)
    return name == "phone" or _clean(name) is not None


def canonical_column(
    type: str,  # noqa: A002
    values: pa.Array,
    countries: pa.Array | None = None,
) -> tuple[pa.Array, pa.Array]:
    """Return the canonical values and the reasons, row by row as `canonical`; null stays null."""
    column = flat(values)
    lands = pa.nulls(len(column), pa.string()) if countries is None else flat(countries)
    if type == "phone":
        from audiences.identifiers.phone_columns import e164_column  # noqa: PLC0415 - its library

        return e164_column(column, lands)
    shape = _clean(base_type(type))
    if shape is None:
        judge = _remembering(type)
        return one_by_one(column, lands, lambda v, c: _pair(judge(v, c)))
    return _shaped(type, shape, column)


def form_column(
    type: str,  # noqa: A002
    form: str,
    canonical: pa.Array,
    countries: pa.Array | None = None,
) -> pa.Array:
    """Return the texts of one form; null where a value has no such form."""
    column, name = flat(canonical), base_type(type)
    if form == ("e164" if name in {"phone", "phone_sha256"} else "plain"):
        return column
    if (name, form) == ("phone", "digits"):
        return pc.utf8_ltrim(column, "+0")
    touched = pc.is_valid(column)
    if name == "email" and form in _TOUCHED:
        fits = pc.match_substring_regex(column, _TOUCHED[form])
        touched = pc.fill_null(pc.and_(touched, fits), False)
    picked = column.filter(touched)
    lands = pa.nulls(len(column), pa.string()) if countries is None else flat(countries)
    spell = lambda text, land: (form_text(type, form, text, land),)  # noqa: E731
    (made,) = one_by_one(picked, lands.filter(touched), spell, 1)
    return pc.replace_with_mask(column, touched, made)


# The addresses that a form of them may spell otherwise.
_TOUCHED = dict.fromkeys(("gmail", "gmail_com"), "@(gmail|googlemail)\\.com$")


def flat(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column as one array of strings."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return whole if whole.type == pa.string() else whole.cast(pa.string())


def one_by_one(
    values: pa.Array,
    countries: pa.Array,
    judge: Callable[[str, str | None], tuple[str | None, ...]],
    width: int = 2,
) -> tuple[pa.Array, ...]:
    """Return columns of the `width` things said of each distinct pair of a value and a country."""
    numbers, lands = values.dictionary_encode(), countries.dictionary_encode()
    wide = len(lands.dictionary) + 1  # the last place is that of no country
    land = pc.fill_null(lands.indices, wide - 1).cast(pa.int64())
    pairs = pc.add(pc.multiply(numbers.indices.cast(pa.int64()), wide), land).dictionary_encode()
    number = pc.divide(pairs.dictionary, wide)
    names = [*lands.dictionary.to_pylist(), None]
    at = pc.subtract(pairs.dictionary, pc.multiply(number, wide)).to_pylist()
    texts = numbers.dictionary.take(number).to_pylist()
    told = [judge(text, names[place]) for text, place in zip(texts, at, strict=True)]
    parts = list(zip(*told, strict=True)) or [()] * width
    return tuple(pa.array(part, pa.string()).take(pairs.indices) for part in parts)


def _pair(found: Canonical) -> tuple[str | None, str | None]:
    return found.value, found.reason or None


@cache
def _remembering(type_name: str) -> Callable[[str, str | None], Canonical]:
    @lru_cache(maxsize=_REMEMBERED)
    def judge(value: str, country: str | None) -> Canonical:
        return canonical(type_name, value, country)

    return judge


def _shaped(type_name: str, shape: _Clean, values: pa.Array) -> tuple[pa.Array, pa.Array]:
    trimmed = pc.ascii_trim(values, " \t\r\n")
    lowered = pc.ascii_lower(trimmed)
    prepared = lowered if shape.lower else trimmed
    unusual = pc.invert(_is_clean(shape, prepared, lowered))
    odd = values.filter(unusual)
    rest, why = one_by_one(
        odd, pa.nulls(len(odd), pa.string()), lambda value, _: _pair(canonical(type_name, value))
    )
    nothing = pa.nulls(len(values), pa.string())
    return (
        pc.replace_with_mask(prepared, unusual, rest),
        pc.replace_with_mask(nothing, unusual, why),
    )


def _is_clean(shape: _Clean, prepared: pa.Array, lowered: pa.Array) -> pa.Array:
    barred = pc.is_in(lowered, value_set=pa.array(sorted(shape.barred), pa.string()))
    short = pc.less_equal(pc.binary_length(prepared), shape.longest)
    # A-labels are checked by their own rules, so they are not clean by sight
    plain = pc.invert(pc.match_substring(prepared, "xn--")) if shape.longest == 64 else short
    fits = pc.match_substring_regex(prepared, shape.pattern)
    return pc.and_(pc.and_(fits, short), pc.and_(plain, pc.invert(barred)))
