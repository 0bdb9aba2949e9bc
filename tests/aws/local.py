"""The template on a local AWS: MiniStack on the loopback, deployed by the real `sam deploy`."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from tests.aws import roles
from tests.aws.durable import Durable, carried
from tests.aws.rie import ARCH, BUILT, ROOT, free_port

STACK = "e2e"
REGION = "eu-west-1"
_CALLED = tuple(f"{STACK}-{name}" for name in ("refresh", "plan", "deliver", "drop"))
NOTICES = "e2e-notices"  # the name of a secret, which a test makes
_PARAMETERS = f"Architecture={ARCH} RequestsPerSecond=1000 RequestsBurst=2000 UndoDays=1"
_PARAMETERS += f" NoticesSecret={NOTICES}"


@dataclass(slots=True)
class Local:
    """A deployed stack: its outputs, and ways to use it from outside."""

    endpoint: str
    outputs: dict[str, str]
    stack: str = STACK
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, name: str) -> Any:
        if name not in self.clients:
            self.clients[name] = opened(name, self.endpoint)
        return self.clients[name]

    def bucket(self, output: str) -> str:
        return self.outputs[output].removeprefix("s3://").partition("/")[0]

    def keys(self, prefix: str) -> list[str]:
        """List the lake's files."""
        pages = self.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.bucket("Lake"), Prefix=prefix)
        return [each["Key"] for page in found for each in page.get("Contents", [])]

    def http(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Send a request to the HTTP API, by the name that its address has."""
        data = body.encode() if isinstance(body, str) else body and json.dumps(body).encode()
        host = self.outputs["Url"].partition("://")[2]
        named = {"Host": host, "Content-Type": "application/json", **headers}
        request = urllib.request.Request(  # noqa: S310 - the loopback
            self.endpoint + path, data, named, method=method
        )
        trusting = ssl.create_default_context()  # urllib's own keeps whom it trusted first
        try:
            with urllib.request.urlopen(request, timeout=120, context=trusting) as answer:  # noqa: S310
                text = answer.read()
                return answer.status, json.loads(text) if text[:1] in b"{[" and text else text
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, json.loads(text) if text[:1] in b"{[" and text else text

    def tracked(self, path: str, body: Any) -> tuple[int, Any]:
        """Send a call to the collector with the stack's write key."""
        word = base64.b64encode(b"e2e-write-key:").decode()
        return self.http("POST", path, body, Authorization=f"Basic {word}")

    def depth(self, output: str) -> int:
        """Count the messages of a queue that nobody has taken."""
        return self._count(output, "ApproximateNumberOfMessages")

    def waiting(self, output: str) -> int:
        """Count the messages of a queue, those that somebody works on too."""
        return self.depth(output) + self._count(output, "ApproximateNumberOfMessagesNotVisible")

    def _count(self, output: str, name: str) -> int:
        told = self.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs[output], AttributeNames=[name]
        )
        return int(told["Attributes"][name])


def opened(service: str, endpoint: str) -> Any:
    """Open a client with the credentials of now; boto3's own session keeps those of its first."""
    session = boto3.session.Session()
    return session.client(service, endpoint_url=endpoint, region_name=REGION)


@contextmanager
def environment() -> Iterator[None]:
    """Give the test itself credentials, and sums that MiniStack computes fast."""
    given = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test")
    before = dict(os.environ)
    os.environ.update(given, AWS_REQUEST_CHECKSUM_CALCULATION="when_required")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def until(done: Callable[[], Any], seconds: float = 240, every: float = 0.5) -> Any:
    """Wait until something is so, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := done():
            return found
        time.sleep(every)
    raise AssertionError("it did not come to that in time")


@contextmanager
def deployed(folder: Path, *, auth: bool = False) -> Iterator[Local]:
    """Bring MiniStack up, deploy the built template, and take all down at the end."""
    port = free_port()
    endpoint = f"{'https' if auth else 'http'}://127.0.0.1:{port}"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        # MiniStack computes other sums in pure Python, at 4 MB a second.
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "MINISTACK_REGION": REGION,
        "POWERTOOLS_TRACE_DISABLED": "1",
        "AUTH": "true" if auth else "false",
        # Policies are enforced then, and ours of buckets and queues let nobody in without TLS.
        "USE_SSL": "true" if auth else "false",
    }
    with (folder / "ministack.log").open("wb") as log:
        emulator = ROOT / ".venv-emulator/bin/ministack"
        process = subprocess.Popen(
            [emulator], env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            until(lambda: _answers(port), 60)
            if auth:
                _trust(folder / "ministack-tls/server.crt")
            _deploy(endpoint, folder)
            local = Local(endpoint, _outputs(endpoint))
            _mend(local)
            if auth:
                roles.rename(local)
            with carried(endpoint, _CALLED, folder) as durable:
                _carry(local, durable)
                yield local
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:  # it has nothing to lose
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(30)


def _trust(certificate: Path) -> None:
    """Let clients of this process, and processes that it starts, take MiniStack's certificate."""
    os.environ.update(AWS_CA_BUNDLE=str(certificate), SSL_CERT_FILE=str(certificate))


def _answers(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def _deploy(endpoint: str, folder: Path) -> None:
    config = folder / "samconfig.toml"
    config.write_text("version = 0.1\n")
    words = [ROOT / ".venv-deploy/bin/sam", "deploy", "--template-file", BUILT / "template.yaml"]
    words += [
        "--config-file",
        config,
        "--stack-name",
        STACK,
        "--resolve-s3",
        "--no-confirm-changeset",
    ]
    words += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    words += ["--parameter-overrides", _PARAMETERS]
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "SAM_CLI_TELEMETRY": "0",
    }
    done = subprocess.run(
        list(map(str, words)),
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def _outputs(endpoint: str) -> dict[str, str]:
    client = opened("cloudformation", endpoint)
    (stack,) = client.describe_stacks(StackName=STACK)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def _mend(local: Local) -> None:
    """Do what MiniStack leaves out of the template; see docs/decisions/0012-local-aws.md."""
    functions = local.client("lambda")
    (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
    # A parameter's number stays a text there, and nothing is polled.
    functions.update_event_source_mapping(
        UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": 5}
    )
    local.client("dynamodb").update_time_to_live(
        TableName=local.outputs["State"],
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"},
    )
    # Punctuation is not left out of a generated text, and a write key may have no colon.
    local.client("secretsmanager").put_secret_value(
        SecretId=f"{STACK}/write-keys", SecretString="web=e2e-write-key"
    )


def _carry(local: Local, durable: Durable) -> None:
    """Let the two functions that know of executions find them where they are carried."""
    functions = local.client("lambda")
    for name, url in (("jobs", durable.door), ("sync", durable.runner)):
        known = functions.get_function_configuration(FunctionName=f"{STACK}-{name}")
        variables = known["Environment"]["Variables"] | {"AWS_ENDPOINT_URL_LAMBDA": url}
        functions.update_function_configuration(
            FunctionName=f"{STACK}-{name}", Environment={"Variables": variables}
        )
