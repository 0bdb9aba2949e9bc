"""Want: all that a plan made now would want of an audience, and nothing of what it would send."""

from __future__ import annotations

from duckdb import DuckDBPyConnection as Connection

from audiences.destinations import Destination
from audiences.flows.plan import latest_inputs, read_tables
from audiences.flows.taking import check, taking
from audiences.flows.terms import terms_at
from audiences.flows.workspace import Workspace
from audiences.identifiers.packs import Pack
from audiences.match.desired import make_desired
from audiences.platforms.base import Platform
from audiences.rules.spec import Audience


def want(
    con: Connection,
    workspace: Workspace,
    audience: Audience,
    destination: Destination,
    mode: str,
    audience_id: str | None,
) -> tuple[Platform, Pack, dict[str, int]]:
    """Make the tables of `match.desired` from the newest state, by the steps of `make_plan`.

    Returns what the platform takes, by which rules, and why members fall out, counted, as the
    plan's `dropped`.

    Raises:
        ConfigurationError: as `make_plan`.
    """
    to, rules = taking(destination)
    lake, at, policy = workspace.lake, workspace.now(), destination.consent
    check(audience, to, mode)
    inputs = latest_inputs(lake, audience, destination.name)
    read_tables(con, lake, audience, destination, inputs, at, audience_id)
    terms = terms_at(workspace, destination, mode, at)
    dropped = make_desired(con, to, rules, audience.of, policy, terms)
    return to, rules, dropped
