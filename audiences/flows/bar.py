"""Bar: finds everybody whom an audience suppresses, as a plan's inputs name them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from duckdb import DuckDBPyConnection as Connection

from audiences.lake import now, snapshot
from audiences.lake.lake import Lake
from audiences.match.barred import MARKED_SQL
from audiences.rules.spec import DO_NOT_CONTACT, Audience


def bar(
    con: Connection, lake: Lake, audience: Audience, inputs: Mapping[str, Any], at: datetime
) -> None:
    """Make `suppressed_now`: everybody whom the audience suppresses, members of it or not."""
    found = [
        snapshot.load(lake, f"members/{name}", number)
        for name, number in inputs.get("suppressed", {}).items()
        if number is not None
    ]
    marked = DO_NOT_CONTACT in audience.suppress
    now.suppressed(con, lake, found, at, also=MARKED_SQL if marked else "")
