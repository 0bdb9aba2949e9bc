"""`bridge serve`: the collector and the API on this machine, with their worker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.local.context import HERE, Folder
from infra.local.output import Output

if TYPE_CHECKING:
    from infra.local.worker import Worker


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8800,
    origin: Annotated[
        list[str] | None,
        typer.Option("--origin", help="A page's origin that may call the collector; repeatable."),
    ] = None,
    folder: Folder = HERE,
) -> None:
    """Answer tracking calls and the API until interrupted, and absorb calls within a second."""
    # Only this command needs a server and both applications.
    from infra.local.listen import HOST, listen, run  # noqa: PLC0415
    from infra.local.worker import working  # noqa: PLC0415

    here = folder.resolve()
    with working(here) as worker:
        listening = listen(port)
        app = both(here, worker, origin or [])
        Output().note(
            f"the collector listens on http://{HOST}:{port}/v1/ (write keys: bridge.toml), "
            f"the API on http://{HOST}:{port}/ (keys: bridge key create); Ctrl-C ends it"
        )
        run(app, listening)


def both(folder: Path, worker: Worker, origins: list[str]) -> Any:
    """Return one application: the collector below `/v1/`, the API for everything else."""
    from audiences.flows.collect import Collector, read_write_keys  # noqa: PLC0415
    from audiences.flows.define import Files  # noqa: PLC0415
    from audiences.flows.exports import Desk  # noqa: PLC0415
    from functions.api import app as api  # noqa: PLC0415
    from functions.api.desk import Api  # noqa: PLC0415
    from functions.collect import app as collect  # noqa: PLC0415
    from infra.local.jobs import QueueJobs  # noqa: PLC0415
    from infra.local.runtime import open_workspace  # noqa: PLC0415
    from infra.local.store import FileStore  # noqa: PLC0415

    workspace = open_workspace(folder)
    kv, clock = workspace.kv, workspace.clock
    collector = Collector(
        queue=worker.calls,
        kv=kv,
        clock=clock,
        secret=workspace.secret,
        write_keys=read_write_keys(workspace.settings.write_keys),
        partners=frozenset(workspace.settings.partners),
    )
    files = Files(FileStore(folder / "audiences"), FileStore(folder / "destinations"), kv)
    desk = Desk(workspace.lake.store, kv, QueueJobs(worker.jobs), clock)
    collecting = collect.application(collector, origins)
    answering = api.application(Api(files, desk))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        chosen = collecting if str(scope.get("path", "")).startswith("/v1/") else answering
        await chosen(scope, receive, send)

    return app
