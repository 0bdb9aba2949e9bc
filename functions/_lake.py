"""Wires a workspace for functions that work on the lake, from the environment; see `_runtime`."""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path

from audiences.flows.workspace import Workspace
from audiences.lake.lake import open_lake
from functions import _runtime
from functions._texts import Texts
from shared.aws.secrets import connect as connect_secrets
from shared.clock import Clock
from shared.leases import Leases
from shared.settings import Settings

LEASE_SECONDS = 900  # no function lives longer
SCRATCH = Path("/tmp/bridge")  # noqa: S108 - the only place where Lambda lets us write


@cache
def workspace() -> Workspace:
    """Open the workspace of this stack, once in a function's life."""
    url = _runtime.setting("BRIDGE_LAKE")
    settings = Settings(
        folder=SCRATCH,
        name=os.environ.get("BRIDGE_NAME", "workspace"),
        lake=url,
        secret=_runtime.setting("BRIDGE_SECRET"),
        default_country=os.environ.get("BRIDGE_DEFAULT_COUNTRY") or None,
    )
    kv = _runtime.key_value()
    lake = open_lake(
        _runtime.store("BRIDGE_LAKE"),
        SCRATCH,
        # pyarrow does not read boto3's variable for a stand-in of S3.
        endpoint=os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"),
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
    )
    return Workspace(
        settings=settings,
        secret=_runtime.secret("BRIDGE_SECRET"),
        lake=lake,
        kv=kv,
        http=_runtime.http(),
        secrets=connect_secrets(),
        clock=Clock(),
        sleep=time.sleep,
        lock=Leases(kv, LEASE_SECONDS).hold,
        audiences=Texts(_runtime.store("BRIDGE_CONFIG", "audiences")),
        destinations=Texts(_runtime.store("BRIDGE_CONFIG", "destinations")),
        memory=os.environ.get("BRIDGE_MEMORY", "1GB"),
    )
