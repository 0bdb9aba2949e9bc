"""What must hold of one platform after every process and at the end, whichever platform it is."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from audiences import schemas
from audiences.delivery import outbox
from audiences.delivery.outbox import Plan
from audiences.flows.runs import verify_ledger
from audiences.flows.workspace import Workspace
from audiences.platforms import platform
from audiences.platforms.base import AUDIENCE_ID
from infra.local.store import FileStore
from shared.ports import Store
from tests.flow.chaos_check import VERDICTS, check_runs, runs
from tests.flow.chaos_place import TO, Members, members, unordered
from tests.flow.sync_world import World

_WORD = re.compile(r"[\w@.+-]{6,}")
Sent = tuple[bool, str]  # whether it removes, digest of the body
At = tuple[str, str]  # run, request or piece


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known from outside at one moment: what arrived, and which answers are recorded."""

    arrived: tuple[dict[str, Any], ...]
    recorded: Mapping[At, Sent]


def look(world: World) -> Seen:
    """Look at the sandbox's log and the records while no sync runs."""
    store, known = FileStore(world.folder / "lake"), dict[At, Sent]()
    for run in runs(store):
        plan = outbox.read_plan(store, run)
        if plan is None:
            continue
        removes = {one.id: _removes(one.method, one.path) for one in plan.requests}
        for name in outbox.recorded_ids(store, run):
            at, kind = name.removesuffix(".split"), "split" if name.endswith(".split") else ""
            told = None if name.endswith(".status") else outbox.recorded(store, run, at, kind)
            if told is not None:
                known[run, at] = (removes[at.partition(".")[0]], told.sha256)
    return Seen(tuple(world.requests()), known)


def _removes(method: str, path: str) -> bool:
    return method == "DELETE" or "remove" in path.lower() or "method=delete" in path


def check_process(world: World, before: Seen, after: Seen, known: frozenset[str]) -> Iterator[str]:
    """Compare what one process sent with what was recorded before it and by it, and planned.

    A request carries rows where an identifier of the world stands in it.
    """
    fresh = after.arrived[len(before.arrived) :]
    came = {
        (_removes(one["method"], one["path"]), one["sha256"])
        for one in fresh
        if not known.isdisjoint(_WORD.findall(unquote(one["body"] or "")))
    }
    all_came = {(_removes(one["method"], one["path"]), one["sha256"]) for one in fresh}
    made = {sent for at, sent in after.recorded.items() if at not in before.recorded}
    may = made | set(_unrecorded(world, after))
    for sent in came - may:
        again = sent in set(before.recorded.values())
        why = "again after its answer was recorded" if again else "though no run planned it"
        yield f"a request arrived {why}: {sent[1][:16]}"
    for (run, name), sent in after.recorded.items():
        if (run, name) not in before.recorded and sent not in all_came:
            yield f"{run}: {name} has an outcome, and it was not sent"


def _unrecorded(world: World, seen: Seen) -> Iterator[Sent]:
    """Yield what is planned and has no answer yet, as it goes out."""
    store = FileStore(world.folder / "lake")
    for run in runs(store):
        plan = outbox.read_plan(store, run)
        for one in plan.requests if plan else ():
            for name, rows in _leaves(store, run, one.id, range(one.rows)):
                body = store.get(outbox.body_key(run, one.id))
                if plan is None or body is None or (run, name) in seen.recorded:
                    continue
                divide, whole = platform(plan.platform).divide, len(rows) == one.rows
                body = body if whole or divide is None else divide(body, rows)
                for made in _filled(world, store, plan, one.uses, body):
                    yield _removes(one.method, one.path), hashlib.sha256(made).hexdigest()


def _leaves(store: Store, run: str, name: str, rows: Any) -> Iterator[tuple[str, Any]]:
    yield name, rows
    split = outbox.recorded(store, run, name, "split")
    for piece in split.pieces if split else ():
        yield from _leaves(store, run, piece.id, piece.places)


def _filled(
    world: World, store: Store, plan: Plan, uses: tuple[str, ...], body: bytes
) -> Iterator[bytes]:
    for used in uses:
        told = outbox.recorded(store, plan.run, used)
        handle = told.outcome.handle if told else ""
        body = body.replace(f"{{handle:{used}}}".encode(), handle.encode())
    if plan.audience_id is not None or AUDIENCE_ID.encode() not in body:
        yield body
        return
    for made in world.platform_audiences(plan.platform):
        yield body.replace(AUDIENCE_ID.encode(), made.encode())


def check_end(world: World, slug: str, wanted: Members) -> list[str]:
    """Check everything that must hold when the destination is in step."""
    workspace = world.open()
    ledger, files = verify_ledger(workspace), list(workspace.lake.store.list("sends/day="))
    faults = [f"ledger: {fault}" for fault in ledger.faults]
    sends = _sends(workspace)
    if (ledger.links, ledger.rows) != (len(files), len(sends)):
        faults.append(f"ledger: {ledger.links} links for {len(files)} files")
    faults += _check_step(world, slug, wanted)
    if workspace.kv.get(f"open/{TO}/gold"):
        faults.append("a run is noted as open")
    faults += check_runs(workspace)
    faults += _check_outcomes(workspace, sends)
    faults += _check_rows(workspace.lake.store, sends)
    left = [path for path in workspace.lake.scratch.parent.iterdir() if path.is_dir()]
    if left != [workspace.lake.scratch]:
        faults.append(f"scratch: {len(left) - 1} folders of dead processes are left")
    return faults


def _check_step(world: World, slug: str, wanted: Members) -> Iterator[str]:
    """The platform holds what its undisturbed twin does, and that is what we hold it to hold."""
    shown = members(world, slug)
    if shown != wanted:
        yield f"{len(shown)} audiences, not as the twin's {len(wanted)} ({_differ(shown, wanted)})"
    held = sorted(map(unordered, world.held_keys(TO, state="")))
    if held != sorted(key for audience in wanted for key in audience):
        yield f"held is not what the twin holds ({_differ((tuple(held),), wanted)})"
    if held != sorted(map(unordered, world.held_keys(TO, state="held"))):
        yield "rows are still unknown"


def _differ(found: Members, wanted: Members) -> str:
    """Count, and never name, what differs."""
    mine, theirs = (Counter(key for one in each for key in one) for each in (found, wanted))
    return f"{(theirs - mine).total()} lost, {(mine - theirs).total()} too many"


def _sends(workspace: Workspace) -> list[dict[str, Any]]:
    """Every row of the ledger, in the order of its chain."""
    lake, rows = workspace.lake, list[dict[str, Any]]()
    for link in sorted(found.key for found in lake.store.list("sends/_chain/")):
        file = (lake.read_json(link) or {})["file"]
        rows += lake.dataset([file], schemas.SENDS).to_table().to_pylist()
    return rows


def _check_outcomes(workspace: Workspace, sends: list[dict[str, Any]]) -> Iterator[str]:
    """Each row of each run that was begun stands in the ledger once, with an outcome."""
    lake = workspace.lake
    told: dict[str, Counter[tuple[Any, str]]] = {}
    for row in sends:
        told.setdefault(row["run"], Counter())[row["row"], row["op"]] += 1
        if row["outcome"] not in VERDICTS:
            yield f"{row['run']}: a row has the outcome {row['outcome']!r}"
    for run in runs(lake.store):
        plan, report = outbox.read_plan(lake.store, run), lake.read_json(f"runs/{run}.json")
        begun = plan is not None and report is not None and report["audience_id"]
        planned = plan.rows("add") + plan.rows("remove") if plan and begun else 0
        rows = told.pop(run, Counter())
        if rows.total() != planned or len(rows) != planned:
            yield f"{run}: {planned} rows were planned, {rows.total()} are in the ledger"
        if not begun and outbox.recorded_ids(lake.store, run):
            yield f"{run}: requests were sent, and it has no report"
    for run in told:
        yield f"{run}: the ledger has rows of it, and it has no plan"


def _check_rows(store: Store, sends: list[dict[str, Any]]) -> Iterator[str]:
    """A row whose addition was accepted is not added again before it was taken out.

    Runs that replace the whole, and those that refresh what a platform forgets, do so on purpose;
    so does one that takes out another row of the same member: platforms match by identifiers, and
    the two may share one.
    """
    inside: set[Any] = set()
    out = {(row["run"], row["member"]) for row in sends if row["op"] == "remove"}
    for row in sends:
        plan = outbox.read_plan(store, row["run"])
        on_purpose = plan is None or plan.whole or plan.changes.get("refreshed", 0)
        on_purpose = on_purpose or (row["run"], row["member"]) in out
        adds = row["op"] == "add"
        if adds and row["row"] in inside and not on_purpose:
            yield f"{row['run']}: a row was sent again after the platform had accepted it"
        (inside.add if adds and row["outcome"] == "accepted" else inside.discard)(row["row"])
