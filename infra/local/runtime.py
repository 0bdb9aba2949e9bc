"""Opens a workspace folder: settings, lake and adapters, wired once and in one place."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from audiences.flows.bench import Progress, silent
from audiences.flows.workspace import Workspace
from audiences.identifiers.catalog import CATALOG
from audiences.lake.lake import open_lake
from infra.local.kv import SqliteKeyValue
from infra.local.secrets import LocalSecrets
from infra.local.store import open_store
from shared import log, settings
from shared.clock import Clock
from shared.errors import ConfigurationError, Fault, RetryableError
from shared.notify import notifying
from shared.ports import Http, Notify, Store
from shared.requests_http import RequestsHttp
from shared.transports import transports

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
    secret = _secret(secrets, found)
    store = _store(found)
    scratch = _scratch(state / "scratch")
    lake = open_lake(
        store,
        scratch,
        endpoint=found.s3.endpoint,
        region=found.s3.region,
        lifetimes=found.lifetimes,
    )
    http = transports(RequestsHttp(), sftp=_sftp)
    return Workspace(
        settings=found,
        secret=secret,
        lake=lake,
        kv=SqliteKeyValue(state / "state.sqlite", Clock()),
        http=http,
        secrets=secrets,
        clock=Clock(as_of),
        sleep=time.sleep,
        lock=_Locks(state / "locks").hold,
        audiences=texts(folder / "audiences"),
        destinations=texts(folder / "destinations"),
        memory=os.environ.get("BRIDGE_MEMORY", "2GB"),
        progress=progress,
        notify=notifying(
            lambda: http,
            lambda: secrets,
            webhook=found.notify.webhook,
            slack=found.notify.slack,
            topic=_topic(found.notify.topic),
        ),
    )


def _sftp() -> Http:
    try:
        from shared.sftp import SftpDrop  # noqa: PLC0415 - paramiko is an extra
    except ModuleNotFoundError:
        raise ConfigurationError(
            "sftp:// needs paramiko, which is not installed: pip install 'audience-bridge[sftp]'"
        ) from None
    return SftpDrop()


def _topic(arn: str | None) -> Callable[[], Notify] | None:
    def make() -> Notify:
        from shared.aws.topic import connect  # noqa: PLC0415 - boto3 takes long to import

        return connect(arn or "")

    return make if arn else None


def _secret(secrets: LocalSecrets, found: settings.Settings) -> str:
    fix = "every key in the lake is made with it: copy it back to where `secret` says"
    try:
        secret = secrets.resolve(found.secret)
    except ConfigurationError as error:
        raise ConfigurationError(Fault(settings.FILE, str(error), fix)) from error
    if len(secret) < 16:
        fault = Fault(settings.FILE, f"{found.secret} holds fewer than 16 characters", fix)
        raise ConfigurationError(fault)
    return secret


def _store(found: settings.Settings) -> Store:
    store = open_store(found)
    if found.lake.startswith("file://"):
        folder = Path(unquote(urlsplit(found.lake).path))
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            what = f"the lake cannot be in {folder}: {error.strerror}"
            fix = "name a folder that you may write in as `lake`"
            raise ConfigurationError(Fault(settings.FILE, what, fix)) from error
    return store


def texts(folder: Path) -> Mapping[str, str]:
    """Read the YAML files in a folder: name -> text."""
    return {
        path.stem: path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(folder.glob("*.yaml"))
    }


def _scratch(folder: Path) -> Path:
    """Return this process's own folder for files in work, and remove those of dead processes."""
    # What a killed process left behind may hold personal data.
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in folder.glob(f"{socket.gethostname()}-*"):
            if not _lives(path.name.rpartition("-")[2]):
                shutil.rmtree(path, ignore_errors=True)
    except OSError as error:
        fix = "choose a workspace that you may write in"
        raise ConfigurationError(Fault(str(folder), str(error.strerror), fix)) from error
    return folder / f"{socket.gethostname()}-{os.getpid()}"


def _lives(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (ValueError, PermissionError):
        return True
    return True


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
        while True:
            with path.open("w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    message = f"another process is at work on {name}; run again when it is done"
                    raise RetryableError(message) from error
                if not _is(path, file.fileno()):
                    continue  # its last holder has removed it between our two calls
                try:
                    yield
                finally:
                    path.unlink(missing_ok=True)
                return


def _is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
