"""The deployed template, from outside: calls, files, poison, exports, keys, schedules, expiry."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audiences.flows.access import create_key, revoke_key
from shared.clock import Clock
from tests.aws.local import STACK, Local, until
from tests.aws.reading import rows
from tests.aws.shop import VIPS, drop, exported, held, people, small_state

pytestmark = [pytest.mark.aws, pytest.mark.timeout(900)]


def call(number: int) -> dict[str, Any]:
    return {"userId": f"u{number}", "event": "Order Completed", "messageId": f"m{number}",
            "properties": {"revenue": number}}  # fmt: skip


def test_calls_over_http_are_in_the_lake_once(local: Local) -> None:
    batch = [{"type": "track", **call(number)} for number in range(50)]
    for _ in range(2):  # a client that saw no answer sends again
        assert local.tracked("/v1/batch", {"batch": batch}) == (200, {"success": True})
    until(lambda: len(rows(local, "events")) >= 50)
    until(lambda: local.depth("CallsQueueUrl") == 0)
    values = sorted(int(row["value"]) for row in rows(local, "events"))
    assert values == list(range(50))
    assert local.depth("CallsDeadLettersUrl") == 0


def test_without_a_write_key_nothing_is_taken(local: Local) -> None:
    assert local.http("POST", "/v1/track", call(1))[0] == 401


def test_a_file_in_the_inbox_is_in_the_lake(local: Local) -> None:
    drop(local, "profiles", "external_id,email,tier\nC1,ada@example.com,gold\nC2,no.sign,gold\n")
    found = until(lambda: [row for row in rows(local, "profiles") if row["source"] == "crm"])
    assert {row["external_id"] for row in found} == {"C1", "C2"}
    assert [row["reason"] for row in rows(local, "rejects")] == ["no_at_sign"]


def test_poison_ends_among_dead_letters_and_comes_back_when_it_is_mended(local: Local) -> None:
    sqs, queue = local.client("sqs"), local.outputs["CallsQueueUrl"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "2"})
    sqs.send_message(QueueUrl=queue, MessageBody="poison")
    assert local.tracked("/v1/track", call(1001))[0] == 200
    until(lambda: local.depth("CallsDeadLettersUrl") == 1)
    until(lambda: any(row["value"] == 1001 for row in rows(local, "events")))
    dead = local.outputs["CallsDeadLettersUrl"]
    (message,) = sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=2)["Messages"]
    assert message["Body"] == "poison"
    mended = {"v": 1, "source": "web", "received": "2026-11-21T06:00:00Z", "kind": "track",
              "call": call(1002)}  # fmt: skip
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(mended))
    sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
    until(lambda: any(row["value"] == 1002 for row in rows(local, "events")))
    assert local.depth("CallsDeadLettersUrl") == 0


def test_a_key_to_the_api_is_asked_for_scoped_and_revocable(local: Local) -> None:
    kv = small_state(local)
    made, text = create_key(kv, Clock(), "reader", "read")
    bearer = {"Authorization": f"Bearer {text}"}
    assert local.http("GET", "/audiences")[0] == 401
    assert local.http("GET", "/audiences", **bearer)[0] == 200
    assert local.http("PUT", "/audiences/vips", VIPS, **bearer)[0] == 403
    assert revoke_key(kv, made.id)
    assert local.http("GET", "/audiences", **bearer)[0] == 401


@pytest.mark.parametrize("to", ["meta-main", "google-main"])
def test_an_export_over_http_runs_until_the_platform_has_everybody(
    local: Local, key: str, platforms: str, to: str
) -> None:
    ended = exported(local, key, to, f"e2e-{to}")
    assert (ended["status"], ended["accepted"]) == ("done", 20), ended
    assert held(platforms, to.removesuffix("-main")) == [20]


def test_an_export_puts_files_onto_an_sftp_server(
    local: Local, key: str, platforms: str, files: Path
) -> None:
    ended = exported(local, key, "files-main", "e2e-files")
    assert (ended["status"], ended["accepted"]) == ("done", 20), ended
    (rows,) = files.glob("vips_add_*.csv")
    assert len(rows.read_text().splitlines()) == 21
    assert len([*files.glob("vips_*.done")]) == 1


def test_a_schedule_brings_the_platform_in_step(local: Local, platforms: str) -> None:
    people(local, range(20, 25))
    scheduler = local.client("scheduler")
    (name,) = [
        each["Name"]
        for each in scheduler.list_schedules()["Schedules"]
        if each["Name"].endswith("vips.meta-main")
    ]
    made = scheduler.get_schedule(Name=name, GroupName=STACK)
    parts = {part: made[part] for part in ("FlexibleTimeWindow", "Target")}
    known = {"Name": name, "GroupName": STACK, **parts}
    # Of one that was rate(1 day) MiniStack never lets at(…) come; this is due at once.
    scheduler.update_schedule(ScheduleExpression="rate(1 minute)", **known)
    until(lambda: held(platforms, "meta") == [25])
    scheduler.update_schedule(ScheduleExpression=made["ScheduleExpression"], **known)


def test_what_expired_is_swept(local: Local) -> None:
    day = Clock().now().date() - timedelta(days=200)
    name = f"sightings/expires_on={day}/old.00000.parquet"
    local.client("s3").put_object(Bucket=local.bucket("Lake"), Key=name, Body=b"x")
    event = json.dumps({"scheduled": Clock().now().isoformat()})
    answer = local.client("lambda").invoke(FunctionName="e2e-forget", Payload=event)
    told = json.loads(answer["Payload"].read())
    assert told["partitions"] >= 1, told
    assert name not in local.keys("sightings/")


def test_small_state_ends_and_is_never_read_when_it_has(local: Local) -> None:
    kv = small_state(local)
    kv.put("e2e/short", "x", ttl_seconds=1)
    until(lambda: kv.get("e2e/short") is None, 10)
    (told,) = [local.client("dynamodb").describe_time_to_live(TableName=local.outputs["State"])]
    assert told["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
