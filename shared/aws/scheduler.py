"""Schedules in a group of EventBridge Scheduler, which calls one function when they are due."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from shared.aws.clients import open_client
from shared.aws.errors import asking, code
from shared.ports import Schedule

_PLACE = "the schedules"
_GONE = "ResourceNotFoundException"
_TRIES = {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600}


@dataclass(frozen=True, slots=True)
class Group:
    """Where schedules are kept, whom they call and as whom, and where calls go that fail."""

    name: str
    target: str
    role: str
    failed: str


def connect(group: Group, region: str | None = None) -> SchedulerGroup:
    """Open a group with credentials from where AWS's tools look for them."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 5})
    client = open_client("scheduler", _PLACE, region_name=region, config=config)
    return SchedulerGroup(group, client)


class SchedulerGroup:
    """Keeps one schedule per name in a group."""

    def __init__(self, group: Group, client: Any) -> None:
        self._group = group
        self._client = client

    def names(self) -> list[str]:
        """Return the names of all schedules."""
        pages = self._client.get_paginator("list_schedules").paginate(GroupName=self._group.name)
        with asking(_PLACE):
            return [each["Name"] for page in pages for each in page["Schedules"]]

    def put(self, name: str, schedule: Schedule) -> bool:
        """Make or change a schedule; return False when it was there as it is."""
        wanted = self._described(schedule)
        found = self._call("get_schedule", Name=name, GroupName=self._group.name)
        # Written again, a rate would begin to count anew, and one that is long never come due.
        if found is not None and _same(found, wanted):
            return False
        operation = "create_schedule" if found is None else "update_schedule"
        self._call(operation, Name=name, **wanted)
        return True

    def delete(self, name: str) -> None:
        """Remove a schedule; one that is not there is no error."""
        self._call("delete_schedule", Name=name, GroupName=self._group.name)

    def _described(self, schedule: Schedule) -> dict[str, Any]:
        return {
            "GroupName": self._group.name,
            "ScheduleExpression": schedule.expression,
            "ScheduleExpressionTimezone": schedule.timezone,
            "FlexibleTimeWindow": _window(schedule.window_minutes),
            "Target": {
                "Arn": self._group.target,
                "RoleArn": self._group.role,
                "Input": json.dumps(dict(schedule.event), sort_keys=True),
                "DeadLetterConfig": {"Arn": self._group.failed},
                "RetryPolicy": _TRIES,
            },
        }

    def _call(self, operation: str, **arguments: Any) -> Mapping[str, Any] | None:
        with asking(_PLACE):
            try:
                answer: Mapping[str, Any] = getattr(self._client, operation)(**arguments)
            except ClientError as error:
                if code(error) != _GONE or operation == "create_schedule":
                    raise
                return None
        return answer


def _window(minutes: int) -> dict[str, Any]:
    return {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes} if minutes else {"Mode": "OFF"}


def _same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    target, own = found.get("Target", {}), wanted["Target"]
    return all(found.get(key) == wanted[key] for key in wanted if key != "Target") and all(
        target.get(key) == own[key] for key in own
    )
