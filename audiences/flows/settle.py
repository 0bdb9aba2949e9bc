"""Settle: turn a run's outcomes into what is held and into the ledger, once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audiences import schemas
from audiences.delivery import ledger, settle
from audiences.delivery.batches import ROWS, rows_key
from audiences.delivery.outbox import Plan, forget_bodies
from audiences.flows.places import cancel_key, held_table, id_key, report_key
from audiences.flows.run_report import Report, close_run, made_key, report_of
from audiences.flows.taking import lets_go
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.lake.query import batches, connect
from audiences.lake.snapshot import Snapshot
from audiences.platforms import platform
from shared.clock import day, iso, parse_instant
from shared.errors import IntegrityError


def held_moved(workspace: Workspace, plan: Plan) -> bool:
    """Say whether somebody else has settled since the plan was made."""
    latest = snapshot.latest(workspace.lake, held_table(plan.destination, plan.audience))
    if latest is None:
        return plan.inputs["held"] is not None
    return latest.number != plan.inputs["held"] and latest.about.get("run") != plan.run


def end_run(
    workspace: Workspace,
    plan: Plan,
    *,
    abandoned: bool = False,
    adopted: bool = False,
    warnings: Sequence[str] = (),
) -> Report:
    """Settle a run as it stands and close it; of an abandoned one what has no outcome is unknown.

    A run that is closed already is reported as it was. What went out in clear is kept no longer.
    """
    before = workspace.lake.read_json(report_key(plan.run))
    if before is not None:
        return _closed(workspace, plan, Report(**before))
    status = "abandoned" if abandoned else "done"
    if abandoned and workspace.kv.get(cancel_key(plan.run)) is not None:
        status = "cancelled"
    audience_id = plan.audience_id or workspace.kv.get(made_key(plan))
    if audience_id is None:  # without an audience nothing can have been sent
        report = report_of(plan, status)
    else:
        audience_id = _lasting(workspace, plan, audience_id, abandoned)
        counts = settle_run(workspace, plan, audience_id)
        report = replace(report_of(plan, status, counts), audience_id=audience_id, adopted=adopted)
    return _closed(workspace, plan, replace(report, warnings=[*report.warnings, *warnings]))


def _closed(workspace: Workspace, plan: Plan, report: Report) -> Report:
    report = close_run(workspace.lake.store, workspace.kv, plan, report)
    if lets_go(plan.platform):
        forget_bodies(workspace.lake.store, plan.run)
    return report


def _lasting(workspace: Workspace, plan: Plan, audience_id: str, abandoned: bool) -> str:
    """Return the audience that the members are in now: the new one, where one took its place."""
    if not plan.replaces:
        return audience_id
    if abandoned:
        return plan.replaces
    workspace.kv.put(id_key(plan.place, plan.audience), audience_id)
    return audience_id


def settle_run(workspace: Workspace, plan: Plan, audience_id: str) -> dict[str, int]:
    """Write the run's rows to the ledger, then the new state of what is held.

    Every step finds out whether it was done before, so a run that died here is settled once.
    Where somebody else has settled since the plan was made, the run's rows are put on top of that
    as unknown, so that the next run sends them again or takes them back.
    """
    lake = workspace.lake
    table = held_table(plan.destination, plan.audience)
    latest = snapshot.latest(lake, table)
    done = latest is not None and latest.about.get("run") == plan.run
    with connect(lake.scratch, workspace.memory) as con:
        con.register("held_before", snapshot.dataset(lake, latest, schemas.HELD))
        con.register("sent_rows", lake.dataset([rows_key(plan.run)], ROWS))
        counts = settle.make_results(con, lake.store, plan)
        if plan.requests and not done:
            entry = _write_sends(workspace, con, plan, audience_id)
            if not entry.ours:
                con.register("written", lake.dataset([entry.file], schemas.SENDS))
                settle.take_as_written(con)
            _write_held(workspace, con, plan, latest, _about(plan, audience_id, entry))
    return counts


def _about(plan: Plan, audience_id: str, entry: ledger.Entry) -> dict[str, Any]:
    unasked = int(plan.unasked.get("contacts", 0))
    return {
        "run": plan.run,
        "at": plan.as_of,
        "place": plan.place,
        "audience_id": audience_id,
        "ledger": entry.number,
        "commits": list(plan.inputs["commits"]),
        **({"unasked": unasked} if unasked else {}),
    }


def _write_held(
    workspace: Workspace, con: Any, plan: Plan, latest: Snapshot | None, about: Mapping[str, Any]
) -> None:
    """Write what is held; where the same run was settled meanwhile, that stands."""
    lake, table = workspace.lake, held_table(plan.destination, plan.audience)
    after = latest.number if latest else None
    rows = batches(con, _holds_sql(workspace, plan))
    try:
        snapshot.write(lake, table, schemas.HELD, rows, run=plan.run, after=after, about=about)
    except IntegrityError:
        newest = snapshot.latest(lake, table)
        if newest is None or newest.about.get("run") != plan.run:
            raise


def _holds_sql(workspace: Workspace, plan: Plan) -> str:
    to = platform(plan.platform)
    return settle.holds_sql(
        parse_instant(plan.as_of),
        certain=not held_moved(workspace, plan),
        starts=parse_instant(plan.valid_until) if to.row_ttl else None,
    )


def _write_sends(workspace: Workspace, con: Any, plan: Plan, audience_id: str) -> ledger.Entry:
    lake, at = workspace.lake, parse_instant(plan.as_of)
    folder = Path(tempfile.mkdtemp(prefix="sends-", dir=lake.scratch))
    try:
        path, rows = folder / "sends.parquet", 0
        sent = batches(con, settle.sends_sql(at), settle.sends_parameters(plan, audience_id))
        with pq.ParquetWriter(path, schemas.SENDS, compression="zstd") as writer:
            for batch in sent:
                writer.write_table(pa.Table.from_batches([batch]).cast(schemas.SENDS))
                rows += batch.num_rows
        written = iso(workspace.now())
        return ledger.append(lake, plan.run, day(at).isoformat(), path, rows, written)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
