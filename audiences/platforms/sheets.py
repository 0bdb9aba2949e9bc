"""Sheets: rows that become a Parquet file where the plan is made, as what sends reads none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CODECS = ("none", "gzip", "snappy")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Named columns of texts; a cell that is missing is None."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str | None]]
    codec: str = "snappy"  # one of CODECS
