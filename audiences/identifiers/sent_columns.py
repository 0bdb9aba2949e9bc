"""Whole columns of what a platform is sent: `packs.applied` for many values at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from audiences.identifiers.catalog import ATTRIBUTES, base_type
from audiences.identifiers.columns import canonical_column, form_column, has_kernels
from audiences.identifiers.distinct import distinct, flat, one_by_one
from audiences.identifiers.mail_flags import flags_of, may_have_flags
from audiences.identifiers.normalise import canonical
from audiences.identifiers.packs import ALREADY_HASHED, SPACE_INSIDE, applied, rule_of
from audiences.identifiers.rules import Encoding, Pack

_FEW = 1000  # values that are hashed before DuckDB has begun
_REMEMBERED = 1 << 16  # outcomes of one type: names, cities and postcodes come again and again
_SQL = {
    (Encoding.SHA256_HEX, False): "sha256(text)",
    (Encoding.SHA256_BASE64, False): "to_base64(unhex(sha256(text)))",
    (Encoding.SHA256_BASE64, True): "to_base64(unhex(text))",
}
_AS_IT_IS = frozenset({(Encoding.RAW, False), (Encoding.RAW, True), (Encoding.SHA256_HEX, True)})
_VARIED = frozenset({"zip"})  # so many that the kernels are quicker than a look for the same
_ANYWHERE = frozenset({"first_name", "last_name", "country"})  # the row's country is not asked
_Told = tuple[str | None, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class SentColumn:
    """What becomes of a column on one platform; the fields of `packs.Applied`, row by row.

    A number is its text in JSON, `reason` null where there is something to send, and `flags` null
    where there are none, else parted by spaces.
    """

    canonical: pa.Array
    sent: pa.Array
    reason: pa.Array
    flags: pa.Array


def sent_column(
    rules: Pack,
    type: str,  # noqa: A002
    values: pa.Array,
    countries: pa.Array | None = None,
) -> SentColumn:
    """Return what a pack makes of each value, row by row as `applied`; null stays null.

    Raises:
        ConfigurationError: naming the types that the platform takes, when there is no rule.

    """
    rule_of(rules, type)
    column = flat(values)
    lands = pa.nulls(len(column), pa.string()) if countries is None else flat(countries)
    if base_type(type) not in ATTRIBUTES or type in _VARIED:
        return _sent(rules, type, column, lands)
    # Names and places come again and again: each is spelled and hashed once.
    once = distinct(column, None if type in _ANYWHERE else lands)
    made = _sent(rules, type, once.values, once.countries)
    return SentColumn(*map(once.spread, (made.canonical, made.sent, made.reason, made.flags)))


def _sent(rules: Pack, type: str, column: pa.Array, lands: pa.Array) -> SentColumn:  # noqa: A002
    rule = rule_of(rules, type)
    judge = _judge(rules, type)
    how = (rule.encoding, rule.type.endswith("_sha256"))
    if rule.instead or not has_kernels(type) or how not in _SQL.keys() | _AS_IT_IS:
        return SentColumn(*one_by_one(column, lands, judge, len(fields(SentColumn))))
    found, reasons = canonical_column(type, column, lands)
    texts = form_column(type, rule.form, found, lands)
    made = SentColumn(texts, _encoded(how, texts), reasons, _flags(type, found, texts))
    formless = pc.and_(pc.is_valid(found), pc.is_null(texts))
    own_way = pc.is_in(reasons, pa.array([ALREADY_HASHED, SPACE_INSIDE]))
    return _mended(made, pc.or_(formless, own_way), column, lands, judge)


def _mended(
    made: SentColumn,
    odd: pa.Array,
    column: pa.Array,
    lands: pa.Array,
    judge: Callable[[str, str | None], _Told],
) -> SentColumn:
    """Judge the rows that a pack treats in its own way one by one."""
    if not pc.any(odd).as_py():
        return made
    parts = (made.canonical, made.sent, made.reason, made.flags)
    told = one_by_one(column.filter(odd), lands.filter(odd), judge, len(parts))
    pairs = zip(parts, told, strict=True)
    return SentColumn(*(pc.replace_with_mask(part, odd, one) for part, one in pairs))


def _judge(rules: Pack, type_name: str) -> Callable[[str, str | None], _Told]:
    memory = _memory(rules.version, type_name)

    def judge(value: str, country: str | None) -> _Told:
        told = memory.get((value, country))
        if told is None:
            if len(memory) >= _REMEMBERED:
                memory.clear()
            told = memory[value, country] = _told(rules, type_name, value, country)
        return told

    return judge


def _told(rules: Pack, type_name: str, value: str, country: str | None) -> _Told:
    judged = canonical(type_name, value, country)
    one = applied(rules, type_name, value, judged, country)
    sent = one.sent if isinstance(one.sent, str | None) else json.dumps(one.sent)
    return one.canonical, sent, one.reason or None, " ".join(one.flags) or None


@cache
def _memory(_version: str, _type_name: str) -> dict[tuple[str, str | None], _Told]:
    return {}


def _flags(type_name: str, found: pa.Array, texts: pa.Array) -> pa.Array:
    none = pa.nulls(len(found), pa.string())
    if type_name != "email":
        return none
    perhaps = pc.match_substring_regex(found, may_have_flags())
    perhaps = pc.fill_null(pc.and_(perhaps, pc.is_valid(texts)), False)
    flags = [" ".join(flags_of(one)) or None for one in found.filter(perhaps).to_pylist()]
    return pc.replace_with_mask(none, perhaps, pa.array(flags, pa.string()))


def _encoded(how: tuple[Encoding, bool], texts: pa.Array) -> pa.Array:
    if how in _AS_IT_IS:
        return texts
    if how == (Encoding.SHA256_HEX, False) and len(texts) <= _FEW:
        return pa.array([_digest(text) for text in texts.to_pylist()], pa.string())
    rows = _duckdb().cursor().from_arrow(pa.table({"text": texts}))
    return flat(rows.project(_SQL[how]).to_arrow_table().column(0))


def _digest(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")
