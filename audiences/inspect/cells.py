"""What each cell of a column is, by its looks: a digest and its spelling, raw data, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from audiences.identifiers.text import INVISIBLE, SENTINELS
from audiences.inspect.known import known_hashes

HEX = ("md5_hex", "sha1_hex", "sha256_hex", "sha512_hex")
# Without any of + / - _ in it, base64 is the same in both its spellings.
EITHER = "sha256_base64either"
BASE64 = ("md5_base64", "sha1_base64", "sha256_base64", "sha256_base64url", EITHER)
DIGESTS = HEX + BASE64
_BLANKS = " \t\r\n\v\f\x85\xa0\u2000\u2001\u2002\u2003\u2007\u2009\u202f\u3000" + INVISIBLE
_QUOTES = "\"'`“”‘’«»"
_LAST = "[AEIMQUYcgkosw048]"  # the last sign of 20 or 32 bytes ends in two bits that are zero
_UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_MAIL = r"[^@\s|,;]+@[^@\s|,;]+\.[^@\s|,;]+"
_PHONE = r"[+]?[0-9 ().\-/\x{a0}]{7,25}"
_ONE = rf"([0-9a-fA-F]{{32,128}}|[A-Za-z0-9+/_-]{{42}}{_LAST}=?|{_UUID}|{_MAIL}|\+[0-9]{{7,15}})"
_SEVERAL = rf"{_ONE}(\s*[|,;\s]\s*{_ONE})+"


def prepare(con: Connection) -> None:
    """Make the table of known hashes that `read_column` looks cells up in."""
    con.register("known_given", known_hashes())
    con.execute("CREATE OR REPLACE TEMP TABLE known_hashes AS FROM known_given")


def read_column(con: Connection, made: str, cells: pa.Table) -> None:
    """Make the table `made` of a column's cells (line, text, bad): what each one is.

    Its columns: line, digest (lower-case hex), key (equal for equal values, however they are
    spelt), and those of `tally.Sort`; `reading` and `reason` are null, for others to fill.
    """
    con.register("cells_given", cells)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {made} AS {_cells_sql()}")


def _cells_sql() -> str:
    # To trim by so many signs is slow, and hardly any cell needs it.
    bare = f"regexp_full_match(text, {_text('[A-Za-z0-9+/_=@.-]+')})"
    standard = "translate(value, '-_', '+/')"
    padded = f"rpad(replace({standard}, '=', ''), ((length(value) + 3) // 4 * 4)::INTEGER, '=')"
    return f"""
        WITH trimmed AS (
            SELECT line, text, bad,
                CASE WHEN {bare} THEN text ELSE trim(text, {_text(_BLANKS)}) END AS outer_value,
                CASE WHEN {bare} THEN text ELSE trim(text, {_text(_BLANKS + _QUOTES)}) END AS value
            FROM (SELECT line, coalesce(text, '') AS text, bad FROM cells_given)),
        told AS (SELECT *, {_kind_sql()} AS kind FROM trimmed),
        spelt AS (
            SELECT line, kind, outer_value <> text AS spaces, value <> outer_value AS quotes,
                CASE WHEN kind IN {_texts(HEX)} THEN lower(value)
                    WHEN kind IN {_texts(BASE64)} THEN lower(hex(from_base64({padded}))) END
                    AS digest,
                kind IN {_texts(HEX)} AND value <> lower(value) AS capitals, value
            FROM told)
        SELECT line, kind, spelt.digest, spaces, quotes, spelt.capitals, known_hashes.known,
            coalesce(known_hashes.capitals, false) AS kept_case,
            NULL::VARCHAR AS reading, NULL::VARCHAR AS reason,
            CASE WHEN kind IN ('empty', 'not_utf8', 'placeholder') OR known IS NOT NULL THEN NULL
                WHEN spelt.digest IS NOT NULL THEN left(spelt.digest, 32)::UUID
                ELSE md5(lower(value))::UUID END AS key
        FROM spelt LEFT JOIN known_hashes ON known_hashes.digest = spelt.digest"""


def _kind_sql() -> str:
    words = _texts(sorted(SENTINELS))
    digits = "length(regexp_replace(value, '[^0-9]', '', 'g'))"
    return rf"""CASE
        WHEN bad THEN 'not_utf8'
        WHEN value = '' THEN 'empty'
        WHEN length(value) = 64 AND {_is("[0-9a-fA-F]{64}")} THEN 'sha256_hex'
        WHEN length(value) = 32 AND {_is("[0-9a-fA-F]{32}")} THEN 'md5_hex'
        WHEN length(value) = 40 AND {_is("[0-9a-fA-F]{40}")} THEN 'sha1_hex'
        WHEN length(value) = 128 AND {_is("[0-9a-fA-F]{128}")} THEN 'sha512_hex'
        WHEN length(value) IN (43, 44) AND {_is(f"[A-Za-z0-9]{{42}}{_LAST}=?")} THEN '{EITHER}'
        WHEN length(value) IN (43, 44) AND {_is(f"[A-Za-z0-9+/]{{42}}{_LAST}=?")}
            THEN 'sha256_base64'
        WHEN length(value) IN (43, 44) AND {_is(f"[A-Za-z0-9_-]{{42}}{_LAST}=?")}
            THEN 'sha256_base64url'
        WHEN length(value) = 28 AND {_is(f"[A-Za-z0-9+/]{{26}}{_LAST}=")} THEN 'sha1_base64'
        WHEN length(value) = 24 AND {_is("[A-Za-z0-9+/]{21}[AQgw]==")} THEN 'md5_base64'
        WHEN length(value) = 36 AND {_is(_UUID)} THEN 'uuid'
        WHEN length(value) <= 24 AND lower(value) IN {words} THEN 'placeholder'
        WHEN {_is(_MAIL)} THEN 'email'
        WHEN {_is(_SEVERAL)} THEN 'several'
        WHEN {_is("[0-9a-fA-F]{16,}")} AND (length(value) > 20 OR regexp_matches(value, '[a-fA-F]'))
            THEN 'cut'
        WHEN {_is(_PHONE)} AND {digits} BETWEEN 7 AND 15 THEN 'phone'
        ELSE 'other' END"""


def _is(pattern: str) -> str:
    return f"regexp_full_match(value, {_text(pattern)})"


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _texts(texts: Sequence[str]) -> str:
    return f"({', '.join(map(_text, texts))})"
