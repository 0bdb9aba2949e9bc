"""Every built bundle answers its sample event as Lambda would run it, and starts in its time."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from infra.bundle.plan import BUNDLES, MEGABYTE
from tests.aws import rie
from tests.contract.sftp_server import Served, serving
from tests.infra.aws import world
from tests.infra.aws.recorder import Recorder

pytestmark = pytest.mark.aws
PEOPLE = "external_id,email,tier\nC1,ada@example.com,gold\n"
# Most seconds of processor time of importing the handler; and how many times as long as
# `import boto3` in the same run the first answer may take, without what an answer takes later.
SLOWEST = {
    "collect": (0.4, 2.3),
    "sync": (0.4, 2.5),
    "deliver": (0.4, 3.1),
    "drop": (0.4, 3.4),
    "api": (0.9, 4.6),
}
_BOTO3 = """
import awslambdaric.bootstrap  # Lambda has begun with it
import time
begun = time.process_time()
import boto3
print(time.process_time() - begun)
"""
_COLD = """
import awslambdaric.bootstrap
import time
from types import SimpleNamespace
context = SimpleNamespace(
    function_name="f", memory_limit_in_mb=512, aws_request_id="1", invoked_function_arn="arn",
    get_remaining_time_in_millis=lambda: 900_000,
)
moments = [time.process_time()]
from functions.{function}.handler import handler
moments.append(time.process_time())
for _ in range(2):
    handler({event!r}, context)
    moments.append(time.process_time())
begun, imported, first, second = moments
print(imported - begun, (first - begun) - (second - first))
"""


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rie.runtime(tmp_path_factory.mktemp("runtime"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "in").mkdir()
    with serving(folder) as server:
        yield server


@pytest.fixture(scope="module")
def environment(files: Served) -> Iterator[dict[str, str]]:
    aws = make_server(
        "127.0.0.1", 0, Recorder(DomainDispatcherApplication(create_backend_app)), threaded=True
    )
    threading.Thread(target=aws.serve_forever, daemon=True).start()
    before = dict(os.environ)
    made = world.environment(f"http://127.0.0.1:{aws.server_port}", "")
    os.environ.update(made)
    made["BRIDGE_QUEUE"] = world.make("http://127.0.0.1:9", files)
    s3 = boto3.client("s3")
    s3.put_object(Bucket="configbucket", Key="audiences/gold.yaml", Body=world.GOLD.encode())
    key = world.event("s3_inbox")["detail"]["object"]["key"]
    s3.put_object(Bucket="inboxbucket", Key=key, Body=PEOPLE.encode())
    try:
        yield made
    finally:
        os.environ.clear()
        os.environ.update(before)
        aws.shutdown()


def dropped() -> dict[str, Any]:
    event = world.event("s3_inbox")
    event["detail"]["bucket"]["name"] = "inboxbucket"
    return event


def durable() -> dict[str, Any]:
    """What Lambda sends to a durable function when an execution begins."""
    wish = json.dumps(world.event("sync"))
    begun = {"Id": "1", "Type": "EXECUTION", "Status": "STARTED", "StartTimestamp": 1795240800000}
    return {
        "DurableExecutionArn": "arn:aws:lambda:eu-west-1:123456789012:function:sync/execution/1",
        "CheckpointToken": "token",
        "InitialExecutionState": {
            "Operations": [{**begun, "ExecutionDetails": {"InputPayload": wish}}],
            "NextMarker": "",
        },
    }


# What is sent, and a text that stands in the right answer.
CASES: dict[str, tuple[Any, str]] = {
    "collect": (world.event("http_track"), '"statusCode": 200'),
    "api": (world.event("http_audiences"), '"statusCode": 401'),
    "ingest": (dropped(), '"kept": 1'),
    "refresh": (world.event("schedule_refresh"), '"built": ["gold"]'),
    "plan": (world.event("piece_plan"), '{"done": {"report"'),
    "deliver": (world.event("piece_send"), '"error"'),
    "drop": (
        world.event("schedule_probe"),
        '"destination": "files", "platform": "file_drop", "status": "ok"',
    ),
    "forget": (world.event("schedule_forget"), '"partitions": 0'),
    "jobs": ({"job": "report", "id": "contrast"}, '"status": "done"'),
    "sync": (durable(), '"Status"'),
}


@pytest.mark.parametrize("function", ["ingest", *(name for name in CASES if name != "ingest")])
def test_a_bundle_answers_its_event(
    function: str, brought: Path, environment: dict[str, str], tmp_path: Path, record_property: Any
) -> None:
    event, wanted = CASES[function]
    log = tmp_path / "log"
    with rie.started(function, brought, environment, log) as running:
        answer = json.dumps(running.call(event))
        record_property("megabytes", f"{running.peak():.0f}")
    assert wanted in answer, answer + log.read_text()[-3000:]
    assert "errorType" not in answer
    assert "ImportModuleError" not in log.read_text()


@pytest.mark.parametrize("function", BUNDLES)
def test_a_bundle_is_small_and_compiled(function: str, record_property: Any) -> None:
    folder = rie.BUILT / f"{function.capitalize()}Function"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    size = sum(path.stat().st_size for path in files) / MEGABYTE
    record_property("unzipped", f"{size:.1f}")
    assert size < BUNDLES[function].limit
    sources = {path.relative_to(folder) for path in files if path.suffix == ".py"}
    compiled = {
        path.relative_to(folder).parent.parent / f"{path.name.partition('.')[0]}.py"
        for path in files
        if path.suffix == ".pyc"
    }
    assert sources - compiled == set()
    assert not list(folder.glob("boto*"))


@pytest.mark.parametrize("function", SLOWEST)
def test_a_light_function_starts_in_its_time(
    function: str, brought: Path, environment: dict[str, str], record_property: Any
) -> None:
    """With its application, what it is wired with and its clients of AWS: what a user waits for."""
    bundle = rie.BUILT / f"{function.capitalize()}Function"
    code = _COLD.format(function=function, event=CASES[function][0])
    # In turns, so that what else the machine does falls on both.
    taken = [
        [*_seconds(code, bundle, brought, environment), *_seconds(_BOTO3, bundle, brought, {})]
        for _ in range(5)
    ]
    imported, cold, measure = map(min, zip(*taken, strict=True))
    record_property("import", f"{imported * 1000:.0f}")
    record_property("cold", f"{cold * 1000:.0f}")
    record_property("boto3", f"{measure * 1000:.0f}")
    most, times = SLOWEST[function]
    assert imported < most
    assert cold / measure < times, f"{cold * 1000:.0f} ms against {measure * 1000:.0f} ms"


def _seconds(code: str, bundle: Path, brought: Path, environment: dict[str, str]) -> list[float]:
    command = rie.isolated(bundle, brought, code)
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=bundle
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [float(word) for word in done.stdout.splitlines()[-1].split()]
