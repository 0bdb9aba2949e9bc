"""Match loss: why each member of an audience can or can't be matched at one destination."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection as Connection

from audiences.destinations import Destination
from audiences.flows import load
from audiences.flows.prepare import known_id
from audiences.flows.report import built_audiences
from audiences.flows.terms import terms_at
from audiences.flows.want import want
from audiences.flows.workspace import Workspace
from audiences.ingest.rejects import fix
from audiences.lake import query, snapshot
from audiences.match.attributes import spoken_types
from audiences.match.handback import HEADER, fix_of, handback_sql
from audiences.match.losses import (
    OUTCOMES,
    as_dropped,
    counted,
    counted_keys,
    make_losses,
    taken_types,
)
from audiences.match.refused import counted as counted_fields
from audiences.match.refused import make_refused
from audiences.platforms.base import Key
from audiences.rules.spec import Audience
from shared.clock import iso
from shared.errors import IntegrityError


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchLoss:
    """The autopsy of one audience at one destination; members add up to `members` exactly."""

    as_of: str
    audience: str
    destination: str
    platform: str
    takes: tuple[str, ...]  # the identifier types that the platform takes
    members: int
    matched: int
    suppressed: int | None  # taken out before they were members; None: not noted
    dropped: dict[str, int]  # as the plan counts them
    outcomes: tuple[dict[str, Any], ...]
    fields: tuple[dict[str, Any], ...]
    keys: tuple[dict[str, Any], ...]  # members in the plan by each wire name
    file: str = ""
    lines: int = 0  # of the file

    def as_json(self) -> dict[str, Any]:
        """Return the report with the keys of docs/reports.md."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return (
            {"report": "match-loss"}
            | told
            | {
                "takes": [*self.takes],
                "outcomes": [*self.outcomes],
                "fields": [*self.fields],
                "keys": [*self.keys],
            }
        )


def match_loss(
    workspace: Workspace,
    audience: str,
    destination: str,
    *,
    mode: str = "",
    file: Path | None = None,
    show_values: bool = False,
) -> MatchLoss:
    """Say of every member what a plan made now would do with it, and why.

    With `file`, what the sources' owners can mend is written there as CSV; values only when asked.

    Raises:
        ConfigurationError: as a plan, or when the audience was never built.
    """
    rule, to = load.audience(workspace, audience), load.destination(workspace, destination)
    built_audiences(workspace, [audience])
    own = next((entry.mode for entry in rule.sync if entry.to == destination), "mirror")
    with query.connect(workspace.lake.scratch, workspace.memory) as con:
        types, dropped, keys = _examine(con, workspace, rule, to, mode or own)
        lines = _write(con, handback_sql(to.consent), file, show_values) if file else 0
        counts, fields = counted(con), counted_fields(con)
    built = snapshot.latest(workspace.lake, f"members/{audience}")
    return MatchLoss(
        as_of=iso(workspace.now()),
        audience=audience,
        destination=destination,
        platform=to.platform,
        takes=types,
        members=sum(members for _, _, members in counts),
        matched=sum(members for outcome, _, members in counts if outcome == "matched"),
        suppressed=built.about.get("suppressed") if built else None,
        dropped=dropped,
        outcomes=tuple(_outcome(*each) for each in counts),
        fields=tuple(_field(*each) for each in fields),
        keys=keys,
        file=str(file or ""),
        lines=lines,
    )


def _examine(
    con: Connection, workspace: Workspace, rule: Audience, to: Destination, mode: str
) -> tuple[tuple[str, ...], dict[str, int], tuple[dict[str, Any], ...]]:
    """Make `losses` and `refused_fields`; return types taken, the plan's own counts, and keys."""
    audience_id = known_id(workspace, to, rule.name)
    takes, rules, dropped = want(con, workspace, rule, to, mode, audience_id)
    con.register("all_rejects", workspace.lake.log("rejects"))
    terms = terms_at(workspace, to, mode, workspace.now())
    types, spoken = taken_types(takes, rules, terms.identity), spoken_types(takes, rules)
    make_refused(con, rule.of, workspace.settings.default_country, types, spoken)
    make_losses(con, takes, rules, rule.of, to.consent, terms)
    if as_dropped(counted(con)) != dropped:
        # Better no report than one that tells another story than the plan.
        raise IntegrityError("the outcomes do not add up to the plan's own counts")
    return types, dropped, tuple(_key(*each) for each in counted_keys(con, takes))


def _key(key: Key, members: int) -> dict[str, Any]:
    return {"wire": key.wire, "types": [*key.types], "members": members}


def _outcome(outcome: str, detail: str, members: int) -> dict[str, Any]:
    about = OUTCOMES[outcome]
    return {
        "outcome": outcome,
        "detail": detail,
        "members": members,
        "says": about.says,
        "fix": about.fix,
    }


def _field(field: str, reason: str, members: int, matched: int) -> dict[str, Any]:
    return {
        "field": field,
        "reason": reason,
        "members": members,
        "matched": matched,
        "fix": fix(reason),
    }


def _write(con: Connection, sql: str, file: Path, show_values: bool) -> int:
    """Write the lines of the file; return how many."""
    count = 0
    file.touch(mode=0o600)  # it is about people, though it names none
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*HEADER, "fix", *(["value"] if show_values else [])])
        for line in _lines(con, sql, show_values):
            writer.writerow(line)
            count += 1
    return count


def _lines(con: Connection, sql: str, show_values: bool) -> Iterator[list[Any]]:
    for batch in query.batches(con, sql):
        for row in batch.to_pylist():
            told = fix_of(row["reason"], fix(row["reason"]))
            matched = "yes" if row["matched"] else "no"
            cells = [row[name] for name in HEADER[:-1]] + [matched, told]
            yield [*cells, row["value"]] if show_values else cells
