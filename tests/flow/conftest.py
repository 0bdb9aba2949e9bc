"""The sandbox, once a file, and a small shop beside it, once a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from infra.sandbox import server
from tests.flow.sync_world import World


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    """The address of a sandbox."""
    running = server.start()
    yield running.url
    running.stop()


@pytest.fixture
def world(sandbox: str, tmp_path: Path) -> World:
    """A shop without customers, and platforms that hold nothing."""
    requests.post(f"{sandbox}/_sandbox/reset", timeout=20).raise_for_status()
    limits = {name: {"per_second": 1e6, "burst": 1e6} for name in ("meta", "google")}
    limits["the_trade_desk"] = {"per_second": 1e6, "burst": 1e6}
    requests.post(f"{sandbox}/_sandbox/limits", json=limits, timeout=20).raise_for_status()
    return World(tmp_path / "shop", sandbox)
