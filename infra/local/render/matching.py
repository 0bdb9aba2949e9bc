"""Match loss and match rate for a terminal: what was lost on the way, and what was taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from audiences.flows.match_loss import MatchLoss
from audiences.reports.match_rate import MatchRate
from infra.local.output import table
from infra.local.render.words import count, percent

_DETAILS = 4
_MEANT = ("held_out", "consent_denied", "same_as_another", "uid2_optout")  # lost, and rightly


def loss_table(loss: MatchLoss) -> RenderableType:
    """Show a match-loss report: the verdict, then each outcome with what to do."""
    parts: list[RenderableType] = [_verdict(loss)]
    if loss.suppressed:
        told = f"  suppressed before they were members: {count(loss.suppressed)}"
        parts.append(Text(told, style="dim"))
    parts += [Text(), _outcomes(loss)]
    if loss.fields:
        rows = [
            (f["members"], f["field"], f["reason"], f["matched"], f["fix"]) for f in loss.fields
        ]
        heads = ("members", "field", "refused as", "matched all the same", "what to do")
        parts += [Text(), table("Fields that could not be used", heads, rows)]
    if loss.matched:
        made = [(k["members"], k["wire"], ", ".join(k["types"])) for k in loss.keys]
        columns = ("members", "there called", "made of")
        parts += [Text(), table("What they are matched by", columns, made)]
    if loss.file:
        told = f"{count(loss.lines)} lines for the owners of the data are in {loss.file}"
        parts += [Text(), Text(told)]
    return Group(*parts)


def _verdict(loss: MatchLoss) -> Text:
    share = percent(loss.matched, loss.members)
    told = (
        f"{share} of {loss.audience} can be matched on {loss.destination}: "
        f"{count(loss.matched)} of {count(loss.members)} members."
    )
    return Text(told if loss.members else f"{loss.audience} has no members.", style="bold")


def _outcomes(loss: MatchLoss) -> Table:
    shown = Table.grid(padding=(0, 1))
    shown.add_column(min_width=3, justify="right")
    shown.add_column(min_width=7, justify="right", no_wrap=True)
    shown.add_column(ratio=1)
    by_outcome: dict[str, list[dict[str, Any]]] = {}
    for one in loss.outcomes:
        by_outcome.setdefault(one["outcome"], []).append(one)
    for outcome, alike in by_outcome.items():
        mark, style = _mark(outcome)
        members = sum(one["members"] for one in alike)
        says = Text.assemble(alike[0]["says"], "  ", (_details(alike), "dim"))
        if outcome == "type_not_taken":
            says.append(f"\n{loss.platform} takes {', '.join(loss.takes)}", "dim")
        if alike[0]["fix"] and outcome not in _MEANT:
            says.append(f"\n→ {alike[0]['fix']}")
        shown.add_row(Text(mark, style), Text(count(members), style), says)
    return shown


def _details(alike: Sequence[dict[str, Any]]) -> str:
    """Say the commonest details of one outcome, with their members where there are several."""
    told = [(one["detail"], one["members"]) for one in alike if one["detail"]]
    if len(told) == 1:
        return str(told[0][0])
    more = f"; {len(told) - _DETAILS} more" if len(told) > _DETAILS else ""
    return "; ".join(f"{detail}: {count(members)}" for detail, members in told[:_DETAILS]) + more


def _mark(outcome: str) -> tuple[str, str]:
    if outcome == "matched":
        return "✓", "green"
    return ("·", "dim") if outcome in _MEANT else ("✗", "red")


def rate_table(rate: MatchRate) -> RenderableType:
    """Show a match-rate report."""
    if not rate.pairs:
        return Text("Nothing was ever sent (bridge sync AUDIENCE DESTINATION).")
    columns = ("audience → destination", "rows sent", "taken", "refused", "unknown", "why not")
    rows = [
        (
            f"{one.audience} → {one.destination}",
            one.sent,
            Text(f"{count(one.accepted)} ({percent(one.accepted, one.sent)})"),
            one.rejected,
            one.unknown,
            ", ".join(f"{reason} {count(rows)}" for reason, rows in one.reasons[:3]),
        )
        for one in rate.pairs
    ]
    told = "Taken means that the platform kept the row; whom it then recognises, it tells nobody."
    return Group(table("Sent and taken", columns, rows), Text(), Text(told, style="dim"))
