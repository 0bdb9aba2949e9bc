"""The stack's roles are enforced: without a permission the story does not go on."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from tests.aws.local import Local, until
from tests.aws.reading import rows
from tests.aws.roles import allows, without
from tests.aws.shop import bearer, drop, exported, people
from tests.infra.aws import world

pytestmark = [pytest.mark.aws, pytest.mark.timeout(900)]
_NUMBERS = itertools.count(9000)
ACCOUNT = "arn:aws:lambda:eu-west-1:000000000000:function:e2e-"


def tracked(local: Local) -> int:
    call = {"userId": "u1", "event": "Order Completed", "messageId": f"r{next(_NUMBERS)}"}
    return local.tracked("/v1/track", call)[0]


def test_without_leave_to_send_the_collector_takes_no_call(local: Local) -> None:
    with without(local, "CollectRole", "sqs:SendMessage"):
        assert tracked(local) == 500
    assert tracked(local) == 200


def test_without_leave_to_read_state_nobody_has_a_key_to_the_api(local: Local, key: str) -> None:
    with without(local, "ApiRole", "dynamodb:GetItem"):
        assert local.http("GET", "/audiences", **bearer(key))[0] == 500
    assert local.http("GET", "/audiences", **bearer(key))[0] == 200


def test_without_leave_to_write_a_file_is_given_up_and_comes_back(local: Local) -> None:
    sqs, queue = local.client("sqs"), local.outputs["FailedEventsUrl"]
    functions = local.client("lambda")
    with without(local, "IngestRole", "s3:PutObject"):
        key = drop(local, "profiles", "external_id,email,tier\nR1,r1@example.com,gold\n")
        dropped = json.dumps(_dropped(local, key))  # MiniStack's EventBridge would call once
        functions.invoke(FunctionName="e2e-ingest", InvocationType="Event", Payload=dropped)
        until(lambda: local.depth("FailedEventsUrl") == 1)
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2)["Messages"]
    known = [row["external_id"] for row in rows(local, "profiles")]
    assert "R1" not in known
    event: dict[str, Any] = json.loads(message["Body"])["requestPayload"]  # docs/runbook.md
    functions.invoke(FunctionName="e2e-ingest", Payload=json.dumps(event))
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert sorted(row["external_id"] for row in rows(local, "profiles")) == sorted([*known, "R1"])


def _dropped(local: Local, key: str) -> dict[str, Any]:
    event = world.event("s3_inbox")
    event["detail"]["bucket"]["name"] = local.bucket("Inbox")
    event["detail"]["object"]["key"] = key
    return event


@pytest.mark.parametrize(
    ("role", "to"), [("DeliverRole", "google-main"), ("DropRole", "files-main")]
)
def test_without_leave_to_read_secrets_an_export_fails_and_says_so(
    local: Local, key: str, platforms: str, files: Path, role: str, to: str
) -> None:
    number = next(_NUMBERS)
    people(local, range(number, number + 1))  # else nothing may be left to send
    with without(local, role, "secretsmanager:GetSecretValue"):
        ended = exported(local, key, to, f"{to}-1")
    assert (ended["status"], ended["code"]) == ("failed", "credential"), ended
    assert exported(local, key, to, f"{to}-2")["status"] == "done"


# What the runner, the queue's poller and the scheduler do as the account itself, not as the role.
ASSUMED = [
    ("JobsRole", "lambda:InvokeFunction", "sync:live"),
    *(
        ("SyncRole", "lambda:InvokeFunction", name)
        for name in ("refresh", "plan", "deliver", "drop")
    ),
    ("SyncRole", "lambda:CheckpointDurableExecution", "sync:1/durable-execution/a/b"),
    ("SyncRole", "lambda:GetDurableExecutionState", "sync:1/durable-execution/a/b"),
    *(
        ("ScheduleRole", "lambda:InvokeFunction", name)
        for name in ("jobs", "refresh", "forget", "deliver", "drop")
    ),
]


@pytest.mark.parametrize(("role", "action", "function"), ASSUMED)
def test_a_role_allows_what_the_emulator_does_for_it(
    local: Local, role: str, action: str, function: str
) -> None:
    assert allows(local, role, action, ACCOUNT + function)
    assert not allows(local, role, action, f"{ACCOUNT}collect")
    with without(local, role, action):
        assert not allows(local, role, action, ACCOUNT + function)
