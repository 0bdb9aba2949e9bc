"""AWS and the platforms' stand-ins on loopback, for the contracts that run on both."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import requests
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from infra.sandbox.server import Running
from tests.contract.cases.case import case, there
from tests.contract.stand import WAIT, Stand

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Serve AWS on loopback and return its address.

    One call at a time: moto's own server takes many, and then its DynamoDB looks at a condition
    in one step and writes in another, which the real one never does.
    """
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def bucket(endpoint: str) -> str:
    """Return the name of a new bucket."""
    name = f"bucket-{next(_NUMBERS)}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return name


@pytest.fixture
def stand(server: Running, tmp_path: Path, slug: str) -> Iterator[Stand]:
    """Return one platform beside its stand-in, which holds nothing."""
    requests.post(f"{server.url}/_sandbox/reset", timeout=WAIT).raise_for_status()
    made = Stand(server.url, there(slug), case(slug), tmp_path)
    yield made
    made.http.close()
