"""`bridge sandbox`: the stand-in ad platforms, on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.local.output import Output


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sandbox")(sandbox)


def sandbox(port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8900) -> None:
    """Answer as the real platforms document it, until interrupted."""
    from infra.sandbox.server import serve  # noqa: PLC0415 - only this command needs a server

    Output().note(
        f"the sandbox listens on http://127.0.0.1:{port} "
        "(/meta, /google, /the_trade_desk; its back door is /_sandbox/state); Ctrl-C ends it"
    )
    serve(port)
