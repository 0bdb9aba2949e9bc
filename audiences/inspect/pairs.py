"""Hashes that stand beside their raw values: how each came about, proven by hashing anew."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection as Connection

from audiences.identifiers.columns import canonical_column, form_column
from audiences.identifiers.forms import forms_of
from audiences.lake import query

RIGHT = frozenset({*forms_of("email"), *forms_of("phone")})  # what some platform wants
_TEXTS: dict[str, tuple[tuple[str, str], ...]] = {  # raw type -> (reading, text in SQL)
    "email": (
        ("plain", "canonical"),
        ("gmail", "gmail"),
        ("gmail_com", "gmail_com"),
        ("upper_case_input", "trim(raw)"),
        ("upper_case_input", "upper(trim(raw))"),
        ("untrimmed_input", "raw"),
        ("untrimmed_input", "lower(raw)"),
        ("untrimmed_input", "canonical || chr(10)"),
        ("untrimmed_input", "trim(raw) || chr(10)"),
        ("decomposed_input", "decomposed"),
        ("latin1_input", "latin1_canonical"),
        ("latin1_input", "latin1_raw"),
        ("double_hash", "{h}(canonical)"),
        ("double_hash", "{h}(trim(raw))"),
    ),
    "phone": (
        ("e164", "canonical"),
        ("digits", "digits"),
        ("phone_as_typed", "trim(raw)"),
        ("phone_as_typed", "raw"),
        ("phone_as_typed", "regexp_replace(raw, '[^0-9]', '', 'g')"),
        ("phone_as_typed", "ltrim(regexp_replace(raw, '[^0-9]', '', 'g'), '0')"),
        ("phone_as_typed", "regexp_replace(raw, '[^0-9+]', '', 'g')"),
        ("double_hash", "{h}(canonical)"),
        ("double_hash", "{h}(digits)"),
    ),
}
TYPES = tuple(_TEXTS)


def read_pair(
    con: Connection, made: str, raw_type: str, lines: pa.Array, raw: pa.Array, countries: pa.Array
) -> None:
    """Set `reading` in a table of digests from the raw values that stand on the same lines.

    A hash that no spelling explains reads as `other_value`; it may be salted.
    """
    beside = _beside(raw_type, lines, raw, countries)
    con.register("beside_given", beside)
    cases = "".join(
        f"WHEN length(cells.digest) = {length} THEN CASE {_cases(raw_type, name)} END "
        for name, length in (("sha256", 64), ("sha1", 40), ("md5", 32))
    )
    con.execute(
        f"UPDATE {made} AS cells SET reading = CASE {cases} END FROM beside_given AS beside "
        "WHERE cells.line = beside.line AND cells.digest IS NOT NULL AND cells.known IS NULL "
        "AND beside.raw IS NOT NULL AND cells.reading IS NULL"
    )
    if raw_type == "email":
        _read_rare_forms(con, made, beside)


def _read_rare_forms(con: Connection, made: str, beside: pa.Table) -> None:
    """Try what single platforms want of an address on the few rows that nothing else explains."""
    lines = query.table(con, f"SELECT line FROM {made} WHERE reading = 'other_value'")
    if not lines.num_rows:
        return
    rest = beside.filter(pc.is_in(beside["line"], value_set=lines["line"].combine_chunks()))
    found = rest["found"].combine_chunks()
    for form in sorted(set(forms_of("email")) - {"plain", "gmail", "gmail_com"}):
        texts = form_column("email", form, found)
        con.register("rare_given", pa.table({"line": rest["line"], "text": texts}))
        hashed = "CASE length(digest) WHEN 64 THEN sha256(text) WHEN 40 THEN sha1(text) "
        con.execute(
            f"UPDATE {made} AS cells SET reading = '{form}' FROM rare_given AS rare "
            "WHERE cells.line = rare.line AND cells.reading = 'other_value' "
            f"AND digest = {hashed} ELSE md5(text) END"
        )


def _cases(raw_type: str, algorithm: str) -> str:
    tests = " ".join(
        f"WHEN cells.digest = {algorithm}({text.format(h=algorithm)}) THEN '{reading}'"
        for reading, text in _TEXTS[raw_type]
    )
    return f"{tests} ELSE 'other_value'"


def _beside(raw_type: str, lines: pa.Array, raw: pa.Array, countries: pa.Array) -> pa.Table:
    raw = pc.if_else(pc.equal(pc.utf8_trim_whitespace(raw), ""), pa.scalar(None, pa.string()), raw)
    found, _ = canonical_column(raw_type, raw, countries)
    columns = {"line": lines, "raw": raw}
    if raw_type == "phone":
        columns |= {"canonical": found, "digits": form_column("phone", "digits", found)}
        return pa.table(columns)
    # What is no address may have been hashed all the same, as it was typed in lower case.
    canonical = pc.coalesce(found, pc.utf8_lower(pc.utf8_trim_whitespace(raw)))
    columns |= {"canonical": canonical, "found": found}
    columns |= {form: form_column("email", form, found) for form in ("gmail", "gmail_com")}
    columns["decomposed"] = _beyond_ascii(canonical, _decomposed, pa.string())
    columns["latin1_canonical"] = _beyond_ascii(canonical, _latin1, pa.binary())
    columns["latin1_raw"] = _beyond_ascii(raw, _latin1, pa.binary())
    return pa.table(columns)


def _beyond_ascii(texts: pa.Array, make: Callable[[str], object], kind: pa.DataType) -> pa.Array:
    """Make something of the few texts that are not ASCII; null for the others."""
    plain = pc.fill_null(pc.string_is_ascii(texts), True)
    if pc.all(plain).as_py():
        return pa.nulls(len(texts), kind)
    made = [make(text) for text in texts.filter(pc.invert(plain)).to_pylist()]
    return pc.replace_with_mask(pa.nulls(len(texts), kind), pc.invert(plain), pa.array(made, kind))


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def _latin1(text: str) -> bytes | None:
    try:
        return unicodedata.normalize("NFC", text.strip()).encode("latin-1")
    except UnicodeEncodeError:
        return None
