"""The faults that a list can have: how bad each is, what it says, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a fault costs."""

    LOSES = "loses"  # these rows cannot match anybody
    RISK = "risk"  # they may not match, on some platforms or for reasons that nobody can see
    NOTE = "note"  # worth knowing; costs no match


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault; `{more}` in `says` is filled in where it is found."""

    severity: Severity
    says: str
    fix: str


_L, _R, _N = Severity.LOSES, Severity.RISK, Severity.NOTE
FAULTS: dict[str, Fault] = {
    "empty_hash": Fault(
        _L, "hash of an empty value", "Hash only rows that have a value, and leave the others out."
    ),
    "sentinel_hash": Fault(
        _L,
        "hash of a word such as null, unknown or test@test.com",
        "Empty such cells before hashing, and leave them out.",
    ),
    "double_hash": Fault(
        _L,
        "hash of a hash",
        "Hash once: the raw value was hashed already when it came to the hashing step. "
        "Suspect the whole column; only these rows can be proven.",
    ),
    "upper_case_input": Fault(
        _L,
        "hashed with capital letters (proven by the raw value beside it)",
        "Write the value in lower case before hashing.",
    ),
    "untrimmed_input": Fault(
        _L,
        "hashed with white space or a line end around it (proven by the raw value beside it)",
        "Trim the value before hashing; `echo` adds a line end, `printf %s` does not.",
    ),
    "latin1_input": Fault(
        _L,
        "hashed as Latin-1 instead of UTF-8 (proven by the raw value beside it)",
        "Encode text as UTF-8 before hashing.",
    ),
    "decomposed_input": Fault(
        _L,
        "hashed with accents as separate signs (NFD; proven by the raw value beside it)",
        "Normalise text to NFC before hashing.",
    ),
    "phone_as_typed": Fault(
        _L,
        "phone hashed as it was typed, not as + and country code (proven by the number beside it)",
        "Write numbers in E.164 before hashing: bridge normalize --type phone --country CC.",
    ),
    "other_value": Fault(
        _R,
        "no known spelling of the value beside it gives this hash",
        "Check whether hashes are salted, or rows have slipped; platforms know no salt.",
    ),
    "capitals_kept": Fault(
        _R,
        "null words were hashed with capitals, so nothing was written in lower case first",
        "Write values in lower case before hashing: others in this list may be lost the same way, "
        "and a hash doesn't show it.",
    ),
    "raw_email": Fault(
        _L,
        "raw e-mail addresses in a column of hashes: personal data in clear",
        "Hash them (trimmed, lower case, UTF-8), and ask who has had this file.",
    ),
    "raw_phone": Fault(
        _L,
        "raw phone numbers in a column of hashes: personal data in clear",
        "Hash them (+, country code, digits), and ask who has had this file.",
    ),
    "raw_device_id": Fault(
        _L,
        "device ids in a column of hashes",
        "Give device ids a column of their own; most platforms take them in clear.",
    ),
    "placeholder": Fault(
        _L, "a word such as null or n/a instead of a value", "Leave the cell empty."
    ),
    "wrong_length": Fault(
        _L,
        "hex digits of a length that no hash has: cut off or padded",
        "Look for a database column or a spreadsheet that is too narrow; export again.",
    ),
    "several_ids": Fault(
        _L, "several ids in one cell", "Write one id in each row, or in columns of their own."
    ),
    "not_a_hash": Fault(_L, "neither a hash nor anything known", "Check how the column was made."),
    "not_utf8": Fault(_L, "bytes that are not UTF-8", "Save the file as UTF-8, and hash UTF-8."),
    "mixed_algorithms": Fault(
        _L,
        "{more} among {most}",
        "Hash everything by one algorithm, from the raw values; one hash can't become another.",
    ),
    "mixed_spellings": Fault(
        _L, "{more} among {most}", "Write all hashes the same way; lower-case hex is taken most."
    ),
    "white_space": Fault(_L, "white space or invisible signs around the value", "Trim the column."),
    "quotes": Fault(
        _L, "quotation marks that belong to the value", "Export without them, or quote just once."
    ),
    "upper_case_hex": Fault(
        _R,
        "hex with capital letters",
        "Write hex in lower case: some platforms compare it as text. Nothing needs hashing anew.",
    ),
    "no_platform": Fault(
        _L,
        "no platform takes {most} of this type",
        "Hash the raw values with SHA-256 and write them in lower-case hex.",
    ),
    "raw_column": Fault(
        _N,
        "a column of raw personal data, which a hashed list does without",
        "Remove it before the file leaves the house.",
    ),
    "duplicates": Fault(
        _N, "values that stand on an earlier line too", "Nothing: they count as one."
    ),
    "empty": Fault(_N, "empty cells", "Nothing, unless there should be a value."),
    "bom": Fault(
        _R,
        "the file begins with a byte order mark, which sticks to {more}",
        "Save as UTF-8 without BOM.",
    ),
    "wrong_number_of_cells": Fault(
        _L,
        "lines with more or fewer cells than the others, which cannot be read",
        "Quote cells that hold the separator, or give each line all its cells.",
    ),
}
