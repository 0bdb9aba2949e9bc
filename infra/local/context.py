"""What every command takes: the workspace's folder, the instant, and how to answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from audiences.flows.workspace import Workspace
from infra.local.output import Output
from infra.local.runtime import open_workspace
from shared.clock import parse_instant

AsOf = Annotated[
    str, typer.Option("--as-of", metavar="TIME", help="Work as if it were this instant.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")]
Folder = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-C",
        metavar="DIR",
        envvar="BRIDGE_WORKSPACE",
        help="The workspace's folder.",
    ),
]
HERE = Path()


@contextmanager
def work(folder: Path, as_of: str, output: Output) -> Iterator[Workspace]:
    """Open the workspace for one command, with progress shown while the block runs."""
    instant = parse_instant(as_of) if as_of else None
    with output.progress() as progress:
        yield open_workspace(folder.resolve(), as_of=instant, progress=progress)
