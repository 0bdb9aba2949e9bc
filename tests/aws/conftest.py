"""One deployed stack for all tests of it, and the stand-in platforms that its syncs lead to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from audiences.flows.access import create_key
from infra.sandbox import server
from shared.clock import Clock
from tests.aws.local import Local, deployed, environment
from tests.aws.shop import DESTINATIONS, VIPS, bearer, people, small_state
from tests.contract.sftp_server import serving
from tests.infra.aws.world import FILES


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """Deploy the template where every function has its role's rights and no more."""
    with environment(), deployed(tmp_path_factory.mktemp("local"), auth=True) as stack:
        yield stack


@pytest.fixture(scope="session")
def key(local: Local) -> str:
    """Make a key to the stack's API."""
    return create_key(small_state(local), Clock(), "e2e", "admin")[1]


@pytest.fixture(scope="session")
def platforms(local: Local, key: str) -> Iterator[str]:
    """Stand-in platforms, two destinations there, and twenty people in an audience."""
    running = server.start()
    for name, text in DESTINATIONS.items():
        body = (text % running.url).encode()
        file = f"destinations/{name}.yaml"
        local.client("s3").put_object(Bucket=local.bucket("Config"), Key=file, Body=body)
    local.client("secretsmanager").create_secret(Name="ads/meta-main", SecretString="sandbox")
    assert local.http("PUT", "/audiences/vips", VIPS, **bearer(key))[0] == 201
    people(local, range(20))
    yield running.url
    running.stop()


@pytest.fixture(scope="session")
def files(local: Local, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Serve a folder over SFTP, and a destination that leads there."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "in").mkdir()
    with serving(folder) as server:
        name = "files-main"
        body = FILES.format(name=name, url=server.url).encode()
        file = f"destinations/{name}.yaml"
        local.client("s3").put_object(Bucket=local.bucket("Config"), Key=file, Body=body)
        login = json.dumps(server.login)
        local.client("secretsmanager").create_secret(Name=f"ads/{name}", SecretString=login)
        yield folder / "in"
