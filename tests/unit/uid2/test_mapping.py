"""What an operator says of each digest, in the order of what it was asked."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from audiences.uid2.mapping import AGAIN, Mapped, read_answer

AT = datetime(2026, 7, 1, tzinfo=UTC)
UID, BEFORE = (base64.b64encode(bytes([n]) * 32).decode() for n in (250, 7))
DIGEST = b"d" * 32
DAY = 86_400
SOON = int(AT.timestamp()) + 30 * DAY


def read(element: object) -> Mapped:
    body = json.dumps({"status": "success", "body": {"phone_hash": [element]}}).encode()
    (found,) = read_answer(body, {"email_hash": [], "phone_hash": [DIGEST]}, AT)
    assert found.digest == DIGEST
    return found


def test_answers_stand_in_the_order_of_what_was_asked() -> None:
    elements = [{"u": UID, "p": None, "r": SOON}, {"e": "optout"}]
    said = {"status": "success", "body": {"phone_hash": elements[1:], "email_hash": elements[:1]}}
    asked = {"email_hash": [b"a" * 32], "phone_hash": [b"b" * 32]}
    found = read_answer(json.dumps(said).encode(), asked, AT)
    assert [(one.digest, one.state) for one in found] == [
        (b"a" * 32, "mapped"),
        (b"b" * 32, "optout"),
    ]


def test_a_mapped_one_is_good_until_its_refresh_which_may_be_told_in_milliseconds() -> None:
    until = datetime.fromtimestamp(SOON, UTC)
    assert read({"u": UID, "p": BEFORE, "r": SOON}) == Mapped(DIGEST, "mapped", until, UID, BEFORE)
    assert read({"u": UID, "p": None, "r": SOON * 1000}) == Mapped(DIGEST, "mapped", until, UID)


def test_no_raw_id_is_good_for_longer_than_90_days() -> None:
    assert read({"u": UID, "r": SOON + 300 * DAY}).refresh_at == AT + timedelta(days=90)


@pytest.mark.parametrize(
    ("element", "state"),
    [
        ({"e": "optout"}, "optout"),
        ({"e": "invalid identifier"}, "invalid"),
        ({"e": "something new"}, "unknown"),
        ({}, "unknown"),
        ({"u": UID}, "unknown"),
        ({"u": UID, "r": "soon"}, "unknown"),
        ({"u": UID, "r": True}, "unknown"),
        ({"u": UID, "r": -1}, "unknown"),
        ({"u": UID, "r": 1e300}, "unknown"),
        ({"u": "short", "r": SOON}, "unknown"),
        ({"u": None, "r": SOON}, "unknown"),
        ({"u": "ann@example.com", "r": SOON}, "unknown"),
    ],
)
def test_one_without_a_raw_id_is_asked_about_again_in_time(element: object, state: str) -> None:
    assert read(element) == Mapped(DIGEST, state, AT + AGAIN[state])


def test_a_previous_id_that_is_none_is_left_out() -> None:
    assert read({"u": UID, "p": "ann@example.com", "r": SOON}).previous is None
