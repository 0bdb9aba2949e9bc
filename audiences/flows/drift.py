"""Drift: how many a platform says that an audience holds, against how many we hold it to hold.

A platform counts people whom it recognises, and we count members whom it took: fewer there than
here is the match rate, and no fault. What tells is more there than here, as somebody else sends
too, and a share that fell against an earlier reading, as the platform has lost some.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from audiences import schemas
from audiences.delivery.sizing import read_size
from audiences.flows import load
from audiences.flows.places import held_table, place_of
from audiences.flows.sessions import open_session
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.lake.query import connect, one, timestamp
from audiences.platforms.base import Size
from shared.clock import iso, parse_instant
from shared.errors import BridgeError
from shared.ports import Notice

_SETTLING = timedelta(hours=24)  # platforms say that a list takes so long to be counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One audience on one platform, counted by both."""

    audience: str
    destination: str
    list: str
    ours: int  # members that it took and should hold
    uncertain: int  # members of whom no answer came; not among `ours`
    theirs_low: int | None
    theirs_high: int | None
    difference: int | None  # theirs less ours, to the nearer end; null: not known
    verdict: str  # in_step | more | fewer | unknown
    since: str | None  # since when the verdict is more or fewer
    sure: str  # exact | range | settling | hidden | no_answer
    adopted: bool  # the audience was there before the bridge: it may hold others too
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the reading with stable names."""
        return {name: getattr(self, name) for name in self.__slots__}


def drift_report(workspace: Workspace, audiences: tuple[str, ...] = ()) -> list[Drift]:
    """Ask every platform for the size of what it holds, and tell people of what drifts.

    Raises:
        ConfigurationError: when one of the audiences is unknown.
    """
    for name in audiences:
        load.audience(workspace, name)
    pairs = [
        (to, name)
        for to in sorted(workspace.destinations)
        for name in audiences or sorted(workspace.audiences)
    ]
    found = [drift for to, name in pairs if (drift := _of(workspace, to, name)) is not None]
    for drift in found:
        if drift.verdict in ("more", "fewer"):
            workspace.teller().tell(_notice(drift), f"{drift.list}/{drift.since}")
    return found


def _of(workspace: Workspace, to: str, audience: str) -> Drift | None:
    held = snapshot.latest(workspace.lake, held_table(to, audience))
    if held is None or not held.about.get("audience_id"):
        return None
    ours, uncertain = _counted(workspace, held)
    run = str(held.about.get("run", ""))
    drift = Drift(
        audience=audience,
        destination=to,
        list=str(held.about["audience_id"]),
        ours=ours,
        uncertain=uncertain,
        theirs_low=None,
        theirs_high=None,
        difference=None,
        verdict="unknown",
        since=None,
        sure="hidden",
        adopted=workspace.kv.get(f"adopted/{held.about.get('place')}/{audience}") is not None,
        detail="" if run else "nothing was settled yet",
    )
    try:
        size = _size(workspace, to, audience, str(held.about["audience_id"]), held.about)
    except BridgeError as error:
        return replace(drift, sure="no_answer", detail=str(error))
    if size is None or (size.low is None and size.high is None):
        return drift
    settling = workspace.now() - parse_instant(str(held.about["at"])) < _SETTLING
    return _judged(workspace, drift, size, settling)


def _counted(workspace: Workspace, held: snapshot.Snapshot) -> tuple[int, int]:
    lake, alive = workspace.lake, timestamp(workspace.now())
    with connect(lake.scratch, workspace.memory) as con:
        con.register("held_before", snapshot.dataset(lake, held, schemas.HELD))
        ours, everybody = one(
            con,
            "SELECT count(DISTINCT member) FILTER (state = 'held'), count(DISTINCT member) "
            f"FROM held_before WHERE forgets_at IS NULL OR forgets_at > {alive}",
        )
    return int(ours), int(everybody) - int(ours)


def _size(workspace: Workspace, to: str, audience: str, list_: str, about: Any) -> Size | None:
    there = load.destination(workspace, to)
    if about.get("place") != place_of(there):
        return None  # it leads to another place than what we hold it to hold
    session = open_session(workspace.bench(), there, audience)
    session.target = replace(session.target, audience_id=list_)
    try:
        return read_size(session)
    finally:
        if session.quota is not None:
            session.quota.give_back()


def _judged(workspace: Workspace, drift: Drift, size: Size, settling: bool) -> Drift:
    low = size.low if size.low is not None else 0
    high = size.high
    exact = "exact" if low == high else "range"
    nearer = low if low > drift.ours else high if high is not None else low
    inside = low <= drift.ours and (high is None or high >= drift.ours)
    told = replace(
        drift,
        theirs_low=size.low,
        theirs_high=high,
        difference=0 if inside else nearer - drift.ours,
        sure="settling" if settling else exact,
    )
    if settling:
        return told
    verdict = _verdict(workspace, told)
    return replace(told, verdict=verdict, since=_since(workspace, told, verdict))


def _verdict(workspace: Workspace, told: Drift) -> str:
    limit = workspace.settings.notify.drift_percent / 100
    if (told.theirs_low or 0) > told.ours * (1 + limit):
        return "more"
    if told.theirs_high is None or not told.ours:
        return "in_step"
    key, share = f"share/{told.destination}/{told.list}", told.theirs_high / told.ours
    best = float(workspace.kv.get(key) or 0)
    if share >= best:
        workspace.kv.put(key, f"{share:.6f}")
    return "fewer" if share < best * (1 - limit) else "in_step"


def _since(workspace: Workspace, told: Drift, verdict: str) -> str | None:
    key = f"drift/{told.destination}/{told.list}"
    if verdict == "in_step":
        workspace.kv.delete(key)
        return None
    before = json.loads(workspace.kv.get(key) or "{}")
    if before.get("verdict") == verdict:
        return str(before["since"])
    since = iso(workspace.now())
    workspace.kv.put(key, json.dumps({"verdict": verdict, "since": since}))
    return since


def _notice(drift: Drift) -> Notice:
    pair = f"{drift.audience} → {drift.destination}"
    high = "" if drift.theirs_high in (None, drift.theirs_low) else f" to {drift.theirs_high:,}"
    repair = f"bridge sync {drift.audience} {drift.destination} --repair"
    others = "somebody else adds to this list, or it was there before: look at it on the platform"
    return Notice(
        kind="drift",
        title=f"{pair}: the platform holds {drift.verdict} than it should",
        text=f"the platform says {drift.theirs_low or 0:,}{high}, we hold it to hold "
        f"{drift.ours:,}, since {drift.since}",
        next=others if drift.verdict == "more" else f"{repair} --dry-run, and then without it",
        facts={"audience": drift.audience, "destination": drift.destination},
    )
