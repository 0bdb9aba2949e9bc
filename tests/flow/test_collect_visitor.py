"""The collector and its visitors: cookie, opt-outs, memberships, pages that may call, canaries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from audiences.flows.visitor import Entry, key_of
from tests.flow.served import (
    KINDS,
    NOW,
    ORIGIN,
    SECRET,
    TRACK,
    WEB,
    CollectorUp,
    collector_up,
    problem,
)


@pytest.fixture(scope="module")
def up() -> Iterator[CollectorUp]:
    with collector_up() as running:
        yield running


@pytest.fixture
def served(up: CollectorUp) -> CollectorUp:
    up.empty()
    return up


def test_the_pixel_sets_a_first_party_cookie_once(served: CollectorUp) -> None:
    first = served.get("/v1/px.gif?t=running-shoes|hats&email=ada@example.com")
    assert first.status_code == 200
    assert len(first.content) == 43
    assert first.content.startswith(b"GIF89a")
    assert "no-store" in first.headers["Cache-Control"]
    cookie = first.headers["Set-Cookie"]
    assert re.match(r"bridge_id=[0-9a-f]{32}; ", cookie)
    assert all(part in cookie for part in ("HttpOnly", "Path=/", "SameSite=lax", "Max-Age=7776000"))
    value = first.cookies["bridge_id"]
    again = served.get("/v1/px.gif", cookies={"bridge_id": value})
    assert again.cookies["bridge_id"] == value
    forged = served.get("/v1/px.gif", cookies={"bridge_id": "ada@example.com"})
    assert forged.cookies["bridge_id"] != "ada@example.com"
    seen = served.taken()
    assert [m["call"]["cookie"] for m in seen[:2]] == [value, value]
    assert seen[0]["call"]["properties"]["traits"] == ["running-shoes", "hats"]
    assert "ada@" not in "".join(served.queue.bodies)


@pytest.mark.parametrize(
    "refusal", [{"headers": {"Sec-GPC": "1"}}, {"cookies": {"bridge_opt_out": "1"}}]
)
def test_of_a_browser_that_refuses_nothing_is_kept_and_answers_stay_the_same(
    served: CollectorUp, refusal: dict[str, Any]
) -> None:
    key = key_of(SECRET, "cookie", "a" * 32) or ""
    served.kv.put(key, Entry({"vips": 2_000_000_000}).text())
    own = {"bridge_id": "a" * 32}
    cookies = {**own, **refusal.get("cookies", {})}
    how = {**refusal, "cookies": cookies}
    plain = served.post("/v1/track", TRACK)
    served.queue.bodies.clear()
    for kind, call in KINDS.items():
        answer = served.post(f"/v1/{kind}", call, **how)
        assert (answer.status_code, answer.text) == (plain.status_code, plain.text)
    assert served.post("/v1/track", {}, **how).status_code == 400
    pixel = served.get("/v1/px.gif", **how)
    assert len(pixel.content) == 43
    assert "Set-Cookie" not in pixel.headers
    assert served.get("/v1/memberships", **how).json() == {"audiences": []}
    assert served.queue.bodies == []


def test_who_opted_out_is_dropped_under_any_of_their_ids(served: CollectorUp) -> None:
    for header in ("external_id:u1", "email:ada@example.com", "anon-7"):
        answer = served.post("/v1/opt-out", {}, headers={"X-Bridge-Id": header})
        assert answer.json() == {"success": True}
        assert "Set-Cookie" not in answer.headers
    batch = [
        {"type": "track", **TRACK},
        {"type": "identify", "userId": "u2", "traits": {"email": "ADA@example.com "}},
        {"type": "page", "anonymousId": "anon-7"},
        {"type": "page", "anonymousId": "anon-8"},
    ]
    answer = served.post("/v1/batch", {"batch": batch})
    assert answer.json() == {"success": True}
    assert [m["call"]["anonymousId"] for m in served.taken()] == ["anon-8"]
    linked = {"id_type": "cookie", "id": "z", "link_type": "external_id", "link_value": "u1"}
    served.post("/v1/sightings", [linked, {"id_type": "cookie", "id": "anon-7"}])
    assert len(served.queue.bodies) == 1


def test_a_visitor_opts_out_with_the_cookie_and_is_not_marked_again(served: CollectorUp) -> None:
    value = served.get("/v1/px.gif").cookies["bridge_id"]
    answer = served.post("/v1/opt-out", b"", auth=None, cookies={"bridge_id": value})
    assert answer.cookies["bridge_opt_out"] == "1"
    assert 'bridge_id=""' in answer.headers["Set-Cookie"]
    served.queue.bodies.clear()
    pixel = served.get("/v1/px.gif", cookies={"bridge_id": value})
    assert "Set-Cookie" not in pixel.headers
    assert served.queue.bodies == []


def test_opting_out_somebody_else_needs_a_write_key(served: CollectorUp) -> None:
    headers = {"X-Bridge-Id": "external_id:u1"}
    assert served.post("/v1/opt-out", b"", auth=None, headers=headers).status_code == 401
    assert served.post("/v1/opt-out", b"", headers={"X-Bridge-Id": "null"}).status_code == 400
    assert served.kv.entries == {}


def test_memberships_come_by_cookie_or_header_and_end_in_time(served: CollectorUp) -> None:
    now = int(NOW.timestamp())
    for kind, value in (("cookie", "a" * 32), ("external_id", "u1")):
        entry = Entry({"vips": now + 60, "ended": now})
        served.kv.put(key_of(SECRET, kind, value) or "", entry.text(), ttl_seconds=60)
    by_cookie = served.get("/v1/memberships", cookies={"bridge_id": "a" * 32})
    assert by_cookie.json() == {"audiences": ["vips"]}
    assert "no-store" in by_cookie.headers["Cache-Control"]
    header = {"X-Bridge-Id": "external_id:u1"}
    assert served.get("/v1/memberships", headers=header, auth=WEB).json() == by_cookie.json()
    assert served.get("/v1/memberships", headers=header).status_code == 401
    for nobody in ({}, {"cookies": {"bridge_id": "b" * 32}}, {"params": {"id": "a" * 32}}):
        assert served.get("/v1/memberships", **nobody).json() == {"audiences": []}


def test_only_known_pages_may_call_with_the_visitors_cookie(served: CollectorUp) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "authorization,content-type"
    granted = requests.options(f"{served.url}/v1/track", headers=asked, timeout=10)
    assert granted.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert granted.headers["Access-Control-Allow-Credentials"] == "true"
    other = {**asked, "Origin": "https://evil.example"}
    refused = requests.options(f"{served.url}/v1/track", headers=other, timeout=10)
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert served.get("/health").json() == {"status": "ok"}


CANARIES = ("ada.canary@example.com", "+84912345678", "c0ffee" + "0" * 26, "web-key")


def test_no_identifier_or_key_stands_in_a_log_or_an_answer(served: CollectorUp) -> None:
    mail, phone, cookie, _ = CANARIES
    cookies = {"bridge_id": cookie}
    calls: list[Any] = [
        {"userId": mail, "event": "x", "timestamp": phone},
        {"userId": [mail], "event": {phone: mail}},
        {"event": mail * 20, "anonymousId": cookie, mail: phone},
    ]
    answers = [served.post("/v1/track", call, cookies=cookies) for call in calls]
    answers.append(served.post("/v1/batch", {"batch": [{"type": mail}, {"type": phone}]}))
    answers.append(served.post("/v1/sightings", {"id_type": mail, "id": phone, "seen_at": mail}))
    answers.append(served.get(f"/v1/{mail}?key=web-key"))
    answers.append(served.get("/v1/memberships", headers={"X-Bridge-Id": mail}, auth=WEB))
    told = "".join(a.text + str(a.headers) for a in answers) + served.log.getvalue()
    assert {a.status_code for a in answers} >= {400, 404}
    assert [canary for canary in CANARIES if canary in told] == []


def test_a_partners_id_is_tied_to_our_cookie(served: CollectorUp) -> None:
    answer = served.get("/v1/sync?partner=adco&id=P-123")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    value = answer.cookies["bridge_id"]
    (message,) = served.taken()
    assert (message["kind"], message["source"]) == ("sighting", "cookie-sync")
    named = {"id_type": "partner:adco", "id": "P-123", "party": 3}
    assert message["call"] == named | {"link_type": "cookie", "link_value": value}
    served.empty()
    again = served.get("/v1/sync?partner=adco&id=P-123", cookies={"bridge_id": value})
    assert again.cookies["bridge_id"] == value
    assert served.taken()[0]["call"]["link_value"] == value


@pytest.mark.parametrize(
    "query", ["", "?partner=adco", "?partner=nobody&id=1", f"?partner=adco&id={'9' * 201}"]
)
def test_a_cookie_sync_that_says_too_little_is_refused(served: CollectorUp, query: str) -> None:
    problem(served.get(f"/v1/sync{query}"), 400)
    assert served.taken() == []


def test_a_cookie_sync_keeps_nothing_of_who_refuses(served: CollectorUp) -> None:
    answer = served.get("/v1/sync?partner=adco&id=P-123", headers={"Sec-GPC": "1"})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert served.taken() == []
