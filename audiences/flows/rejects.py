"""Rejects read back: what was refused, in which row of which file, why, and what mends it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection as Connection

from audiences.delivery.outcomes import AT_ONCE
from audiences.delivery.pool import at_once
from audiences.flows.workspace import Workspace
from audiences.lake import query
from audiences.lake.layout import COMMITS

COLUMNS = ("file", "source", "row", "scope", "field", "reason", "fix", "sample")
_FIRST = 3  # places that are told of each reason


@dataclass(frozen=True, slots=True)
class Rejects:
    """Refused rows and fields, those of the newest file first; `rows` may be only the first."""

    total: int
    reasons: dict[str, int]
    rows: tuple[dict[str, Any], ...]  # with the keys of `COLUMNS`; no value, only its shape

    def as_json(self) -> dict[str, Any]:
        """Return them with stable names."""
        return {"total": self.total, "reasons": self.reasons, "rows": [*self.rows]}


def list_rejects(
    workspace: Workspace,
    *,
    file: str = "",
    reason: str = "",
    limit: int = 0,
    out: Path | None = None,
) -> Rejects:
    """List what was refused in the last 30 days, of one file or all, for one reason or all.

    At most `limit` rows are returned where it is not 0; `out` gets all of them as CSV.
    """
    with query.connect(workspace.lake.scratch, workspace.memory) as con:
        con.register("all_rejects", workspace.lake.log("rejects"))
        ids = [id_ for (id_,) in con.execute("SELECT DISTINCT ingest FROM all_rejects").fetchall()]
        ingests = at_once(partial(_ingest, workspace), ids, AT_ONCE)
        _read(con, [one for one in ingests if file in ("", *one[:2])])
        con.execute(
            "CREATE TEMP TABLE found AS SELECT * FROM refused WHERE reason = $1 OR $1 = '' "
            'ORDER BY "at" DESC, file, row, field, reason',
            [reason],
        )
        counts = con.execute("SELECT reason, count(*) FROM found GROUP BY 1").fetchall()
        if out is not None:
            _write(con, out)
        shown = f"SELECT {', '.join(COLUMNS)} FROM found LIMIT {limit or 'ALL'}"
        rows = tuple(query.table(con, shown).to_pylist())
    reasons = dict(sorted(counts, key=lambda pair: (-pair[1], pair[0])))
    return Rejects(sum(reasons.values()), reasons, rows)


def first_places(workspace: Workspace, files: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Return of each reason the first rows that some ingests refused: file, row, field.

    `files` names the file of each ingest.
    """
    with query.connect(workspace.lake.scratch, workspace.memory) as con:
        con.register("all_rejects", workspace.lake.log("rejects"))
        _read(con, [(id_, name, "") for id_, name in files.items()])
        rows = con.execute(
            "SELECT reason, file, row, field FROM refused QUALIFY row_number() OVER "
            f"(PARTITION BY reason ORDER BY file, row, field) <= {_FIRST} ORDER BY ALL"
        ).fetchall()
    found: dict[str, list[dict[str, Any]]] = {}
    for reason, file, row, field in rows:
        found.setdefault(reason, []).append({"file": file, "row": row, "field": field})
    return found


def _ingest(workspace: Workspace, commit: str) -> tuple[str, str, str]:
    """Return an ingest's id, what its file was called, and when it came."""
    about = workspace.lake.read_json(f"{COMMITS}{commit}.json") or {}
    other = "tracking calls" if about.get("kind") == "calls" else commit
    return commit, str(about.get("name") or other), str(about.get("at", ""))


def _read(con: Connection, ingests: Sequence[tuple[str, str, str]]) -> None:
    """Make the view `refused` of these ingests."""
    con.execute('CREATE TEMP TABLE ingests (ingest VARCHAR, file VARCHAR, "at" VARCHAR)')
    if ingests:
        con.executemany("INSERT INTO ingests VALUES (?, ?, ?)", ingests)
    con.execute("CREATE TEMP VIEW refused AS SELECT * FROM all_rejects JOIN ingests USING (ingest)")


def _write(con: Connection, out: Path) -> None:
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        result = con.execute(f"SELECT {', '.join(COLUMNS)} FROM found")
        while rows := result.fetchmany(10_000):
            writer.writerows(rows)
