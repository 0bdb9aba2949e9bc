"""`bridge --remote URL audience`: list a stack's audiences, and write one."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import Annotated

import typer

from infra.local.context import PLAIN, Json
from infra.local.output import Output, table
from infra.local.remote.api import part
from infra.local.remote.context import stack
from shared.errors import ConfigurationError, DataError

app = typer.Typer(
    name="audience", help="List a stack's audiences, write one.", no_args_is_help=True, **PLAIN
)


@app.command("list")
def list_(ctx: typer.Context, json: Json = False) -> None:
    """List the audiences with their last size."""
    found = stack(ctx).get("/audiences")["audiences"]
    rows = []
    for each in found:
        built = each["built"] or {}
        facts = (each["title"], each["of"], built.get("rows"), built.get("at"))
        rows.append((each["name"], *facts, ", ".join(each["to"])))
    columns = ("audience", "title", "of", "rows", "built_at", "to")
    Output(json).result({"audiences": found}, lambda c: c.print(table("Audiences", columns, rows)))


@app.command()
def put(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON.")],
    json: Json = False,
) -> None:
    """Write an audience's file; nothing is written while it has a fault.

    One that changes on the stack meanwhile is left as it is.
    """
    try:
        text = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    remote = stack(ctx)
    listed = remote.get("/audiences")["audiences"]
    tag = next((each["etag"] for each in listed if each["name"] == name), None)
    expected = {"if-none-match": "*"} if tag is None else {"if-match": tag}
    # It came through though its answer was lost, or it is as it was: both are what is wanted.
    try:
        told = json_.loads(remote.send("PUT", f"/audiences/{part(name)}", text, expected).body)
    except DataError:
        if remote.send("GET", f"/audiences/{part(name)}").body != text:
            raise
        told = {"name": name}
    word = "written" if tag is None else "replaced"
    Output(json).result(told, lambda c: c.print(f"{name} is {word}"))
