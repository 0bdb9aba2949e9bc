"""`bridge --remote URL sync`: let a stack bring a platform in step, and wait for the end."""

from __future__ import annotations

import json as json_
import secrets
from typing import Any

import typer
from rich.console import Console

from audiences.flows.run_report import Report
from infra.local.commands.sync import (
    Approve,
    AudienceName,
    DestinationName,
    DryRun,
    Mode,
    Repair,
    show,
)
from infra.local.context import Json
from infra.local.output import Output
from infra.local.remote.api import Remote, part
from infra.local.remote.context import stack
from shared.errors import DataError, GuardError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sync")(sync)


def sync(
    ctx: typer.Context,
    audience: AudienceName,
    destination: DestinationName,
    mode: Mode = "",
    dry_run: DryRun = False,
    approve: Approve = "",
    repair: Repair = False,
    json: Json = False,
) -> None:
    """Add and remove until the platform holds exactly the audience; Ctrl-C leaves the run going."""
    output, remote = Output(json), stack(ctx)
    wish: dict[str, Any]
    if approve:
        id_ = _stopped(remote, audience, destination, approve)
        path, wish = f"/runs/{part(id_)}/approve", {"token": approve}
    else:
        path = f"/audiences/{part(audience)}/exports"
        wish = {"to": destination, "mode": mode or None, "dry_run": dry_run}
        wish |= {"repair": True} if repair else {}  # an older stack knows no such word
    headers = {"content-type": "application/json", "idempotency-key": secrets.token_hex(16)}
    asked = remote.send("POST", path, json_.dumps(wish).encode(), headers)
    id_ = json_.loads(asked.body)["id"]
    output.note(f"asked for, as {id_} (bridge run show {id_})")
    with output.progress() as progress:
        run = remote.ended(f"/runs/{part(id_)}", lambda status: progress(status, 0))
    output.result(run, lambda console: _show(console, run))
    if run["status"] == "stopped":
        output.note(f"{run['stopped']}: look at it, then add --approve {run['token']}")
        raise typer.Exit(GuardError.exit_code)
    if run["status"] == "failed":
        raise DataError(f"the run failed ({run.get('code')}): {run.get('detail')}")


def _stopped(remote: Remote, audience: str, destination: str, token: str) -> str:
    for run in remote.get("/runs?limit=100")["runs"]:
        if (run["audience"], run["to"], run.get("token")) == (audience, destination, token):
            return str(run["id"])
    raise DataError("no run of this pair among the last hundred was stopped with that token")


def _show(console: Console, run: dict[str, Any]) -> None:
    names = Report.__slots__
    if run.get("run"):
        show(console, Report(**{name: run[name] for name in names if name in run}))
