"""The Lambda handlers on real events, with AWS on the loopback; and what they cost to import."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from audiences.flows.access import create_key
from audiences.flows.visitor import Entry, key_of
from functions import _lake, _runtime
from shared.clock import Clock
from shared.errors import ConfigurationError, RetryableError
from shared.leases import Leases
from tests.fakes import MemoryKeyValue
from tests.infra.stack import ROOT, SECRET, Context, Stack, event, forget


def test_a_call_goes_through_the_collector_to_the_queue(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    from functions.collect.handler import handler

    answer = handler(event("http_track"), Context())
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"success": True})
    (message,) = stack.bodies()
    assert (message["kind"], message["source"], message["call"]["messageId"]) == (
        "track",
        "web",
        "m1",
    )
    told = "".join(capsys.readouterr())
    assert '"Answered2xx":[1.0]' in told.replace(" ", "")
    assert "web-key" not in told


def test_the_pixel_comes_as_bytes_with_a_secure_cookie(stack: Stack) -> None:
    from functions.collect.handler import handler

    answer = handler(event("http_pixel"), Context())
    assert answer["isBase64Encoded"]
    assert len(base64.b64decode(answer["body"])) == 43
    (cookie,) = answer["cookies"]
    assert "Secure" in cookie
    value = cookie.partition("=")[2].partition(";")[0]
    (message,) = stack.bodies()
    assert message["call"]["cookie"] == value
    entry = Entry({"gold": 4_000_000_000}).text()
    _runtime.key_value().put(key_of(SECRET, "cookie", value) or "", entry)
    asked = event("http_pixel")
    asked |= {"rawPath": "/v1/memberships", "cookies": [f"bridge_id={value}"]}
    asked["requestContext"]["http"]["path"] = "/v1/memberships"
    assert json.loads(handler(asked, Context())["body"]) == {"audiences": ["gold"]}


def test_a_batch_of_the_queue_names_only_its_poison(stack: Stack) -> None:
    from functions.ingest.handler import handler

    batch = event("sqs_calls")
    poison = batch["Records"][1]["messageId"]
    for _ in range(2):
        answer = handler(batch, Context())
        assert answer == {"batchItemFailures": [{"itemIdentifier": poison}]}
    assert len(stack.keys("events/")) == 1
    assert len(stack.keys("profiles/")) == 1
    assert len(stack.keys("commits/")) == 1


def test_a_file_in_the_inbox_is_read_once(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    from functions.ingest.handler import handler

    dropped = event("s3_inbox")
    bucket = stack.lake.replace("lake", "inbox")
    dropped["detail"]["bucket"]["name"] = bucket
    key = dropped["detail"]["object"]["key"]
    body = b"external_id,email\nC1,ada.canary@example.com\n"
    stack.clients["s3"].put_object(Bucket=bucket, Key=key, Body=body)
    first, again = handler(dropped, Context()), handler(dropped, Context())
    assert (first["status"], first["kept"], again["status"]) == ("done", 1, "already")
    assert len(stack.keys("profiles/")) == 1
    stack.clients["s3"].put_object(Bucket=bucket, Key=key, Body=b"no\nidentifier\n")
    assert handler(dropped, Context())["status"] == "refused"
    dropped["detail"]["object"]["key"] = "elsewhere/ada.canary@example.com.csv"
    assert handler(dropped, Context())["status"] == "refused"
    told = "".join(capsys.readouterr())
    assert [canary for canary in ("ada.canary", "of ada") if canary in told] == []
    assert list(_lake.SCRATCH.glob("*/input*")) == []


def test_an_export_over_http_calls_the_jobs_function_once(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functions.api.handler import handler

    calls: list[Any] = []
    api = _runtime.api()
    jobs: Any = api.desk.jobs
    jobs._client = Recorder(calls)
    text = create_key(_runtime.key_value(), Clock(), "test", "export")[1]
    asked = event("http_export")
    asked["headers"]["authorization"] = f"Bearer {text}"
    first, again = handler(asked, Context()), handler(asked, Context())
    assert (first["statusCode"], again["statusCode"]) == (202, 202)
    assert first["headers"]["location"] == again["headers"]["location"]
    (call,) = calls
    id_ = first["headers"]["location"].removeprefix("/runs/")
    assert json.loads(call["Payload"]) == {"job": "export", "id": id_}
    assert call["InvocationType"] == "Event"
    assert stack.keys("exports/") == [f"exports/{id_}.json"]
    listed = event("http_audiences")
    listed["headers"]["authorization"] = f"Bearer {text}"
    body = json.loads(handler(listed, Context())["body"])
    assert [each["name"] for each in body["audiences"]] == ["gold"]
    listed["headers"].pop("authorization")
    refused = handler(listed, Context())
    assert refused["statusCode"] == 401
    assert not refused["isBase64Encoded"]


@dataclass(frozen=True, slots=True)
class Recorder:
    """A Lambda client that remembers what it was to call."""

    calls: list[Any]

    def invoke(self, **call: Any) -> None:
        self.calls.append(call)


def test_what_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRIDGE_TABLE", raising=False)
    forget()
    with pytest.raises(ConfigurationError, match="BRIDGE_TABLE"):
        _runtime.key_value()


def test_a_lease_has_one_holder_and_ends() -> None:
    leases = Leases(MemoryKeyValue(), 900)
    with leases.hold("a"), leases.hold("b"), pytest.raises(RetryableError), leases.hold("a"):
        raise AssertionError("two at once")
    with leases.hold("a"):
        pass


def test_the_logger_of_a_function_scrubs_whatever_it_is_given(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logger = _runtime.logger("scrub-test")
    try:
        int("ada.canary@example.com")
    except ValueError:
        logger.exception("ada.canary@example.com", extra={"who": ["ada.canary@example.com"]})
    told = "".join(capsys.readouterr())
    assert "ValueError" in told
    assert "ada.canary" not in told


LOADED = """
import sys
import {module}
print(sorted({{m.split('.')[0] for m in sys.modules}} & {{'pyarrow', 'duckdb', 'boto3', 'sqlglot',
    'fastapi', 'pydantic', 'paramiko', 'phonenumbers', 'requests', 'aws_xray_sdk'}}))
"""


@pytest.mark.parametrize(
    ("module", "loaded"),
    [
        ("functions.collect.handler", []),
        ("functions.deliver.handler", []),
        ("functions.drop.handler", []),
        ("functions.sync.handler", []),
        ("functions.api.handler", []),
    ],
)
def test_a_light_function_loads_only_what_it_must(module: str, loaded: list[str]) -> None:
    code = LOADED.format(module=module)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert eval(done.stdout) == loaded  # noqa: S307 - our own print
