"""Says why a sync sent nobody: an audience without members, or members that can't be matched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audiences.flows.match_loss import match_loss
from audiences.flows.places import held_table
from audiences.flows.run_report import Report
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot

_TOP = 3  # reasons that are told; the report match-loss has them all


@dataclass(frozen=True, slots=True)
class Nobody:
    """Why nothing was sent."""

    members: int  # of the audience as it was built, without those held out
    held: int  # rows that the platform holds already
    reasons: tuple[dict[str, Any], ...]  # members, says, fix: the most frequent first

    def as_json(self) -> dict[str, Any]:
        """Return it with stable names."""
        return {"members": self.members, "held": self.held, "reasons": [*self.reasons]}


def why_nobody(workspace: Workspace, report: Report, mode: str = "") -> Nobody | None:
    """Return why a run sent nobody, or None for one that sent somebody or did not end."""
    if report.requests or report.status not in ("done", "dry_run"):
        return None
    built = snapshot.latest(workspace.lake, f"members/{report.audience}")
    held = snapshot.latest(workspace.lake, held_table(report.destination, report.audience))
    if held is not None and held.rows:
        return Nobody(built.rows if built else 0, held.rows, ())
    if built is None or not built.rows:
        return Nobody(0, 0, ())
    loss = match_loss(workspace, report.audience, report.destination, mode=mode)
    lost = [one for one in loss.outcomes if one["outcome"] != "matched"]
    reasons = tuple({name: one[name] for name in ("members", "says", "fix")} for one in lost[:_TOP])
    return Nobody(loss.members, 0, reasons)
