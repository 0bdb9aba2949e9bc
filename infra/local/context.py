"""What every command takes: the workspace's folder, the instant, and how to answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared.clock import parse_instant
from shared.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from audiences.flows.workspace import Workspace
    from infra.local.output import Output

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
_YEARS = range(1990, 2200)
PLAIN: dict[str, Any] = {  # how every group of commands is made
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


@contextmanager
def work(folder: Path, as_of: str, output: Output) -> Iterator[Workspace]:
    """Open the workspace for one command, with progress shown while the block runs."""
    # Only a command that runs pays for opening a workspace: asking for help does not.
    from infra.local.runtime import open_workspace  # noqa: PLC0415

    instant = _instant(as_of) if as_of else None
    with output.progress() as progress:
        yield open_workspace(folder.resolve(), as_of=instant, progress=progress)


def _instant(text: str) -> datetime:
    try:
        instant = parse_instant(text)
    except OverflowError:
        instant = datetime.min.replace(tzinfo=UTC)
    if instant.year not in _YEARS:
        message = f"--as-of {text!r} is in no year that a lake can be of"
        raise ConfigurationError(Fault("", message, "write 2026-11-21 or 2026-11-21T06:00Z"))
    return instant
