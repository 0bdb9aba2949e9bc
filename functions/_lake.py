"""Wires a workspace for functions that work on the lake, from the environment; see `_runtime`."""

from __future__ import annotations

import contextlib
import os
import secrets as randomness
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from audiences.flows.workspace import Workspace
from audiences.lake.lake import open_lake
from functions import _runtime
from shared.aws.secrets import connect as connect_secrets
from shared.clock import Clock
from shared.errors import RetryableError
from shared.ports import HttpAnswer, HttpRequest, KeyValue, Store
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
        http=_Offline(),
        secrets=connect_secrets(),
        clock=Clock(),
        sleep=time.sleep,
        lock=Leases(kv).hold,
        audiences=_texts(_runtime.store("BRIDGE_CONFIG", "audiences")),
        destinations=_texts(_runtime.store("BRIDGE_CONFIG", "destinations")),
        memory=os.environ.get("BRIDGE_MEMORY", "1GB"),
    )


def _texts(store: Store) -> Mapping[str, str]:
    keys = [file.key for file in store.list("") if file.key.endswith(".yaml")]
    found = {key.removesuffix(".yaml"): store.get(key) for key in keys}
    return {name: data.decode(errors="replace") for name, data in found.items() if data}


class _Offline:
    """No network: what only works on the lake has no business with platforms."""

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpAnswer:  # noqa: ARG002
        """Answer as if the other side were not there."""
        return HttpAnswer(status=0)


@dataclass(frozen=True, slots=True)
class Leases:
    """Locks in small state, which end by themselves when their holder has died."""

    kv: KeyValue
    seconds: int = LEASE_SECONDS

    @contextlib.contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold a name until the block ends.

        Raises:
            RetryableError: when another one holds it.
        """
        key, owner = f"lock/{name}", randomness.token_hex(8)
        if not self.kv.put(key, owner, ttl_seconds=self.seconds, if_absent=True):
            raise RetryableError(f"another function is at work on {name}; it is tried again")
        try:
            yield
        finally:
            self.kv.delete(key, if_value=owner)
