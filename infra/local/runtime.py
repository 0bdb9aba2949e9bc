"""Opens a workspace folder: settings, lake and adapters, wired once and in one place."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from audiences.flows.workspace import Progress, Workspace, silent
from audiences.identifiers.catalog import CATALOG
from audiences.lake.lake import open_lake
from infra.local.http import RequestsHttp
from infra.local.kv import SqliteKeyValue
from infra.local.secrets import LocalSecrets
from infra.local.store import open_store
from shared import log, settings
from shared.clock import Clock
from shared.errors import ConfigurationError, RetryableError

STATE = ".bridge"  # what the machine keeps for itself: state, locks, scratch files, the secret


def open_workspace(
    folder: Path, *, as_of: datetime | None = None, progress: Progress = silent
) -> Workspace:
    """Open the workspace in a folder.

    Raises:
        ConfigurationError: when it is no workspace, or for every fault in its settings.
    """
    found = settings.load(folder, id_types=CATALOG)
    log.configure(os.environ.get("BRIDGE_LOG") or found.log_level)
    state = folder / STATE
    secrets = LocalSecrets(folder)
    secret = secrets.resolve(found.secret).strip()
    if len(secret) < 16:
        raise ConfigurationError("the workspace's secret is shorter than 16 characters")
    store = open_store(found)
    lake = open_lake(store, state / "scratch", endpoint=found.s3.endpoint, region=found.s3.region)
    return Workspace(
        settings=found,
        secret=secret,
        lake=lake,
        kv=SqliteKeyValue(state / "state.sqlite", Clock()),
        http=RequestsHttp(),
        secrets=secrets,
        clock=Clock(as_of),
        sleep=time.sleep,
        lock=_Locks(state / "locks").hold,
        audiences=_files(folder / "audiences"),
        destinations=_files(folder / "destinations"),
        memory=os.environ.get("BRIDGE_MEMORY", "2GB"),
        progress=progress,
    )


def _files(folder: Path) -> Mapping[str, str]:
    return {
        path.stem: path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(folder.glob("*.yaml"))
    }


class _Locks:
    """Locks that the operating system lets go of when their holder dies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold a name until the block ends.

        Raises:
            RetryableError: when another process holds it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{name.replace('/', '__')}.lock"
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                message = f"another process is at work on {name}; run again when it is done"
                raise RetryableError(message) from error
            yield
