"""LINE: which group is ours, and that the old one goes when the new one is ready, not before."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from audiences.platforms import platform
from audiences.platforms.base import Action, Answer, Audience, Course, Request, Size, Target

LINE = platform("line")
AT = datetime(2026, 7, 1, tzinfo=UTC)
TARGET = Target(account="1", audience="vips", audience_id="{audience_id}")
OURS = {"audienceGroupId": 77, "type": "UPLOAD", "description": "vips", "status": "READY"}


def answer(body: object, status: int = 200) -> Answer:
    return Answer(status=status, body=json.dumps(body).encode())


def group(status: str, **more: object) -> Answer:
    return answer({"audienceGroup": {"status": status, **more}, "jobs": []})


def listed(*groups: dict) -> Answer:
    return answer({"audienceGroups": groups, "hasNextPage": False})


def test_the_old_group_goes_after_a_look_at_the_new_one() -> None:
    assert LINE.closing
    course = Course(target=TARGET, at=AT, starts=AT, mode="rebuild", replaces="12")
    assert [(one.method, one.path) for one in LINE.closing(course)] == [
        ("GET", "/v2/bot/audienceGroup/{audience_id}"),
        ("DELETE", "/v2/bot/audienceGroup/12"),
    ]
    assert LINE.closing(Course(target=TARGET, at=AT, starts=AT, mode="mirror")) == []


@pytest.mark.parametrize(
    ("told", "action"),
    [
        (group("READY"), Action.DONE),
        (group("IN_PROGRESS"), Action.RETRY),
        (group("FAILED", failedType="AUDIENCE_GROUP_AUDIENCE_INSUFFICIENT"), Action.DONE),
        (group("FAILED", failedType="INTERNAL_ERROR"), Action.STOP),
        (group("EXPIRED"), Action.REFUSED),
        (answer({}, 202), Action.DONE),
        (Answer(status=202, body=b""), Action.DONE),
        (answer({"details": [{"message": "AUDIENCE_GROUP_NOT_FOUND"}]}, 400), Action.STOP),
        (answer({}, 400), Action.REFUSED),
        (answer({}, 503), Action.RETRY),
    ],
)
def test_a_new_group_is_waited_for(told: Answer, action: Action) -> None:
    assert LINE.told
    outcome = LINE.told(told)
    assert outcome.action is action
    patient = action is Action.RETRY and told.status == 200
    assert (outcome.wait_seconds == 10.0) is patient


@pytest.mark.parametrize(
    "other",
    [
        {"description": "vips-2"},
        {"description": "VIPS"},
        {"status": "EXPIRED"},
        {"isIfaAudience": True},
        {"type": "CLICK"},
    ],
)
def test_another_group_is_not_taken_for_ours(other: dict) -> None:
    assert LINE.find
    assert LINE.found
    asked = LINE.find(TARGET)
    assert LINE.found(asked, listed(OURS | other), "vips") is None
    assert LINE.found(asked, listed(OURS | other | {"audienceGroupId": 1}, OURS), "vips") == "77"


def test_a_long_name_is_cut_and_found_again() -> None:
    assert LINE.create
    assert LINE.found
    long = "v" * 150
    made = json.loads(LINE.create(TARGET, Audience(name=long, title="")).body)
    assert made["description"] == "v" * 120
    there = listed(OURS | {"description": made["description"]})
    assert LINE.found(Request(method="GET", path="/"), there, long) == "77"


@pytest.mark.parametrize(("count", "size"), [(5, Size(5, 5)), (-1, None), ("5", None)])
def test_a_size_is_what_the_group_holds(count: object, size: Size | None) -> None:
    assert LINE.sized
    assert LINE.sized(group("READY", audienceCount=count)) == size
