"""Tokens are renewed once, before they end; rotated ones are stored, and clocks may be wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from audiences.delivery.session import Session
from audiences.platforms import oauth
from audiences.platforms.base import Request
from shared.clock import Clock
from shared.ports import HttpAnswer, HttpRequest
from tests.unit.delivery.stage import NOW, PLATFORM, session

CLIENT = oauth.OAuth(title="Test Ads", token_url="https://login.test/token")
MACHINE = replace(CLIENT, grant="client_credentials", basic=True, form={"scope": "s"})
REQUEST = Request(method="POST", path="/rows", body=b"exact")
BOTH = {"client_id": "i", "client_secret": "s3cr3t", "refresh_token": "r1"}


def with_tokens(
    of: oauth.OAuth, credentials: object, answer: Callable[[HttpRequest], HttpAnswer]
) -> tuple[Session, list[HttpRequest]]:
    platform = replace(
        PLATFORM,
        slug=f"test-{of.grant}-{json.dumps(credentials)}",
        authorise=oauth.bearer,
        refresh=of.refresh,
        refreshed=of.refreshed,
    )
    made, http, _ = session(answer, platform=platform)
    made.credentials = json.dumps(credentials)
    made.wall = Clock(NOW)
    made.__post_init__()
    return made, http.requests


def granting(**more: object) -> Callable[[HttpRequest], HttpAnswer]:
    body = json.dumps({"access_token": "t1", "expires_in": 900} | more).encode()
    return lambda _request: HttpAnswer(status=200, body=body)


def test_a_token_is_got_before_it_is_needed_and_then_kept() -> None:
    made, sent = with_tokens(MACHINE, {"client_id": "i", "client_secret": "s3cr3t"}, granting())
    made.send(REQUEST)
    made.send(REQUEST)
    assert [r.url for r in sent] == ["https://login.test/token"] + ["https://ads.test/rows"] * 2
    assert sent[0].headers["authorization"].startswith("Basic ")
    assert sent[0].body == b"grant_type=client_credentials&scope=s"
    assert sent[1].headers["authorization"] == "Bearer t1"
    again, later = with_tokens(MACHINE, {"client_id": "i", "client_secret": "s3cr3t"}, granting())
    again.send(REQUEST)
    assert len(later) == 1  # the process has it still


def test_a_token_that_is_about_to_end_is_renewed_first() -> None:
    ends = int((NOW + timedelta(seconds=30)).timestamp())
    made, sent = with_tokens(CLIENT, BOTH | {"access_token": "t0", "ends": ends}, granting())
    made.send(REQUEST)
    assert [r.headers.get("authorization") for r in sent] == [None, "Bearer t1"]


def test_a_rotated_refresh_token_is_stored_with_what_came_with_it() -> None:
    kept: list[str] = []
    made, _ = with_tokens(CLIENT, BOTH | {"note": "n"}, granting(refresh_token="r2"))
    made.keep = lambda text: kept.append(text) or ""
    made.send(REQUEST)
    (text,) = kept
    stored = json.loads(text)
    assert (stored["refresh_token"], stored["access_token"], stored["note"]) == ("r2", "t1", "n")
    assert made.warnings == []


def test_one_that_cannot_be_stored_is_said_and_the_run_goes_on() -> None:
    made, sent = with_tokens(CLIENT, BOTH | {"n": 2}, granting(refresh_token="r2"))
    made.keep = lambda _text: "env: is read-only"
    made.send(REQUEST)
    assert sent[-1].headers["authorization"] == "Bearer t1"
    (warning,) = made.warnings
    assert "env: is read-only" in warning
    assert "r2" not in warning


def test_a_secret_that_somebody_changed_is_read_again_before_it_is_renewed() -> None:
    made, sent = with_tokens(CLIENT, BOTH | {"n": 3, "access_token": "t0"}, granting())
    made.reread = lambda: json.dumps(BOTH | {"access_token": "theirs"})
    assert made.renew(made.credentials)
    assert sent == []
    assert oauth.token(made.access()) == "theirs"


def test_credentials_go_to_declared_hosts_only() -> None:
    made, http, _ = session(lambda _: HttpAnswer(status=200))
    made.platform = replace(made.platform, hosts={"files": "https://files.ads.test/v1"})
    made.send(replace(REQUEST, path="https://elsewhere.test/x"))
    made.send(replace(REQUEST, host="files", path="/up"))
    assert [r.url for r in http.requests] == [
        "https://elsewhere.test/x",
        "https://files.ads.test/v1/up",
    ]
    assert ["authorization" in r.headers for r in http.requests] == [False, True]


def test_an_own_base_url_stands_for_every_host() -> None:
    made, http, _ = session(lambda _: HttpAnswer(status=200))
    made.platform = replace(made.platform, hosts={"files": "https://files.ads.test/v1"})
    made.base_url = "http://127.0.0.1:8900/test"
    made.send(replace(REQUEST, host="files", path="/up"))
    assert http.requests[0].url == "http://127.0.0.1:8900/test/up"


def test_a_wrong_clock_is_tolerated_and_told_once() -> None:
    theirs = datetime(2026, 7, 1, 6, 10, tzinfo=UTC)
    headers = {"date": format_datetime(theirs, usegmt=True)}
    made, _, _ = session(lambda _: HttpAnswer(status=200, headers=headers))
    made.wall = Clock(NOW)
    made.send(REQUEST)
    made.send(REQUEST)
    assert made.access().at == theirs
    (warning,) = made.warnings
    assert "600 seconds behind Test Ads's" in warning


def test_a_body_in_an_envelope_is_what_the_network_sees_and_nobody_else() -> None:
    made, http, _ = session(lambda r: HttpAnswer(status=200, body=r.body.upper()))
    made.platform = replace(
        made.platform,
        sealed=lambda request, access: b"sealed:" + request.body,
        opened=lambda answer, access: replace(answer, body=answer.body.removeprefix(b"SEALED:")),
    )
    assert made.send(REQUEST).body == b"EXACT"
    assert http.requests[0].body == b"sealed:exact"
