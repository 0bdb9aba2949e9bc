"""`bridge resolve`: find who is who."""

from __future__ import annotations

import typer
from rich.console import Console

from audiences.flows.resolve import Resolved, resolve_people
from infra.local.context import HERE, AsOf, Folder, Json, work
from infra.local.output import Output, counted


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("resolve")(resolve)


def resolve(as_of: AsOf = "", folder: Folder = HERE, json: Json = False) -> None:
    """Join identifiers into people; a person keeps their id from run to run."""
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        found = resolve_people(workspace)
    output.result(found.as_json(), lambda console: _show(console, found))


def _show(console: Console, found: Resolved) -> None:
    console.print(
        f"[bold]{counted(found.people, 'person', 'people')}[/] and "
        f"[bold]{counted(found.anonymous, 'lone device')}[/] "
        f"from {counted(found.identifiers, 'live identifier')}"
    )
    if found.hubs:
        few = found.hubs == 1
        console.print(
            f"{counted(found.hubs, 'identifier')} {'is' if few else 'are'} shared by so many that "
            f"{'it identifies' if few else 'they identify'} nobody "
            "(see \\[resolve] max_shared in bridge.toml)"
        )
