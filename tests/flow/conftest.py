"""The sandbox's address, and a small shop beside it, once a test."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from infra.sandbox.server import Running
from tests.flow.sync_world import World


@pytest.fixture(scope="module")
def sandbox(server: Running) -> str:
    """The address of a sandbox."""
    return server.url


@pytest.fixture
def world(sandbox: str, tmp_path: Path) -> World:
    """A shop without customers, and platforms that hold nothing."""
    requests.post(f"{sandbox}/_sandbox/reset", timeout=20).raise_for_status()
    limits = {name: {"per_second": 1e6, "burst": 1e6} for name in ("meta", "google")}
    limits["the_trade_desk"] = {"per_second": 1e6, "burst": 1e6}
    requests.post(f"{sandbox}/_sandbox/limits", json=limits, timeout=20).raise_for_status()
    return World(tmp_path / "shop", sandbox)
