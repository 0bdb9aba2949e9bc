"""A running sandbox for each module, and its address with nothing in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from infra.sandbox.server import Running, start
from tests.infra.sandbox.callers import WAIT


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    running = start()
    yield running
    running.stop()


@pytest.fixture
def url(server: Running) -> str:
    requests.post(f"{server.url}/_sandbox/reset", timeout=WAIT).raise_for_status()
    return server.url
