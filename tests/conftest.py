"""Workspaces in temporary folders, and the lake on a disk and on S3 over loopback."""

from __future__ import annotations

import gc
import io
import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from audiences.flows.workspace import Workspace
from audiences.lake.lake import Lake, open_lake
from infra.local.cli import main
from infra.local.store import open_store
from infra.sandbox.server import Running, start
from shared.settings import S3, Settings
from tests.builders import new_workspace

_NUMBERS = itertools.count()
REGION = "eu-west-1"


def pytest_unconfigure() -> None:
    """Take Hypothesis's function out of the collector, which outlives the modules.

    It keeps Hypothesis's caches, these the tests' functions, and these DuckDB's classes: nanobind
    then complains on stderr that they leak.
    """
    gc.callbacks[:] = [one for one in gc.callbacks if not one.__module__.startswith("hypothesis")]


@pytest.fixture
def make_workspace(tmp_path: Path) -> Callable[..., Workspace]:
    """Make or open the workspace of a name, in this test's folder; see `new_workspace`."""

    def make(name: str = "workspace", **how: object) -> Workspace:
        return new_workspace(tmp_path / name, **how)

    return make


@pytest.fixture
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    """A new workspace at the usual instant."""
    return make_workspace()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Serve S3 on loopback and return its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
        yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """Run the stand-ins of all platforms."""
    running = start()
    yield running
    running.stop()


def lake_on_disk(folder: Path) -> Lake:
    """Open a lake in a folder."""
    settings = Settings(folder=folder, name="w", lake=(folder / "lake").as_uri(), secret="env:X")
    return open_lake(open_store(settings), folder / "scratch")


def lake_on_s3(folder: Path, endpoint: str) -> Lake:
    """Open a lake in a bucket of its own."""
    bucket = f"lake-{next(_NUMBERS)}"
    boto3.client("s3", endpoint_url=endpoint, region_name=REGION).create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    s3 = S3(endpoint, REGION)
    settings = Settings(
        folder=folder, name="w", lake=f"s3://{bucket}/some/where", secret="env:X", s3=s3
    )
    return open_lake(open_store(settings), folder / "scratch", endpoint=endpoint, region=REGION)


@pytest.fixture(params=["disk", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """An empty lake, on a disk and on S3."""
    if request.param == "disk":
        return lake_on_disk(tmp_path)
    return lake_on_s3(tmp_path, request.getfixturevalue("s3_endpoint"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str


@pytest.fixture
def bridge(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Answer]:
    """Run the command line in this process."""

    def run(*arguments: object, stdin: bytes = b"") -> Answer:
        monkeypatch.setattr(sys, "argv", ["bridge", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return Answer(int(ended.value.code or 0), told.out, told.err)

    return run
