"""A sandbox in a process of its own: these tests run where only the platforms' clients are."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
WAIT = 20.0


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a sandbox."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    bridge = [str(ROOT / ".venv/bin/bridge"), "sandbox", "--port", str(port)]
    process = subprocess.Popen(bridge, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url)
        yield url
    finally:
        process.terminate()
        process.wait(WAIT)


def _await(url: str) -> None:
    end = time.monotonic() + WAIT
    while True:
        try:
            return requests.get(f"{url}/_sandbox/state", timeout=WAIT).raise_for_status()
        except requests.ConnectionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@pytest.fixture
def url(server: str) -> str:
    """The address of an empty sandbox."""
    requests.post(f"{server}/_sandbox/reset", timeout=WAIT).raise_for_status()
    return server


@pytest.fixture
def members(url: str) -> Callable[[str, str], list[str]]:
    """What an audience of a platform holds."""

    def look(platform: str, audience: str) -> list[str]:
        at = f"{url}/_sandbox/state/{platform}/{audience}"
        return list(requests.get(at, timeout=WAIT).json()["members"])

    return look


@pytest.fixture
def digests() -> list[str]:
    """Three digests in hex, in order."""
    return sorted(hashlib.sha256(str(n).encode()).hexdigest() for n in range(3))


@pytest.fixture(scope="session")
def ours() -> dict[str, dict[str, str]]:
    """The bodies that the bridge sends, by platform and operation."""
    bridge = [str(ROOT / ".venv/bin/python"), "-m", "tests.vendors.our_requests"]
    came = subprocess.run(bridge, cwd=ROOT, capture_output=True, check=True)
    bodies: dict[str, dict[str, str]] = json.loads(came.stdout)
    return bodies
