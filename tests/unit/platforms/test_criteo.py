"""Criteo: pages of segments, answers that did nothing, two kinds of credentials."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from audiences.platforms import platform
from audiences.platforms.base import Access, Action, Answer, Request, Target

CRITEO = platform("criteo")
TARGET = Target(account="123", audience="vips", audience_id="")


def page(total: int, *names: str) -> Answer:
    data = [{"id": f"id-{name}", "attributes": {"name": name}} for name in names]
    body = {"data": data, "meta": {"totalItems": total}, "errors": []}
    return Answer(status=200, body=json.dumps(body).encode())


def test_segments_are_looked_through_page_by_page_to_the_last() -> None:
    assert CRITEO.find
    assert CRITEO.found
    first = CRITEO.find(TARGET)
    second = CRITEO.found(first, page(3, "a", "b"), "vips")
    assert isinstance(second, Request)
    assert second.path.endswith("&offset=2")
    assert second.body == first.body
    assert CRITEO.found(second, page(3, "vips"), "vips") == "id-vips"
    assert CRITEO.found(second, page(3, "c"), "vips") is None
    assert CRITEO.found(second, page(9), "vips") is None


@pytest.mark.parametrize("where", ["errors", "warnings"])
def test_a_segment_that_was_not_made_is_told_by_its_code(where: str) -> None:
    assert CRITEO.told
    body = {"data": [], where: [{"code": "name-must-be-unique"}]}
    outcome = CRITEO.told(Answer(status=200, body=json.dumps(body).encode()))
    assert (outcome.action, outcome.code) == (Action.REFUSED, "name-must-be-unique")
    assert CRITEO.told(page(0)).action is Action.DONE


@pytest.mark.parametrize(
    ("more", "grant"),
    [({}, "client_credentials"), ({"refresh_token": "r"}, "refresh_token")],
)
def test_a_token_is_got_as_the_application_or_as_who_consented(more, grant) -> None:
    assert CRITEO.refresh
    secrets = json.dumps({"client_id": "i", "client_secret": "s", **more})
    request = CRITEO.refresh(Access(credentials=secrets))
    assert request
    assert parse_qs(request.body.decode())["grant_type"] == [grant]


def test_no_call_goes_out_until_the_minute_is_over() -> None:
    assert CRITEO.pace
    now = datetime(2026, 7, 1, tzinfo=UTC)
    reset = str(int(now.timestamp()) + 20)
    spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    assert CRITEO.pace(Answer(status=200, headers=spent), now) == 20
    assert CRITEO.pace(Answer(status=200, headers=spent | {"x-ratelimit-remaining": "9"}), now) is (
        None
    )
