"""`bridge expire`: sweep what is over."""

from __future__ import annotations

import typer

from audiences.flows.expire import expire
from infra.local.context import HERE, AsOf, Folder, Json, work
from infra.local.output import Output, counted


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("expire")(expire_)


def expire_(as_of: AsOf = "", folder: Folder = HERE, json: Json = False) -> None:
    """Delete partitions whose every id has expired, and files past their time.

    Nothing that has expired was readable before either; this only frees the space.
    """
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        swept = expire(workspace)
    output.result(
        swept.as_json(),
        lambda console: console.print(
            f"swept {counted(swept.rows, 'row')} in {counted(swept.partitions, 'partition')}, "
            f"and {counted(swept.files, 'other file')}"
        ),
    )
