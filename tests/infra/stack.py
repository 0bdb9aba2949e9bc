"""A deployed stack's resources on the loopback, as the handlers know them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from functions import _lake, _once, _runtime

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "tests" / "events"
SECRET = "0123456789abcdef" * 4
GOLD = b"name: gold\nwhere: {profile: {field: country, is: VN}}\n"
_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a handler of itself."""

    function_name: str = "test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:test"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


@dataclass(frozen=True, slots=True)
class Stack:
    """The resources of one deployment, as the handlers know them."""

    lake: str
    table: str
    queue: str
    clients: dict[str, Any] = field(default_factory=dict)

    def bodies(self) -> list[dict[str, Any]]:
        """Take the messages from the queue."""
        answer = self.clients["sqs"].receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    def keys(self, prefix: str) -> list[str]:
        """List the lake's files."""
        found = self.clients["s3"].list_objects_v2(Bucket=self.lake, Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", [])]


@pytest.fixture
def stack(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stack]:
    number = next(_NUMBERS)
    environment = {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "BRIDGE_LAKE": f"s3://fn-lake-{number}",
        "BRIDGE_CONFIG": f"s3://fn-lake-{number}/config",
        "BRIDGE_TABLE": f"fn-state-{number}",
        "BRIDGE_JOBS": f"fn-jobs-{number}",
        "BRIDGE_SYNC": f"fn-sync-{number}:live",
        "BRIDGE_SECRET": f"secret://fn-secret-{number}",
        "BRIDGE_WRITE_KEYS": f"secret://fn-keys-{number}",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "POWERTOOLS_METRICS_NAMESPACE": "AudienceBridge",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    names = ("s3", "sqs", "dynamodb", "secretsmanager", "lambda")
    clients = {name: boto3.client(name) for name in names}
    made = _made(clients, number)
    monkeypatch.setenv("BRIDGE_QUEUE", made.queue)
    monkeypatch.setattr(_lake, "SCRATCH", tmp_path / "scratch")
    forget()
    yield made
    forget()


def _made(clients: dict[str, Any], number: int) -> Stack:
    where = {"LocationConstraint": "eu-west-1"}
    for bucket in (f"fn-lake-{number}", f"fn-inbox-{number}"):
        clients["s3"].create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    for key, text in (("audiences/gold", GOLD), ("destinations/meta", b"name: meta")):
        clients["s3"].put_object(Bucket=f"fn-lake-{number}", Key=f"config/{key}.yaml", Body=text)
    clients["dynamodb"].create_table(
        TableName=f"fn-state-{number}",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for name, value in ((f"fn-secret-{number}", SECRET), (f"fn-keys-{number}", "web=web-key")):
        clients["secretsmanager"].create_secret(Name=name, SecretString=value)
    url = clients["sqs"].create_queue(QueueName=f"fn-calls-{number}")["QueueUrl"]
    return Stack(f"fn-lake-{number}", f"fn-state-{number}", url, clients)


def forget() -> None:
    """Forget what was wired, as a new Lambda worker does."""
    from functions.api import handler as api
    from functions.collect import handler as collect
    from functions.drop import handler as drop

    wired = [one for one in vars(_runtime).values() if hasattr(one, "cache_clear")]
    others = (_lake.workspace, _once._layer, api._adapter, collect._adapter, drop._bench)
    for made in (*wired, *others):
        made.cache_clear()


def event(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return found
