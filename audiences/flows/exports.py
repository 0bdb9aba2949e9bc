"""Exports: ask for a sync, follow it and approve it; the work itself is a job elsewhere.

What was asked for is a file, written once: who asked, for what, when. How it goes is small state.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from audiences.delivery.outbox import Plan, read_plan
from shared.clock import Clock, iso
from shared.errors import BridgeError
from shared.ids import new_id
from shared.ports import Jobs, KeyValue, Store

JOB = "export"
OVER = ("done", "dry_run", "stopped", "failed", "cancelled")
KEEP_SECONDS = 30 * 24 * 3600
_IDEMPOTENT_SECONDS = 24 * 3600


class ReusedKeyError(BridgeError):
    """An Idempotency-Key came before with another request."""

    code = "reused_key"


class NotStoppedError(BridgeError):
    """There is nothing to approve: the run was not stopped, or not with this token."""

    code = "not_stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One export as it was asked for."""

    id: str
    audience: str
    to: str
    mode: str | None
    dry_run: bool
    approve: str
    by: str  # the id of the API key
    at: str
    repair: bool = False  # send again everything that should be held


@dataclass(frozen=True, slots=True)
class Desk:
    """What asking needs of the world."""

    store: Store  # the lake's
    kv: KeyValue
    jobs: Jobs
    clock: Clock


def ask(desk: Desk, by: str, wanted: Mapping[str, Any], idempotency_key: str = "") -> Export:
    """Ask for an export; the same Idempotency-Key with the same wish is the same export.

    A repetition also starts what a crash kept from starting. `wanted` names a repair only where
    one is asked for: wishes are compared by their digests.

    Raises:
        ReusedKeyError: when the key came before with another wish.
    """
    now = desk.clock.now()
    id_ = new_id(now)
    if idempotency_key:
        id_ = _same(desk, by, wanted, idempotency_key, id_)
    export = Export(id=id_, by=by, at=iso(now), **wanted)
    data = json.dumps(asdict(export), sort_keys=True).encode()
    if not desk.store.put(_key(id_), data, if_absent=True):
        export = find(desk.store, id_) or export
    if desk.kv.get(status_key(id_)) is None:
        note(desk.kv, id_, {"status": "queued"})
        desk.jobs.start(JOB, id_)
    return export


def _same(desk: Desk, by: str, wanted: Mapping[str, Any], key: str, id_: str) -> str:
    digest = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
    # The key may be anything that a client made up: only a digest of it is kept.
    name = f"idem/{hashlib.sha256(f'{by}|{key}'.encode(errors='replace')).hexdigest()}"
    value = f"{id_} {digest}"
    if desk.kv.put(name, value, ttl_seconds=_IDEMPOTENT_SECONDS, if_absent=True):
        return id_
    before, _, then = (desk.kv.get(name) or value).partition(" ")
    if then != digest:
        raise ReusedKeyError("this Idempotency-Key came before with another request")
    return before


def find(store: Store, id_: str) -> Export | None:
    """Return what was asked for under an id, or None."""
    data = store.get(_key(id_)) if is_id(id_) else None
    return None if data is None else Export(**json.loads(data))


def is_id(text: str) -> bool:
    """Say whether a text may be the id of a run."""
    return len(text) <= 40 and text.isascii() and text.replace("-", "").isalnum()


def note(kv: KeyValue, id_: str, status: Mapping[str, Any]) -> None:
    """Write how an export goes."""
    kv.put(status_key(id_), json.dumps(status), ttl_seconds=KEEP_SECONDS)


def is_over(kv: KeyValue, id_: str) -> bool:
    """Say whether an export has come to its end."""
    return json.loads(kv.get(status_key(id_)) or "{}").get("status") in OVER


def status_key(id_: str) -> str:
    """Name the small state of an export."""
    return f"export/{id_}"


def show(desk: Desk, id_: str) -> dict[str, Any] | None:
    """Return all that is known of an export, or of a run that was started from a shell."""
    export = find(desk.store, id_)
    if export is None:
        return _run(desk.store, id_) if is_id(id_) else None
    asked = {k: v for k, v in asdict(export).items() if k != "approve"}
    status = json.loads(desk.kv.get(status_key(id_)) or '{"status": "forgotten"}')
    return {**asked, **status}


def _run(store: Store, run: str) -> dict[str, Any] | None:
    plan = read_plan(store, run)
    if plan is None:
        return None
    data = store.get(f"runs/{run}.json")
    report: dict[str, Any] = json.loads(data) if data else {"status": _state(plan)}
    named = {"id": run, "run": run, "audience": plan.audience, "to": plan.destination}
    repair = bool(plan.inputs.get("repair"))
    how = {"mode": plan.mode, "at": plan.as_of, "dry_run": plan.dry_run, "repair": repair}
    return named | how | report


def _state(plan: Plan) -> str:
    if plan.dry_run:
        return "dry_run"
    return "stopped" if plan.stopped else "planned"


def recent(desk: Desk, most: int, before: str = "") -> list[dict[str, Any]]:
    """Return the newest exports and runs, newest first, those with an id below `before`."""
    asked = _newest(desk.store, "exports/", ".json", before)[:most]
    found = {id_: shown for id_ in asked if (shown := show(desk, id_))}
    own = {shown.get("run") for shown in found.values()}
    for id_ in _newest(desk.store, "outbox/", "/plan.json", before)[: most + len(own)]:
        if id_ not in own and (shown := _run(desk.store, id_)):
            found[id_] = shown
    return [found[id_] for id_ in sorted(found, reverse=True)[:most]]


def _newest(store: Store, prefix: str, suffix: str, before: str) -> list[str]:
    keys = (file.key for file in store.list(prefix) if file.key.endswith(suffix))
    ids = (key.removeprefix(prefix).removesuffix(suffix) for key in keys)
    return sorted((id_ for id_ in ids if not before or id_ < before), reverse=True)


def approve(desk: Desk, by: str, id_: str, token: str = "") -> Export:
    """Ask again for what the guard stopped, with the token that lets exactly that pass.

    Raises:
        NotStoppedError: when it was not stopped, or with another token than the one given.
    """
    shown = show(desk, id_) or {}
    held = str(shown.get("token") or "")
    if shown.get("status") != "stopped" or not held or token not in ("", held):
        raise NotStoppedError("the run was not stopped by the guard, or not with this token")
    wanted = {
        "audience": shown["audience"],
        "to": shown["to"],
        "mode": shown["mode"],
        "dry_run": False,
        "approve": held,
    }
    if shown.get("repair"):  # else it would be another plan than the one that was looked at
        wanted["repair"] = True
    return ask(desk, by, wanted, f"approve {id_}")


def _key(id_: str) -> str:
    return f"exports/{id_}.json"
