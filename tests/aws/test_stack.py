"""The deployed template, from outside: calls, files, poison, exports, keys, schedules, expiry."""

from __future__ import annotations

import itertools
import json
import os
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from audiences.flows.access import create_key, revoke_key
from infra.sandbox import server
from shared.aws.kv import DynamoKeyValue
from shared.clock import Clock
from tests.aws.local import STACK, Local, deployed, environment, until
from tests.aws.reading import rows

pytestmark = [pytest.mark.aws, pytest.mark.timeout(900)]
_NUMBERS = itertools.count()
VIPS = """\
name: vips
where: {profile: {field: attributes.tier, is: vip}}
sync:
  - {to: meta-main, schedule: "rate(1 day)"}
  - {to: google-main}
"""
PLACE = """\
name: {name}-main
platform: {name}
account: {account}
credentials: secret://ads/meta-main
base_url: %s/{name}
guard: {{max_removed_percent: 100, max_change_percent: 100000}}
"""
DESTINATIONS = {
    f"{name}-main": PLACE.format(name=name, account=account)
    for name, account in (("meta", "act_12"), ("google", '"34"'))
}
UNDER_WAY = ("queued", "running", "waiting")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    folder = tmp_path_factory.mktemp("local")
    auth = os.environ.get("AWS_TEST_AUTH") == "true"
    with environment(), deployed(folder, auth=auth) as stack:
        yield stack


@pytest.fixture(scope="module")
def key(local: Local) -> str:
    return create_key(small_state(local), Clock(), "e2e", "admin")[1]


def small_state(local: Local) -> DynamoKeyValue:
    return DynamoKeyValue(local.outputs["State"], local.client("dynamodb"), Clock())


def drop(local: Local, kind: str, text: str) -> None:
    name = f"inbox/{kind}/crm/{next(_NUMBERS)}.csv"
    local.client("s3").put_object(Bucket=local.bucket("Inbox"), Key=name, Body=text.encode())


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


@pytest.fixture(scope="module")
def platforms(local: Local, key: str) -> Iterator[str]:
    """Stand-in platforms, two destinations there, and twenty people in an audience."""
    running = server.start()
    for name, text in DESTINATIONS.items():
        body = (text % running.url).encode()
        file = f"destinations/{name}.yaml"
        local.client("s3").put_object(Bucket=local.bucket("Config"), Key=file, Body=body)
    local.client("secretsmanager").create_secret(Name="ads/meta-main", SecretString="sandbox")
    assert local.http("PUT", "/audiences/vips", VIPS, **bearer(key))[0] == 201
    people(local, range(20))
    yield running.url
    running.stop()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def people(local: Local, numbers: range) -> None:
    lines = "".join(f"V{number},v{number}@example.com,vip\n" for number in numbers)
    drop(local, "profiles", f"external_id,email,tier\n{lines}")
    last = f"V{numbers[-1]}"
    until(lambda: any(row["external_id"] == last for row in rows(local, "profiles")))


def held(url: str, platform: str) -> list[int]:
    with urllib.request.urlopen(f"{url}/_sandbox/state", timeout=20) as answer:  # noqa: S310
        return [each["count"] for each in json.loads(answer.read()).get(platform, {}).values()]


@pytest.mark.parametrize("to", ["meta-main", "google-main"])
def test_an_export_over_http_runs_until_the_platform_has_everybody(
    local: Local, key: str, platforms: str, to: str
) -> None:
    asked = {"Idempotency-Key": f"e2e-{to}", **bearer(key)}
    status, told = local.http("POST", "/audiences/vips/exports", {"to": to}, **asked)
    assert status == 202, told
    shown = lambda: local.http("GET", f"/runs/{told['id']}", **bearer(key))[1]  # noqa: E731
    ended = until(lambda: (run := shown())["status"] not in UNDER_WAY and run, 240)
    assert (ended["status"], ended["accepted"]) == ("done", 20), ended
    assert held(platforms, to.removesuffix("-main")) == [20]


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
