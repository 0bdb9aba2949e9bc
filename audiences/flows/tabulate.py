"""Tabulate: makes rows of the lake's tables from queued calls, with the transforms of files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from audiences.flows.ingest import KINDS
from audiences.flows.queued import Queued, table_rows
from audiences.flows.traits import Traits
from audiences.flows.workspace import Workspace
from audiences.ingest.batch import Ingest, Result
from audiences.ingest.call_rows import Row
from audiences.ingest.raw import tidy
from audiences.lake.query import connect
from shared.errors import BridgeError
from shared.log import log

MOST_COLUMNS = 400  # of one raw table: clients make up names, and each would be a column


@dataclass(frozen=True, slots=True)
class Made:
    """What a transform made of calls for one table from one source."""

    table: str
    source: str
    result: Result


def tabulate(
    workspace: Workspace, settings: Ingest, queued: Sequence[Queued], traits: Traits
) -> tuple[list[Made], list[Queued]]:
    """Transform calls; return what came of them, and the calls that break a transform.

    Where one breaks it, the rest goes through by halves, so it costs its neighbours nothing.

    Raises:
        BridgeError: the store's or the settings' trouble, for which no call is to blame.
    """
    try:
        return list(_transformed(workspace, settings, _grouped(queued, traits))), []
    except BridgeError:
        raise
    except Exception as error:  # noqa: BLE001 - what a hostile call may raise is not known
        if len(queued) == 1:
            # Its text may quote SQL, and with it a name that a client made up.
            log("poison", level="error", reason=type(error).__name__, ingest=settings.order[-12:])
            return [], list(queued)
    half = len(queued) // 2
    left, right = (
        tabulate(workspace, settings, part, traits) for part in (queued[:half], queued[half:])
    )
    return left[0] + right[0], left[1] + right[1]


def _grouped(queued: Sequence[Queued], traits: Traits) -> dict[tuple[str, str], list[Row]]:
    groups: dict[tuple[str, str], list[Row]] = {}
    for each in queued:
        for table, row in table_rows(each):
            whole = traits.add(each.source, row) if table == "profiles" else row
            if whole is not None:
                groups.setdefault((table, each.source), []).append(whole)
    return groups


def _transformed(
    workspace: Workspace, settings: Ingest, groups: Mapping[tuple[str, str], Sequence[Row]]
) -> Iterator[Made]:
    for (table, source), rows in sorted(groups.items(), key=lambda item: item[0]):
        own, first = replace(settings, source=source), 1
        for part in _narrow(rows):
            with connect(workspace.lake.scratch, workspace.memory) as con:
                yield Made(table, source, KINDS[table].transform(con, own, _raw(part, first)))
            first += len(part)


def _narrow(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Cut rows so that those of a part have few columns together."""
    part: list[Row] = []
    names: set[str] = set()
    for row in rows:
        if part and len(names | row.keys()) > MOST_COLUMNS:
            yield part
            part, names = [], set()
        part.append(row)
        names |= row.keys()
    if part:
        yield part


def _raw(rows: Sequence[Row], first: int) -> pa.Table:
    names = sorted({name for row in rows for name in row})
    columns = [pa.array([row.get(name) for row in rows], pa.string()) for name in names]
    numbers = pa.array(range(first, first + len(rows)), pa.int64())
    return tidy(pa.table([numbers, *columns], names=["row", *names]))
