"""Whole columns of what a platform is sent: `packs.apply` for many values at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from audiences.identifiers.columns import (
    canonical_column,
    flat,
    form_column,
    has_kernels,
    one_by_one,
)
from audiences.identifiers.packs import Encoding, apply, pack

_FEW = 1000  # values that are hashed before DuckDB has begun
_REMEMBERED = 1 << 16
_SQL = {
    (Encoding.SHA256_HEX, False): "sha256(text)",
    (Encoding.SHA256_BASE64, False): "to_base64(unhex(sha256(text)))",
    (Encoding.SHA256_BASE64, True): "to_base64(unhex(text))",
}
_AS_IT_IS = frozenset({(Encoding.RAW, False), (Encoding.RAW, True), (Encoding.SHA256_HEX, True)})


@dataclass(frozen=True, slots=True)
class SentColumn:
    """What becomes of a column on one platform; the fields of `packs.Applied`, row by row."""

    canonical: pa.Array
    sent: pa.Array
    reason: pa.Array  # null where there is something to send


def sent_column(
    platform: str,
    type: str,  # noqa: A002
    values: pa.Array,
    countries: pa.Array | None = None,
) -> SentColumn:
    """Return what each value becomes on one platform, row by row as `apply`; null stays null.

    Raises:
        ConfigurationError: naming what is known, for a platform or type without a rule.

    """
    rule = pack(platform).rule(type)
    if rule is None:
        apply(platform, type, "")  # says what is known
        raise KeyError(type)
    column = flat(values)
    lands = pa.nulls(len(column), pa.string()) if countries is None else flat(countries)
    how = (rule.encoding, rule.type.endswith("_sha256"))
    if not has_kernels(type) or how not in _SQL.keys() | _AS_IT_IS:
        return SentColumn(*one_by_one(column, lands, _judge(platform, type)))
    found, reasons = canonical_column(type, column, lands)
    texts = form_column(type, rule.form, found)
    formless = pc.and_(pc.is_valid(found), pc.is_null(texts))
    if pc.any(formless).as_py():
        judged = one_by_one(column.filter(formless), lands.filter(formless), _judge(platform, type))
        reasons = pc.replace_with_mask(reasons, formless, judged[2])
    return SentColumn(texts, _encoded(how, texts), reasons)


@cache
def _judge(
    platform: str, type_name: str
) -> Callable[[str, str | None], tuple[str | None, str | None, str | None]]:
    @lru_cache(maxsize=_REMEMBERED)
    def judge(value: str, country: str | None) -> tuple[str | None, str | None, str | None]:
        found = apply(platform, type_name, value, country)
        return found.canonical, found.sent, found.reason or None

    return judge


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
