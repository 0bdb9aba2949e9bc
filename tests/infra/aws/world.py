"""A deployed stack in one process: every function does all that it can do, one after another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3

from functions import _lake, _runtime
from tests.contract.sftp_server import Served
from tests.infra.aws.recorder import Recorder
from tests.infra.stack import Context

EVENTS = Path(__file__).parents[2] / "events"
# As the resources are named in the template, so that what was called can be compared with it.
BUCKETS = {"LakeBucket": "lakebucket", "ConfigBucket": "configbucket", "InboxBucket": "inboxbucket"}
_DAY = "cron(0 6 * * ? *)"
GOLD = f"""\
name: gold
where:
  all:
    - profile: {{field: attributes.tier, is: gold}}
    - not: {{event: {{name: order, sum: value, at_least: 500}}}}
    - not: {{seen: {{trait: hats, times: {{at_least: 1}}, within_days: 9}}}}
sync:
  - {{to: meta, schedule: "{_DAY}"}}
  - {{to: google}}
  - {{to: webhook}}
  - {{to: ttd}}
"""
DESTINATION = """\
name: {name}
platform: {platform}
account: {account}
credentials: secret://ads/{secret}
base_url: {url}/{platform}
guard: {{max_removed_percent: 100, max_change_percent: 100000}}
"""
_PLACES = (
    ("meta", "act_12", "meta"),
    ("google", '"34"', "meta"),
    ("pinterest", '"5"', "pinterest"),
    ("webhook", "crm", "meta"),
    ("ttd", "abc", "meta"),
)
FILES = """\
name: {name}
platform: file_drop
account: warehouse
credentials: secret://ads/{name}
base_url: {url}/in
guard: {{max_removed_percent: 100, max_change_percent: 100000}}
"""
_NAMES = {
    "SCHEDULES": "Schedules",
    "SCHEDULE_TARGET": "arn:aws:lambda:eu-west-1:123456789012:function:jobs",
    "SCHEDULE_ROLE": "arn:aws:iam::123456789012:role/ScheduleRole",
    "SCHEDULE_FAILED": "arn:aws:sqs:eu-west-1:123456789012:FailedEvents",
    "LAKE": "s3://lakebucket",
    "CONFIG": "s3://configbucket",
    "TABLE": "StateTable",
    "SECRET": "secret://WorkspaceSecret",
    "WRITE_KEYS": "secret://WriteKeys",
    "JOBS": "JobsFunction",
    "SYNC": "SyncFunction:live",
    "REFRESH": "RefreshFunction",
    "PLAN": "PlanFunction",
    "DELIVER": "DeliverFunction",
    "DROP": "DropFunction",
    "NOTIFY_TOPIC": "arn:aws:sns:eu-west-1:123456789012:Notices",
    "NOTIFY_SECRET": "NoticesSecret",
}


@dataclass(slots=True)
class World:
    """The stack, and what each function was seen to call."""

    recorder: Recorder
    url: str  # of the sandbox
    seen: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    @contextmanager
    def as_function(self, name: str) -> Iterator[None]:
        """Note what is called until the block ends as that function's."""
        before = self.recorder.of
        self.recorder.of = self.seen.setdefault(name, set())
        # A function reads secrets in its own name; clients are slow to make, and nobody's.
        for wired in (_runtime.secret, _runtime.collector, _lake.workspace):
            wired.cache_clear()
        try:
            yield
        finally:
            self.recorder.of = before

    def call(self, name: str, event: dict[str, Any]) -> Any:
        """Call a function; when the other side of the call is not there, that is no matter."""
        module = import_module(f"functions.{name}.handler")
        if name == "collect":
            module._adapter.cache_clear()
        with self.as_function(name):
            return module.handler(json.loads(json.dumps(event)), Context())


def environment(endpoint: str, queue: str) -> dict[str, str]:
    """Return the environment of the functions."""
    named = {f"BRIDGE_{name}": value for name, value in _NAMES.items()}
    return named | {
        "BRIDGE_QUEUE": queue,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "POWERTOOLS_METRICS_NAMESPACE": "AudienceBridge",
    }


def make(url: str, files: Served) -> str:
    """Make the stack's resources and files; return the queue's address."""
    s3 = boto3.client("s3")
    for bucket in BUCKETS.values():
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    for name, account, secret in _PLACES:
        platform = {"ttd": "the_trade_desk"}.get(name, name)
        text = DESTINATION.format(
            name=name, platform=platform, account=account, secret=secret, url=url
        )
        if name == "ttd":
            text += f"uid2: {{credentials: secret://ads/uid2, base_url: {url}/uid2}}\n"
        s3.put_object(Bucket="configbucket", Key=f"destinations/{name}.yaml", Body=text)
    text = FILES.format(name="files", url=files.url)
    s3.put_object(Bucket="configbucket", Key="destinations/files.yaml", Body=text)
    boto3.client("dynamodb").create_table(
        TableName="StateTable",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    secrets = boto3.client("secretsmanager")
    for name, value in (
        ("WorkspaceSecret", "0123456789abcdef" * 4),
        ("WriteKeys", "web=web-key"),
        ("NoticesSecret", json.dumps({"webhook": f"{url}/nobody"})),
        ("ads/meta", "sandbox"),
        ("ads/uid2", "sandbox"),
        ("ads/files", json.dumps(files.login)),
        ("ads/pinterest", json.dumps(_rotating(f"{url}/pinterest/v5/oauth/token"))),
    ):
        secrets.create_secret(Name=name, SecretString=value)
    boto3.client("sns").create_topic(Name="Notices")
    boto3.client("scheduler").create_schedule_group(Name="Schedules")
    return str(boto3.client("sqs").create_queue(QueueName="CallsQueue")["QueueUrl"])


def _rotating(address: str) -> dict[str, str]:
    """Return credentials without a token yet, of a platform that renews the refresh token too."""
    client = dict.fromkeys(("client_id", "client_secret", "refresh_token"), "sandbox")
    return client | {"token_uri": address}


def event(name: str) -> dict[str, Any]:
    """Read a sample event."""
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    return found
