"""`bridge key`: keys to the HTTP API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from audiences.flows.access import create_key, list_keys, revoke_key
from infra.local.context import HERE, PLAIN, AsOf, Folder, Json, work
from infra.local.output import Output, table
from shared.clock import Clock
from shared.errors import ConfigurationError, DataError
from shared.ports import KeyValue

app = typer.Typer(
    name="key", help="Create, list and revoke keys to the API.", no_args_is_help=True, **PLAIN
)
State = Annotated[
    str,
    typer.Option(
        "--state",
        metavar="TABLE",
        envvar="BRIDGE_STATE",
        help="For a stack in AWS: its table of small state, the output `State`.",
    ),
]


@contextmanager
def _keeper(
    state: str, folder: Path, as_of: str, output: Output
) -> Iterator[tuple[KeyValue, Clock]]:
    """Open where keys are kept: the table of a stack, else the workspace's small state."""
    if not state:
        with work(folder, as_of, output) as workspace:
            yield workspace.kv, workspace.clock
        return
    if as_of:
        raise ConfigurationError("--as-of is for a workspace on this machine: leave it out")
    from shared.aws.kv import connect  # noqa: PLC0415 - most calls need no AWS

    clock = Clock()
    yield connect(state, clock), clock


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who or what it is for.")],
    scope: Annotated[str, typer.Option("--scope", metavar="read|export|admin")] = "read",
    days: Annotated[int, typer.Option("--days", help="How long it lives.")] = 90,
    state: State = "",
    as_of: AsOf = "",
    folder: Folder = HERE,
    json: Json = False,
) -> None:
    """Make a key and show it once; only a hash of it is kept."""
    output = Output(json)
    with _keeper(state, folder, as_of, output) as (kv, clock):
        key, text = create_key(kv, clock, name, scope, days)
    output.note(f"{key.scope}, until {key.expires_at}; it is not shown again:")
    output.result(key.as_json() | {"key": text}, lambda c: c.print(text, soft_wrap=True))


@app.command("list")
def list_(state: State = "", as_of: AsOf = "", folder: Folder = HERE, json: Json = False) -> None:
    """List the live keys, without what they are."""
    output = Output(json)
    with _keeper(state, folder, as_of, output) as (kv, _):
        keys = list_keys(kv)
    columns = ("id", "name", "scope", "made_at", "expires_at")
    rows = [tuple(key.as_json()[name] for name in columns) for key in keys]
    value = {"keys": [key.as_json() for key in keys]}
    output.result(value, lambda c: c.print(table("Keys", columns, rows)))


@app.command()
def revoke(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    state: State = "",
    as_of: AsOf = "",
    folder: Folder = HERE,
    json: Json = False,
) -> None:
    """End a key at once."""
    output = Output(json)
    with _keeper(state, folder, as_of, output) as (kv, _):
        if not revoke_key(kv, id_):
            raise DataError("there is no live key with that id (bridge key list shows them)")
    output.result({"revoked": id_}, lambda c: c.print("revoked"))
