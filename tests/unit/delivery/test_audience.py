"""An audience is found or made by name, once, whatever answers are lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audiences.delivery.audience import ensure_audience
from audiences.platforms.base import Audience
from shared.errors import CredentialError, RejectedError, RetryableError
from shared.ports import HttpAnswer
from tests.unit.delivery.stage import LOST, PLATFORM, by_path, says, session

VIPS = Audience(name="vips", title="VIPs")
NONE, THERE = HttpAnswer(status=200, body=b"{}"), HttpAnswer(status=200, body=b'{"id": "77"}')
MADE = HttpAnswer(status=201, body=b'{"id": 88}')


def test_one_that_is_there_is_adopted() -> None:
    made, http, _ = session(by_path({"/find": (THERE,)}))
    assert ensure_audience(made, VIPS) == ("77", True)
    assert len(http.requests) == 1


def test_one_that_is_not_there_is_made() -> None:
    made, http, _ = session(by_path({"/find": (NONE,), "/make": (MADE,)}))
    assert ensure_audience(made, VIPS) == ("88", False)
    assert [r.url[16:] for r in http.requests] == ["/find/vips", "/make"]


def test_a_lost_answer_is_followed_by_a_look_and_not_by_a_second_one() -> None:
    made, http, _ = session(by_path({"/find": (NONE, THERE), "/make": (LOST,)}))
    assert ensure_audience(made, VIPS) == ("77", False)
    assert [r.url[16:] for r in http.requests] == ["/find/vips", "/make", "/find/vips"]


def test_a_request_that_never_came_is_made_again() -> None:
    made, http, _ = session(by_path({"/find": (NONE,), "/make": (LOST, LOST, MADE)}))
    assert ensure_audience(made, VIPS) == ("88", False)
    assert len(http.requests) == 6


def test_a_platform_that_stays_away_is_a_matter_of_time() -> None:
    made, _, _ = session(by_path({"/find": (NONE,), "/make": (LOST,)}))
    with pytest.raises(RetryableError):
        ensure_audience(made, VIPS)
    made, http, _ = session(by_path({"/find": (LOST,)}))
    with pytest.raises(RetryableError):
        ensure_audience(made, VIPS)
    assert not any(r.url.endswith("/make") for r in http.requests)


@pytest.mark.parametrize("path", ["/find", "/make"])
def test_a_refusal_says_what_the_platform_says(path: str) -> None:
    refusal = says("refused", 400, code="bad_name")
    made, _, _ = session(by_path({"/find": (NONE,), "/make": (MADE,)} | {path: (refusal,)}))
    with pytest.raises(RejectedError, match="bad_name"):
        ensure_audience(made, VIPS)


def test_wrong_credentials_are_said() -> None:
    bare = replace(PLATFORM, refresh=None, refreshed=None)
    made, _, _ = session(by_path({"/find": (says("reauth", 401),)}), platform=bare)
    with pytest.raises(CredentialError):
        ensure_audience(made, VIPS)


def test_a_platform_that_goes_by_names_is_asked_nothing() -> None:
    named = replace(PLATFORM, create=None, created=None, find=None)
    made, http, _ = session(by_path({}), platform=named)
    assert ensure_audience(made, VIPS) == ("vips", True)
    assert http.requests == []


def test_an_audience_that_only_a_person_can_make_is_found_or_asked_for() -> None:
    """There is nothing to be made, so nothing but the list is asked for."""
    filled = replace(PLATFORM, create=None, created=None)
    made, http, _ = session(by_path({"/find": (THERE,)}), platform=filled)
    assert ensure_audience(made, VIPS) == ("77", True)
    made, http, _ = session(by_path({"/find": (NONE,)}), platform=filled)
    with pytest.raises(RejectedError, match="no audience 'vips'"):
        ensure_audience(made, VIPS)
    assert len(http.requests) == 1
