"""Notices: tells people of a run that failed, was stopped, or of which less was taken than before.

No notice holds an identifier, and none ever fails a run: what could not be told is logged, and told
at the next occasion.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audiences.flows.unasked import is_for_people, warning, what_next
from audiences.flows.untold import Untold
from shared.log import log
from shared.ports import KeyValue, Notice, Notify
from shared.redact import scrub

_LEAST_ROWS = 100  # of fewer rows a share says little
_NEXT: Mapping[str, str] = {
    "configuration": "mend the file or setting that is named, then sync again",
    "credential": "renew the credentials that the destination names, then sync again",
    "data": "mend the input that is named, then sync again",
    "retryable": "nothing was lost: sync again, it goes on where it stopped",
    "rejected": "read the platform's words; it takes nothing until what they name is mended",
    "integrity": "somebody changed what was written: bridge run verify, before anything else",
    "busy": "another run of this pair goes on: look at it first",
    "guard": "look at what it would change, and approve it or mend the source",
}
_BUG = "see the log of the bridge at this time"


@dataclass(frozen=True, slots=True)
class Teller:
    """Who is told, and from which loss of match rate on."""

    notify: Mapping[str, Notify]  # by the names under which it is noted who has heard
    kv: KeyValue
    match_rate_drop: float = 10.0  # percentage points

    def tell_of(self, told: Mapping[str, Any], once: str = "") -> None:
        """Tell of a run as its report has it, or of a failure: `code`, `detail`, the pair.

        A run is told of once, by its name or by `once`; a dry run never. Whoever has not heard of
        an earlier one does so now.
        """
        if told.get("status") == "dry_run" or told.get("dry_run"):
            return
        try:
            mark, also = once or str(told.get("run") or ""), unmapped(told)
            self._tell(self._judged(told), mark)
            self._keep_share(told)
            if also is not None:
                self._tell(also, mark)
        except Exception as error:  # noqa: BLE001 - a notice never fails a run
            log("not_notified", level="error", error=error, run=told.get("run"))

    def tell(self, notice: Notice | None, once: str) -> None:
        """Tell of something else than a run, once by its name."""
        try:
            self._tell(notice, once)
        except Exception as error:  # noqa: BLE001 - a notice never fails what it is about
            log("not_notified", level="error", error=error)

    def catch_up(self) -> None:
        """Tell whoever has not heard of something yet."""
        self.tell(None, "")

    def _tell(self, notice: Notice | None, once: str) -> None:
        Untold(self.notify, self.kv).tell(notice, once or secrets.token_hex(8))

    def _judged(self, told: Mapping[str, Any]) -> Notice | None:
        match told.get("status"):
            case "failed":
                return failed(told)
            case "stopped":
                return _stopped(told)
            case "done":
                return self._less_taken(told)
            case _:
                return None

    def _less_taken(self, told: Mapping[str, Any]) -> Notice | None:
        """Compare the accepted share with the last run of the pair."""
        rows, share = _taken(told)
        before = json.loads(self.kv.get(_share_key(told)) or "{}")
        if rows < _LEAST_ROWS or not before or before["run"] == told["run"]:
            return None
        if before["share"] - share <= self.match_rate_drop:
            return None
        return Notice(
            kind="match_rate",
            title=f"{_pair(told)}: fewer rows were taken",
            text=f"{share:.1f} % of {rows:,} rows were taken, {before['share']:.1f} % in the run "
            "before",
            next="look at the reasons in `bridge run show` and `bridge report match-loss`: a "
            "source that changed its format is the commonest",
            facts=_facts(told) | {"before": str(before["run"])},
        )

    def _keep_share(self, told: Mapping[str, Any]) -> None:
        """Keep what the next run is compared with, once this one has been told of."""
        rows, share = _taken(told)
        if told.get("status") == "done" and rows >= _LEAST_ROWS:
            self.kv.put(_share_key(told), json.dumps({"run": told["run"], "share": share}))


def _share_key(told: Mapping[str, Any]) -> str:
    return f"match_rate/{told['destination']}/{told['audience']}"


def _taken(told: Mapping[str, Any]) -> tuple[int, float]:
    """Return how many rows a run has sent, and the percentage that was accepted."""
    rows = sum(int(told.get(name) or 0) for name in ("accepted", "rejected", "unknown"))
    return rows, 100 * int(told.get("accepted") or 0) / max(rows, 1)


def failed(told: Mapping[str, Any]) -> Notice:
    """Make the notice of a run that failed: what an error said, and what it asks for."""
    code = str(told.get("code") or "error")
    return Notice(
        kind="failed",
        title=f"{_pair(told)} failed",
        text=scrub(str(told.get("detail") or code)),
        next=_NEXT.get(code, _BUG),
        facts=_facts(told) | {"code": code},
    )


def unmapped(told: Mapping[str, Any]) -> Notice | None:
    """Make the notice of a run whose contacts were not mapped, where a person must mend that."""
    unasked = told.get("unasked") or {}
    if told.get("status") not in ("done", "stopped") or not is_for_people(unasked):
        return None
    return Notice(
        kind="unmapped",
        title=f"{_pair(told)}: contacts are not mapped",
        text=scrub(warning(unasked)),
        next=f"{what_next(unasked)}, then sync again",
        facts=_facts(told) | {"code": str(unasked["code"])},
    )


def _stopped(told: Mapping[str, Any]) -> Notice:
    command = f"bridge sync {told['audience']} {told['destination']} --approve {told['token']}"
    return Notice(
        kind="stopped",
        title=f"{_pair(told)} was stopped by the guard",
        text=f"{told['stopped']}. Nothing was sent",
        next=f"look at `bridge run show {told['run']}`; a source that did not come is the "
        f"commonest reason. If it is right: {command}",
        facts=_facts(told),
    )


def _pair(told: Mapping[str, Any]) -> str:
    return f"{told.get('audience', '?')} → {told.get('destination', '?')}"


def _facts(told: Mapping[str, Any]) -> dict[str, str]:
    names = ("run", "audience", "destination", "status")
    return {name: str(told[name]) for name in names if told.get(name)}
