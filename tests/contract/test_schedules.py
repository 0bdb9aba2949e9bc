"""Every keeper of schedules keeps the same promises: in memory, and EventBridge Scheduler."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import boto3
import pytest

from shared.aws.scheduler import Group, SchedulerGroup
from shared.errors import BridgeError
from shared.ports import Schedule, Schedules
from tests.fakes import MemorySchedules

_NUMBERS = itertools.count()
DAILY = Schedule("cron(0 6 * * ? *)", "Asia/Ho_Chi_Minh", {"job": "sync", "audience": "gold"})
HOURLY = Schedule("rate(1 hour)", "UTC", {"job": "sync", "audience": "gold"})


def group_of(client: Any, name: str) -> SchedulerGroup:
    client.create_schedule_group(Name=name)
    arn = "arn:aws:{}:123456789012:{}"
    group = Group(
        name,
        arn.format("lambda:eu-west-1", "function:jobs"),
        arn.format("iam:", "role/schedules"),
        arn.format("sqs:eu-west-1", "failed"),
    )
    return SchedulerGroup(group, client)


@pytest.fixture(params=["memory", "scheduler"])
def schedules(request: pytest.FixtureRequest) -> Schedules:
    if request.param == "memory":
        return MemorySchedules()
    client = boto3.client("scheduler", endpoint_url=request.getfixturevalue("endpoint"))
    return group_of(client, f"group-{next(_NUMBERS)}")


def test_what_is_put_is_there_until_it_is_deleted(schedules: Schedules) -> None:
    assert schedules.names() == []
    assert schedules.put("a", DAILY)
    assert schedules.put("b", HOURLY)
    assert sorted(schedules.names()) == ["a", "b"]
    schedules.delete("a")
    schedules.delete("a")
    assert schedules.names() == ["b"]


def test_only_a_change_is_written(schedules: Schedules) -> None:
    assert schedules.put("a", DAILY)
    assert not schedules.put("a", DAILY)
    assert schedules.put("a", HOURLY)
    assert not schedules.put("a", HOURLY)
    within = replace(HOURLY, window_minutes=30)
    assert schedules.put("a", within)
    assert not schedules.put("a", within)
    assert schedules.put("a", HOURLY)
    assert schedules.put("a", Schedule("rate(1 hour)", "UTC", {"job": "sync"}))
    assert schedules.names() == ["a"]


def test_more_than_one_page_is_listed(schedules: Schedules) -> None:
    names = [f"n{number:03d}" for number in range(120)]
    for name in names:
        schedules.put(name, HOURLY)
    assert sorted(schedules.names()) == names


def test_a_schedule_calls_its_target_with_its_event_and_keeps_what_fails(endpoint: str) -> None:
    client = boto3.client("scheduler", endpoint_url=endpoint)
    name = f"group-{next(_NUMBERS)}"
    group_of(client, name).put("a", DAILY)
    found = client.get_schedule(Name="a", GroupName=name)
    assert found["ScheduleExpressionTimezone"] == "Asia/Ho_Chi_Minh"
    assert found["Target"]["Input"] == '{"audience": "gold", "job": "sync"}'
    assert found["Target"]["Arn"].endswith("function:jobs")
    assert found["Target"]["DeadLetterConfig"]["Arn"].endswith(":failed")
    assert found["FlexibleTimeWindow"] == {"Mode": "OFF"}


def test_a_schedule_may_call_its_target_within_a_window(endpoint: str) -> None:
    client = boto3.client("scheduler", endpoint_url=endpoint)
    name = f"group-{next(_NUMBERS)}"
    group_of(client, name).put("a", replace(DAILY, window_minutes=30))
    found = client.get_schedule(Name="a", GroupName=name)["FlexibleTimeWindow"]
    assert found == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30}


def test_without_the_group_it_says_so(endpoint: str) -> None:
    client = boto3.client("scheduler", endpoint_url=endpoint)
    group = SchedulerGroup(Group("no-such", "arn:t", "arn:r", "arn:f"), client)
    with pytest.raises(BridgeError, match="schedules"):
        group.put("a", DAILY)
