"""Whole columns of identifiers: the clean ones through Arrow's kernels, the others one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from audiences.identifiers.catalog import base_type
from audiences.identifiers.distinct import flat, one_by_one
from audiences.identifiers.form_columns import WORD, ZIP, form_column
from audiences.identifiers.hashes import sentinel_hashes, void_hashes
from audiences.identifiers.normalise import LONGEST, canonical
from audiences.identifiers.reasons import Canonical
from audiences.identifiers.text import ENDS, SENTINELS

__all__ = ["canonical_column", "form_column", "has_kernels"]

_REMEMBERED = 1 << 16  # names, cities, postcodes: few distinct ones in many rows


@dataclass(frozen=True, slots=True)
class _Clean:
    """A shape whose canonical form is the value trimmed, and lower case where `lower` is set."""

    pattern: str
    lower: bool = True
    longest: int = LONGEST
    barred: frozenset[str] = SENTINELS  # compared in lower case


# Two labels and 64 characters in all: then no part of the address can be too long. Two hyphens in
# a row may be an A-label's, which has rules of its own.
_EMAIL = (
    r"^[a-z0-9!#$%&'*+/=?^_`{|}~-][a-z0-9!#$%&'*+/=?^_`{|}~.-]*"
    r"@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,}$"
)
_UUID = r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_NO_DEVICE = frozenset({"00000000-0000-0000-0000-000000000000"})
# No space, no @, not only zeros and hyphens; what begins with a plus may be a phone number.
_OPAQUE = r"^[0-]*[!-*,./1-?A-~][!-?A-~]*$"


_DEVICE = _Clean(_UUID, barred=_NO_DEVICE)
_SIGNS = _Clean(_OPAQUE, lower=False, barred=SENTINELS | _NO_DEVICE)
_DIGEST = _Clean(r"^[0-9a-f]{64}$", barred=void_hashes() | sentinel_hashes())
_NAME = _Clean(WORD, lower=False, longest=40)
_CLEAN = {
    "email": _Clean(_EMAIL, longest=64),
    **dict.fromkeys(("maid", "idfa", "gaid"), _DEVICE),
    **dict.fromkeys(("cookie", "ctv", "partner"), _SIGNS),
    "external_id": _Clean(r"^[!-~](?:[ -~]*[!-~])?$", lower=False),
    **dict.fromkeys(("email_sha256", "phone_sha256"), _DIGEST),
    **dict.fromkeys(("first_name", "last_name"), _NAME),
    "zip": _Clean(ZIP, lower=False, longest=12),
}


def has_kernels(type: str) -> bool:  # noqa: A002
    """Tell whether most values of a type are judged by kernels; the others' are one by one."""
    name = base_type(type)
    return name == "phone" or name in _CLEAN


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
    shape = _CLEAN.get(base_type(type))
    if shape is None:
        judge = _remembering(type)
        return one_by_one(column, lands, lambda v, c: _pair(judge(v, c)))
    return _shaped(type, shape, column)


def _pair(found: Canonical) -> tuple[str | None, str | None]:
    return found.value, found.reason or None


@cache
def _remembering(type_name: str) -> Callable[[str, str | None], Canonical]:
    @lru_cache(maxsize=_REMEMBERED)
    def judge(value: str, country: str | None) -> Canonical:
        return canonical(type_name, value, country)

    return judge


def _shaped(type_name: str, shape: _Clean, values: pa.Array) -> tuple[pa.Array, pa.Array]:
    trimmed = pc.utf8_trim(values, ENDS)
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
    fits = pc.match_substring_regex(prepared, shape.pattern)
    return pc.and_(pc.and_(fits, short), pc.invert(barred))
