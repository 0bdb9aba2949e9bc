"""Many events through the deployed collector: all in the lake once; poison aside, and back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared.clock import Clock, iso
from tests.aws.local import Local, deployed, environment, until
from tests.aws.reading import rows

pytestmark = [pytest.mark.aws, pytest.mark.slow, pytest.mark.timeout(0)]
EVENTS = int(os.environ.get("AWS_SOAK_EVENTS", "50000"))
POISON = 0.05
_BATCH = 100
_AT_ONCE = 4
# MiniStack hands a function ten messages at a time, five calls at once.
_SECONDS = 1800.0 + EVENTS / 2


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with environment(), deployed(tmp_path_factory.mktemp("local")) as stack:
        queue = {"QueueUrl": stack.outputs["CallsQueueUrl"]}
        stack.client("sqs").set_queue_attributes(**queue, Attributes={"VisibilityTimeout": "90"})
        yield stack


def call(number: int, prefix: str) -> dict[str, Any]:
    return {"type": "track", "userId": f"u{number % 999}", "event": "Order Completed",
            "messageId": f"{prefix}{number}", "properties": {"revenue": number}}  # fmt: skip


def sent(local: Local, numbers: list[int], prefix: str) -> None:
    """Send events through the collector, in batches, some at once; again until they are taken."""
    batches = [numbers[at : at + _BATCH] for at in range(0, len(numbers), _BATCH)]

    def send(some: list[int]) -> None:
        batch = [call(number, prefix) for number in some]
        until(lambda: _taken(local, batch), _SECONDS)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(send, batches))


def _taken(local: Local, batch: list[dict[str, Any]]) -> bool:
    try:
        return local.tracked("/v1/batch", {"batch": batch}) == (200, {"success": True})
    except OSError:  # no answer in time: a client sends again
        return False


def values(local: Local, low: int, high: int) -> list[int]:
    found = (int(row["value"]) for row in rows(local, "events"))
    return sorted(value for value in found if low <= value < high)


def test_every_event_is_in_the_lake_once(local: Local) -> None:
    sent(local, list(range(EVENTS)), "m")
    until(lambda: local.waiting("CallsQueueUrl") == 0, _SECONDS)
    assert values(local, 0, EVENTS) == list(range(EVENTS))
    assert local.depth("CallsDeadLettersUrl") == 0


def test_poison_is_set_aside_and_comes_back_after_repair_and_redrive(local: Local) -> None:
    bad = set(range(EVENTS, 2 * EVENTS, round(1 / POISON)))
    good = [number for number in range(EVENTS, 2 * EVENTS) if number not in bad]
    sqs = local.client("sqs")
    for number in sorted(bad):  # what the function cannot read yet
        body = json.dumps({"v": 2, "call": call(number, "n")})
        sqs.send_message(QueueUrl=local.outputs["CallsQueueUrl"], MessageBody=body)
    sent(local, good, "n")
    until(lambda: local.depth("CallsDeadLettersUrl") == len(bad), _SECONDS)
    until(lambda: local.waiting("CallsQueueUrl") == 0, _SECONDS)
    assert values(local, EVENTS, 2 * EVENTS) == good
    _mend(local, set(bad))
    _redrive(local, len(bad))
    until(lambda: local.waiting("CallsQueueUrl") == 0, _SECONDS)
    assert values(local, EVENTS, 2 * EVENTS) == list(range(EVENTS, 2 * EVENTS))
    assert local.depth("CallsDeadLettersUrl") == 0


def _mend(local: Local, bad: set[int]) -> None:
    """Put a message that can be read in the place of each dead letter, in the same queue."""
    sqs, dead = local.client("sqs"), local.outputs["CallsDeadLettersUrl"]
    while bad:
        for message in _received(local):
            letter = json.loads(message["Body"])
            if letter["v"] == 2:
                bad.discard(letter["call"]["properties"]["revenue"])
                known = {"source": "web", "kind": "track", "received": iso(Clock().now())}
                mended = json.dumps({**letter, "v": 1, **known})
                sqs.send_message(QueueUrl=dead, MessageBody=mended)
                sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])


def _redrive(local: Local, count: int) -> None:
    """Move dead letters back; MiniStack has no move tasks, so what one does is done here."""
    sqs, dead = local.client("sqs"), local.outputs["CallsDeadLettersUrl"]
    (arn,) = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])[
        "Attributes"
    ].values()
    try:
        sqs.start_message_move_task(SourceArn=arn)
    except ClientError:
        moved = 0
        while moved < count:
            for message in _received(local):
                queue = local.outputs["CallsQueueUrl"]
                sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])
                sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
                moved += 1


def _received(local: Local) -> list[dict[str, Any]]:
    dead = local.outputs["CallsDeadLettersUrl"]
    told = local.client("sqs").receive_message(
        QueueUrl=dead, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=60
    )
    found: list[dict[str, Any]] = told.get("Messages", [])
    return found
