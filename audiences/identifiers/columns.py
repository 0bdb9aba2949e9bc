"""Whole columns of identifiers: the clean ones through Arrow's kernels, the others one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from audiences.identifiers.catalog import base_type
from audiences.identifiers.forms import form_text
from audiences.identifiers.hashes import sentinel_hashes, void_hashes
from audiences.identifiers.normalise import LONGEST, canonical
from audiences.identifiers.reasons import Canonical
from audiences.identifiers.text import SENTINELS


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


def canonical_column(
    type: str,  # noqa: A002
    values: pa.Array,
    countries: pa.Array | None = None,
) -> tuple[pa.Array, pa.Array]:
    """Return the canonical values and the reasons, row by row as `canonical`; null stays null."""
    if type == "phone" and countries is not None:
        return _by_country(_flat(values), _flat(countries))
    encoded = _flat(values).dictionary_encode()
    found, reasons = _uniques(type, encoded.dictionary)
    return found.take(encoded.indices), reasons.take(encoded.indices)


# What a form may change, by sight; all other values are as they are in it.
_GMAIL = "@(gmail|googlemail)\\.com$"
_CHANGING = {
    ("email", "gmail"): _GMAIL,
    ("email", "gmail_com"): _GMAIL,
    ("email", "no_tag"): r"\+",
    ("email", "no_dots_no_tag"): r"[.+].*@",
    ("email", "ascii_word"): r"[^a-z0-9_.@-]|xn--",
    ("email", "ascii"): r"[^a-z0-9.@-]|xn--",
    ("email", "word"): r"[^a-z0-9_.@-]|xn--",
    ("external_id", "token"): r"[^0-9A-Za-z_-]|.{129}",
}


def form_column(
    type: str,  # noqa: A002
    form: str,
    canonical: pa.Array,
    countries: pa.Array | None = None,
) -> pa.Array:
    """Return the texts of one form; null where a value has no such form."""
    column = _flat(canonical)
    if form in {"plain", "e164"}:
        return column
    if (type, form) == ("phone", "digits"):
        return pc.utf8_ltrim(column, "+0")
    pattern = _CHANGING.get((type, form))
    if pattern is None:
        return _spelled(type, form, column, countries)
    touched = pc.fill_null(pc.match_substring_regex(column, pattern), False)
    texts = [form_text(type, form, text) for text in column.filter(touched).to_pylist()]
    return pc.replace_with_mask(column, touched, pa.array(texts, pa.string()))


def _spelled(type_name: str, form: str, column: pa.Array, countries: pa.Array | None) -> pa.Array:
    """Spell each value of its own once, and each with its country where there are countries."""
    lands = _flat(countries).to_pylist() if countries is not None else [None] * len(column)
    known: dict[tuple[str, str | None], str | None] = {}
    texts: list[str | None] = []
    for pair in zip(column.to_pylist(), lands, strict=True):
        if pair[0] is None:
            texts.append(None)
            continue
        if pair not in known:
            known[pair] = form_text(type_name, form, *pair)
        texts.append(known[pair])
    return pa.array(texts, pa.string())


def _flat(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return whole if whole.type == pa.string() else whole.cast(pa.string())


def _uniques(type_name: str, values: pa.Array) -> tuple[pa.Array, pa.Array]:
    shape = _clean(base_type(type_name))
    if shape is None:
        return _one_by_one(values, lambda value: canonical(type_name, value))
    trimmed = pc.utf8_trim(values, " \t\r\n")
    lowered = pc.ascii_lower(trimmed)
    prepared = lowered if shape.lower else trimmed
    unusual = pc.invert(_is_clean(shape, prepared, lowered))
    rest, why = _one_by_one(values.filter(unusual), lambda value: canonical(type_name, value))
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


def _one_by_one(values: pa.Array, judge: Callable[[str], Canonical]) -> tuple[pa.Array, pa.Array]:
    return _columns(judge(value) for value in values.to_pylist())


def _columns(judged: Iterator[Canonical]) -> tuple[pa.Array, pa.Array]:
    found: list[str | None] = []
    reasons: list[str | None] = []
    for one in judged:
        found.append(one.value)
        reasons.append(one.reason or None)
    return pa.array(found, pa.string()), pa.array(reasons, pa.string())


def _by_country(values: pa.Array, countries: pa.Array) -> tuple[pa.Array, pa.Array]:
    from audiences.identifiers.phone import e164  # noqa: PLC0415 - loads libphonenumber

    numbers, lands = values.dictionary_encode(), countries.dictionary_encode()
    wide = len(lands.dictionary) + 1  # the last place is that of no country
    land = pc.fill_null(lands.indices, wide - 1).cast(pa.int64())
    pairs = pc.add(pc.multiply(numbers.indices.cast(pa.int64()), wide), land).dictionary_encode()
    number = pc.divide(pairs.dictionary, wide)
    land = pc.subtract(pairs.dictionary, pc.multiply(number, wide))
    names = [*lands.dictionary.to_pylist(), None]
    texts = numbers.dictionary.take(number).to_pylist()
    found, reasons = _columns(
        e164(text, names[at]) for text, at in zip(texts, land.to_pylist(), strict=True)
    )
    return found.take(pairs.indices), reasons.take(pairs.indices)
