"""Lists with planted faults: what is written, and what an inspection must say of it."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def sha(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def digest(algorithm: str, text: str) -> str:
    return hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()


def b64(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def mail(number: int) -> str:
    return f"person{number}@example.com"


# One cell with one fault, made of the number of its row; every cell is another value.
PLANTS: dict[str, Callable[[int], str]] = {
    "": lambda n: sha(mail(n)),
    "empty_hash": lambda _: sha(""),
    "sentinel_hash": lambda n: sha(("null", "n/a", "unknown", "test@test.com", "nan")[n % 5]),
    "double_hash": lambda n: sha(sha(("null", "", "unknown")[n % 3])),
    "raw_email": mail,
    "raw_phone": lambda n: f"+849{n:08d}",
    "raw_device_id": lambda n: f"6f1b0a2c-1111-4222-8333-{n:012d}",
    "placeholder": lambda n: ("NULL", "n/a", "None", "-")[n % 4],
    "wrong_length": lambda n: sha(mail(n))[: 63 - n % 9],
    "several_ids": lambda n: f"{sha(mail(n))}|{sha(mail(-n))}",
    "not_a_hash": lambda n: f"see sheet {n}",
    "mixed_algorithms": lambda n: digest("md5", mail(n)),
    "mixed_spellings": lambda n: b64(mail(n)),
    "white_space": lambda n: f" {sha(mail(n))}\u00a0",
    "quotes": lambda n: f"'{sha(mail(n))}'",
    "upper_case_hex": lambda n: sha(mail(n)).upper(),
    "empty": lambda _: "",
}


def write(path: Path, cells: Sequence[str], header: str = "email_sha256") -> Path:
    """Write one column in the format that the path's ending names."""
    if path.suffix == ".parquet":
        pq.write_table(pa.table({header: pa.array(cells, pa.string())}), path, row_group_size=7)
        return path
    joined = "\t1\n" if ".tsv" in path.name else "\n"
    first = [f"{header}\tn".removesuffix("" if ".tsv" in path.name else "\tn")] if header else []
    text = "\n".join(first) + ("\n" if first else "") + "".join(f"{c}{joined}" for c in cells)
    data = text.encode()
    path.write_bytes(gzip.compress(data, 1) if path.suffix == ".gz" else data)
    return path
