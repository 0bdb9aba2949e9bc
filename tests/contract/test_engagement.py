"""Platforms that write to people: what names a person there, and what single answers mean."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from audiences import destinations
from audiences.platforms import platform
from audiences.platforms.base import Access, Action, Answer, Batch, Op, Row, Target
from audiences.platforms.limits import limited
from shared.errors import ConfigurationError

AT = datetime(2026, 7, 1, 6, tzinfo=UTC)
VIPS = Target(account="crm", audience="vips", audience_id="vips")
FILE = "name: crm\nplatform: webhook\naccount: crm\ncredentials: env:HOOK\n"


@pytest.mark.parametrize(
    ("options", "wires"),
    [
        ({}, ["external_id"]),
        ({"identify_by": "email"}, ["email"]),
        ({"identify_by": "all"}, ["external_id", "email", "phone"]),
    ],
)
def test_a_person_is_named_by_what_the_destination_chose(
    options: dict[str, str], wires: list[str]
) -> None:
    assert [key.wire for key in limited(platform("webhook"), options).keys] == wires


def test_a_hook_without_an_address_is_refused_in_its_file() -> None:
    with pytest.raises(ConfigurationError, match=r"'base_url' is missing.*https://"):
        destinations.parse(FILE, "destinations/crm.yaml")
    told = destinations.parse(FILE + "base_url: https://crm.example/hook\n", "destinations/x.yaml")
    assert told.base_url == "https://crm.example/hook"


def test_a_receiver_can_check_the_signature_and_knows_an_event_again() -> None:
    hook = platform("webhook")
    batch = Batch(op=Op.ADD, target=VIPS, rows=[Row((("external_id", "C-1"),))], at=AT)
    request, later = hook.request(batch), hook.request(replace(batch, at=AT.replace(day=2)))
    headers = hook.authorise(request, Access(credentials="s3cr3t\n", at=AT))
    text = f"{headers['x-timestamp']}.".encode() + request.body
    digest = hmac.new(b"s3cr3t", text, hashlib.sha256).hexdigest()
    assert headers["x-signature"] == f"sha256={digest}"
    assert float(headers["x-timestamp"]) == AT.timestamp()
    assert headers["idempotency-key"] == json.loads(request.body)["id"]
    assert hook.authorise(request, Access(credentials="other", at=AT)) != headers
    assert json.loads(later.body)["id"] != json.loads(request.body)["id"]


def test_a_receiver_names_members_that_it_refuses_or_wants_again() -> None:
    named = [
        {"index": 0, "code": "unknown_member", "retryable": False},
        {"index": 1, "code": "unavailable", "retryable": True},
        {"index": 2, "code": "ann@example.com"},
        {"index": 9, "code": "unknown"},
    ]
    answer = Answer(status=200, body=json.dumps({"errors": named}).encode())
    outcome = platform("webhook").outcome(answer, 4)
    assert outcome.action is Action.DONE
    assert outcome.rejected == {0: "unknown_member", 2: "refused"}
    assert outcome.uncertain == {1: "unavailable"}
    assert outcome.rejected_unnamed == 1


def users(options: dict[str, str], op: Op = Op.ADD) -> list[dict[str, object]]:
    """What Braze is told of one person under a destination's options."""
    target = replace(VIPS, audience_id="in-vips", options=options)
    batch = Batch(op=op, target=target, rows=[Row((("email", "ann@example.com"),))], at=AT)
    told: list[dict[str, object]] = json.loads(platform("braze").request(batch).body)["attributes"]
    return told


def test_braze_makes_no_user_unless_it_is_asked_to_and_never_by_a_removal() -> None:
    known = {"email": "ann@example.com", "_update_existing_only": True}
    assert users({}) == [known | {"in_vips": True}]
    assert users({"update_existing_only": "false"}) == [
        {"email": "ann@example.com", "in_vips": True}
    ]
    assert users({"update_existing_only": "false"}, Op.REMOVE) == [known | {"in_vips": False}]


def test_brazes_bulk_endpoint_takes_more_users_and_fewer_bytes() -> None:
    found = limited(platform("braze"), {"endpoint": "bulk", "identify_by": "phone"})
    assert (found.limits.rows, found.limits.bytes) == (1_000, 2_000_000)
    assert [key.wire for key in found.keys] == ["phone"]
    own = limited(platform("braze"), {"endpoint": "bulk", "rows_per_request": "50"})
    assert own.limits.rows == 50


def test_braze_counts_errors_that_name_no_user_and_never_quotes_one() -> None:
    said = [{"type": "ann@example.com is bad", "input_array": "attributes", "index": 1}, {}]
    body = json.dumps({"message": "success", "errors": said}).encode()
    outcome = platform("braze").outcome(Answer(status=201, body=body), 3)
    assert outcome.rejected == {1: "not_taken"}
    assert outcome.rejected_unnamed == 1


def test_onesignal_never_drops_users_of_a_request_that_is_set_too_large() -> None:
    two = [Row((("external_id", number),)) for number in ("C-1", "C-2")]
    with pytest.raises(ConfigurationError, match="leave out rows_per_request"):
        platform("onesignal").request(Batch(op=Op.ADD, target=VIPS, rows=two, at=AT))
