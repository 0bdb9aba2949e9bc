"""What must hold after every process, and what must hold when all is done."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audiences.delivery import outbox
from audiences.delivery.batches import ROWS, rows_key
from audiences.delivery.outbox import Plan, Planned
from audiences.flows.runs import list_runs, verify_ledger
from audiences.flows.workspace import Workspace
from audiences.platforms.base import AUDIENCE_ID
from infra.local.store import FileStore
from shared.ports import Store
from tests.flow.chaos_world import Person, keys
from tests.flow.sync_world import PLATFORMS, World

VERDICTS = {"accepted", "rejected", "unknown"}
Sent = tuple[str, bool, str]  # platform, whether it removes, digest of the body


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known from outside at one moment: what arrived, and which outcomes are recorded."""

    arrived: tuple[dict[str, Any], ...]
    recorded: frozenset[tuple[str, str]]  # run, request


def look(world: World) -> Seen:
    """Look at the sandbox's log and the outcome files while no sync runs."""
    store = FileStore(world.folder / "lake")
    recorded = {(run, one) for run in runs(store) for one in outbox.recorded_ids(store, run)}
    return Seen(tuple(world.requests()), frozenset(recorded))


def check_process(world: World, before: Seen, after: Seen) -> Iterator[str]:
    """Compare what one process sent with what was recorded before it, planned, and recorded by it.

    A request with an outcome never arrives again; nothing arrives that was not planned to the
    byte; and no outcome is recorded of a request that this very process did not send.
    """
    planned = _planned(world)
    may = {sent for at, sent in planned.items() if at not in before.recorded}
    fresh = [one for one in after.arrived[len(before.arrived) :] if _carries_rows(one["path"])]
    came = {_key(one["platform"], one["path"], one["sha256"]): one["status"] for one in fresh}
    for platform, removes, digest in came.keys() - may:
        was = (
            "again after its outcome was recorded"
            if (platform, removes, digest) in set(planned.values())
            else "though no run planned it"
        )
        yield f"{platform}: a request arrived {was}: {digest[:16]}"
    for run, one in after.recorded - before.recorded:
        if not one.endswith(".status") and planned[run, one] not in came:
            yield f"{run}: {one} has an outcome, and it was not sent"


def check_order(world: World, seen: Seen) -> Iterator[str]:
    """A run's removals are through before its additions begin, however often it was killed."""
    planned = _planned(world)
    often = Counter(planned.values())
    last: dict[str, int] = {}
    first: dict[str, int] = {}
    places: dict[Sent, list[int]] = {}
    for place, one in enumerate(seen.arrived):
        sent = _key(one["platform"], one["path"], one["sha256"])
        places.setdefault(sent, []).append(place)
    for (run, name), sent in planned.items():
        if often[sent] > 1 or sent not in places:
            continue  # another run sent the same bytes: nobody can tell whose arrived when
        if name.startswith("remove"):
            last[run] = max(last.get(run, -1), places[sent][-1])
        else:
            first[run] = min(first.get(run, len(seen.arrived)), places[sent][0])
    for run in last.keys() & first.keys():
        if last[run] > first[run]:
            yield f"{run}: an addition arrived before a removal was through"


def _planned(world: World) -> dict[tuple[str, str], Sent]:
    """Return what each request of each run that is kept looks like on its way."""
    store = FileStore(world.folder / "lake")
    return {
        (plan.run, one.id): _as_sent(store, world, plan, one)
        for run in runs(store)
        if (plan := outbox.read_plan(store, run)) is not None
        for one in plan.requests
    }


def runs(store: Store) -> list[str]:
    """Name the runs that are planned."""
    return sorted({found.key.split("/")[1] for found in store.list("outbox/")})


def _carries_rows(path: str) -> bool:
    return "/users" in path or "/audienceMembers:" in path or path.endswith("/data/advertiser")


def _key(platform: str, path: str, digest: str) -> Sent:
    return platform, "method=delete" in path or ":remove" in path, digest


def _as_sent(store: Store, world: World, plan: Plan, one: Planned) -> Sent:
    """Digest a planned body with the audience's id in its place, once there is one."""
    digest = one.sha256
    if plan.audience_id is None:
        body = store.get(f"outbox/{plan.run}/{one.id}.body") or b""
        made = [*world.platform_audiences(plan.platform), AUDIENCE_ID]
        digest = hashlib.sha256(body.replace(AUDIENCE_ID.encode(), made[0].encode())).hexdigest()
    return _key(plan.platform, one.path, digest)


def check_end(world: World, people: Mapping[int, Person]) -> list[str]:
    """Check everything that must hold when every destination is in step."""
    workspace = world.open()
    ledger, files = verify_ledger(workspace), list(workspace.lake.store.list("sends/day="))
    faults = [f"ledger: {fault}" for fault in ledger.faults]
    if (ledger.links, ledger.rows) != (len(files), len(world.sends())):
        faults.append(f"ledger: {ledger.links} links for {len(files)} files")
    for name in PLATFORMS:
        faults += _check_step(world, workspace, name, people)
    faults += check_runs(workspace)
    faults += _check_ledger(world, workspace)
    left = [path for path in workspace.lake.scratch.parent.iterdir() if path.is_dir()]
    if left != [workspace.lake.scratch]:
        faults.append(f"scratch: {len(left) - 1} folders of dead processes are left")
    return faults


def _check_step(
    world: World, workspace: Workspace, name: str, people: Mapping[int, Person]
) -> Iterator[str]:
    wanted = keys(people.values(), PLATFORMS[name])
    held = world.held_keys(name, state="")
    if held != sorted(wanted):
        yield f"{name}: held is not what the rule says ({_differ(Counter(held), wanted)})"
    if held != world.held_keys(name, state="held"):
        yield f"{name}: rows are still unknown"
    shown = list(world.platform_audiences(PLATFORMS[name]).values())
    digest = hashlib.sha256("\n".join(held).encode()).hexdigest()
    if [one["digest"] for one in shown] != [digest]:
        members = Counter(world.members(name)) if len(shown) == 1 else Counter()
        yield f"{name}: {len(shown)} audiences, not one as held ({_differ(members, wanted)})"
    if workspace.kv.get(f"open/{name}/gold"):
        yield f"{name}: a run is noted as open"


def _differ(found: Counter[str], wanted: set[str]) -> str:
    """Count, and never name, what differs."""
    lost, extra = wanted - found.keys(), found - Counter(wanted)
    return f"{len(lost)} lost, {sum(extra.values())} too many"


def check_runs(workspace: Workspace) -> Iterator[str]:
    """No run is open: each is done or given up, or was planned and never begun."""
    store = workspace.lake.store
    for run in list_runs(workspace):
        begun = outbox.recorded_ids(store, run["run"])
        if run["status"] not in ("done", "abandoned") and (run["status"] != "planned" or begun):
            yield f"{run['run']}: its status is {run['status']}"


def _check_ledger(world: World, workspace: Workspace) -> Iterator[str]:
    """Each row of each run that was begun stands in the ledger once, with an outcome."""
    lake = workspace.lake
    told: dict[str, Counter[tuple[Any, str]]] = {}
    for row in world.sends():
        told.setdefault(row["run"], Counter())[row["row"], row["op"]] += 1
        if row["outcome"] not in VERDICTS:
            yield f"{row['run']}: a row has the outcome {row['outcome']!r}"
    for run in runs(lake.store):
        rows = told.pop(run, Counter())
        report = lake.read_json(f"runs/{run}.json")
        begun = report is not None and report["requests"] and report["audience_id"]
        keys = [rows_key(run)] if begun else []
        table = lake.dataset(keys, ROWS).to_table(columns=["row", "op"]).to_pylist()
        planned = Counter((row["row"], row["op"]) for row in table)
        if rows != planned:
            yield f"{run}: {planned.total()} rows were planned, {rows.total()} are in the ledger"
        if not begun and outbox.recorded_ids(lake.store, run):
            yield f"{run}: requests were sent, and it has no report"
    for run in told:
        yield f"{run}: the ledger has rows of it, and it has no plan"
