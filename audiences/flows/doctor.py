"""Doctor: looks at all that a sync hangs on - configuration, credentials, clock, disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from audiences.destinations import ROLE
from audiences.flows import load
from audiences.flows.operators import probe_operators
from audiences.flows.places import read_destination
from audiences.flows.probe import BAD, Probed, probe_all
from audiences.flows.unmapped import lacks_operator
from audiences.flows.workspace import Workspace
from audiences.rules.spec import Audience
from shared.errors import BridgeError, ConfigurationError

LEAST_FREE = 1 << 30  # bytes; DuckDB spills to the disk, and a lake grows
_KEY = "doctor/check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    check: str  # configuration | credentials | clock | disk
    subject: str
    status: str  # ok | warning | failed
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it with stable names."""
        return asdict(self)


def examine(workspace: Workspace) -> list[Check]:
    """Look at everything; what is wrong with one thing hides nothing of the others."""
    operators = probe_operators(workspace.bench())
    probed = [*probe_all(workspace.bench()), *operators]
    return [
        *_configuration(workspace),
        *(_misconfigured(one) for one in operators if one.status == "misconfigured"),
        *(_credentials(one) for one in probed if one.status != "misconfigured"),
        _clock(probed),
        *_disk(workspace),
    ]


def _configuration(workspace: Workspace) -> Iterator[Check]:
    yield Check(check="configuration", subject="bridge.toml", status="ok")
    for name in sorted(workspace.destinations):
        try:
            to = read_destination(workspace.destinations, name)
            if to.credentials != ROLE:
                workspace.secrets.resolve(to.credentials)
        except ConfigurationError as error:
            yield from _faults(error, f"destinations/{name}.yaml")
            continue
        missed = lacks_operator(to)
        yield Check(
            check="configuration",
            subject=f"destinations/{name}.yaml",
            status="warning" if missed else "ok",
            detail=missed,
        )
    for name in sorted(workspace.audiences):
        file = f"audiences/{name}.yaml"
        try:
            audience = load.needed(workspace, name)[name]
        except ConfigurationError as error:
            yield from _faults(error, file)
            continue
        yield from _targets(workspace, audience, file)


def _targets(workspace: Workspace, audience: Audience, file: str) -> Iterator[Check]:
    missing = [entry.to for entry in audience.sync if entry.to not in workspace.destinations]
    detail = f"it syncs to {missing}, and there is no such file in destinations/" if missing else ""
    status = "failed" if missing else "ok"
    yield Check(check="configuration", subject=file, status=status, detail=detail)


def _faults(error: ConfigurationError, file: str) -> Iterator[Check]:
    for fault in error.faults:
        detail = f"{fault.what} ({fault.fix})" if fault.fix else fault.what
        yield Check(
            check="configuration", subject=fault.where or file, status="failed", detail=detail
        )


def _misconfigured(one: Probed) -> Check:
    name = one.destination.partition(":")[0]
    return Check(
        check="configuration",
        subject=f"destinations/{name}.yaml",
        status="failed",
        detail=one.detail,
    )


def _credentials(one: Probed) -> Check:
    status = "ok" if one.status == "ok" else "failed" if one.status in BAD else "warning"
    detail = one.detail or (f"they end on {one.ends}" if one.ends else "")
    return Check(check="credentials", subject=one.destination, status=status, detail=detail)


def _clock(probed: list[Probed]) -> Check:
    """Compare this machine's clock with those of the platforms, which date their answers."""
    skewed = [text for one in probed for text in one.warnings if "clock" in text]
    if skewed:
        return Check(check="clock", subject="this machine", status="failed", detail=skewed[0])
    if not any(one.answered for one in probed):
        detail = "no platform answered to compare it with"
        return Check(check="clock", subject="this machine", status="warning", detail=detail)
    return Check(check="clock", subject="this machine", status="ok")


def _disk(workspace: Workspace) -> Iterator[Check]:
    lake = workspace.lake
    try:
        lake.store.put(_KEY, b"")
        lake.store.delete([_KEY])
    except BridgeError as error:
        yield Check(check="disk", subject=lake.store.url, status="failed", detail=str(error))
    else:
        scheme, _, path = lake.store.url.partition("://")
        status, detail = _room(Path(unquote(path))) if scheme == "file" else ("ok", "")
        yield Check(check="disk", subject=lake.store.url, status=status, detail=detail)
    status, detail = _room(lake.scratch)
    status = status if os.access(lake.scratch, os.W_OK) else "failed"
    yield Check(check="disk", subject="scratch files", status=status, detail=detail)


def _room(folder: Path) -> tuple[str, str]:
    """Return how it stands with a folder's disk, and how much of it is free."""
    free = shutil.disk_usage(folder).free
    return "ok" if free >= LEAST_FREE else "warning", f"{free / (1 << 30):,.1f} GiB are free"
