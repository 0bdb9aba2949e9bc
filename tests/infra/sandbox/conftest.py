"""The address of a sandbox with nothing in it."""

from __future__ import annotations

import pytest
import requests

from infra.sandbox.server import Running
from tests.infra.sandbox.callers import WAIT


@pytest.fixture
def url(server: Running) -> str:
    requests.post(f"{server.url}/_sandbox/reset", timeout=WAIT).raise_for_status()
    return server.url
