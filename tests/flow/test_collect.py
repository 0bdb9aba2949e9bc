"""The collector over real HTTP on the loopback: what is taken, and what is said of the rest."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from shared.errors import CredentialError
from tests.flow.served import KINDS, TRACK, CollectorUp, collector_up


@pytest.fixture(scope="module")
def up() -> Iterator[CollectorUp]:
    with collector_up() as running:
        yield running


@pytest.fixture
def served(up: CollectorUp) -> CollectorUp:
    up.empty()
    return up


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_call_is_taken(served: CollectorUp, kind: str) -> None:
    answer = served.post(f"/v1/{kind}", KINDS[kind])
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    (message,) = served.taken()
    assert message["v"] == 1
    assert message["kind"] == kind
    assert message["source"] == "web"
    assert message["received"] == "2026-11-21T06:00:00Z"
    assert message["call"].items() >= KINDS[kind].items()
    assert message["call"]["messageId"]


def test_the_write_key_says_the_source_and_may_stand_in_the_body(served: CollectorUp) -> None:
    served.post("/v1/track", TRACK, auth=("plain-key", ""))
    served.post("/v1/track", {**TRACK, "writeKey": "web-key"}, auth=None)
    assert [m["source"] for m in served.taken()] == ["collector", "web"]
    assert "web-key" not in "".join(served.queue.bodies)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Basic !!"}, {"Authorization": "Basic d3Jvbmc6"}, {"X": "Bearer x"}],
)
def test_an_unknown_write_key_is_refused_without_a_password_prompt(
    served: CollectorUp, headers: dict[str, str]
) -> None:
    answer = served.post("/v1/track", TRACK, auth=None, headers=headers)
    assert answer.status_code == 401
    assert not answer.headers["WWW-Authenticate"].lower().startswith("basic")
    assert served.queue.bodies == []


@pytest.mark.parametrize(
    ("kind", "call", "where"),
    [
        ("track", {"userId": "u"}, "event"),
        ("track", {"event": "x"}, "userId"),
        ("track", {"event": ["x"], "userId": "u"}, "event"),
        ("track", {"event": "x", "userId": {"a": 1}}, "userId"),
        ("track", {"event": "x", "userId": "u" * 257}, "userId"),
        ("track", {"event": "x", "userId": "u", "timestamp": "yesterday"}, "timestamp"),
        ("track", {"event": "x", "userId": "u", "context": []}, "context"),
        ("identify", {"userId": "u", "traits": "x"}, "traits"),
        ("identify", {"userId": " "}, "userId"),
        ("group", {"userId": "u"}, "groupId"),
        ("alias", {"userId": "u"}, "previousId"),
        ("alias", {"previousId": "u"}, "userId"),
    ],
)
def test_what_is_wrong_with_a_call_is_said(
    served: CollectorUp, kind: str, call: dict[str, Any], where: str
) -> None:
    answer = served.post(f"/v1/{kind}", call)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 400
    assert [fault["where"] for fault in problem["faults"]] == [where]
    assert served.queue.bodies == []


def test_all_faults_are_told_at_once(served: CollectorUp) -> None:
    answer = served.post("/v1/track", {"traits": 1, "timestamp": 5})
    wheres = {fault["where"] for fault in answer.json()["faults"]}
    assert wheres == {"traits", "timestamp", "event", "userId"}


def test_one_bad_call_of_a_batch_costs_its_neighbours_nothing(served: CollectorUp) -> None:
    batch = [{"type": "track", **TRACK}, {"type": "track"}, {"type": "nonsense"}, "x"]
    answer = served.post("/v1/batch", {"batch": batch})
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "rejected": {"count": 3, "places": [1, 2, 3]}}
    kinds = [(m["kind"], m["call"].get("of")) for m in served.taken()]
    assert kinds == [("track", None), *[("refused", of) for of in ("track", "call", "call")]]


def test_a_batch_without_one_good_call_is_refused(served: CollectorUp) -> None:
    answer = served.post("/v1/batch", {"batch": [{"type": "track"}]})
    assert answer.status_code == 400
    assert [f["where"] for f in answer.json()["faults"]] == ["batch[0].event", "batch[0].userId"]
    for bad in ({"batch": []}, {"batch": {}}, {}, []):
        assert served.post("/v1/batch", bad).status_code == 400


def test_a_batch_says_for_all_of_its_calls_when_it_was_sent(served: CollectorUp) -> None:
    batch = [{"type": "track", **TRACK}, {"type": "page", "anonymousId": "a", "context": {"b": 2}}]
    sent = {"batch": batch, "sentAt": "2026-11-21T05:59:59Z", "context": {"b": 1, "c": 3}}
    served.post("/v1/batch", sent)
    first, second = (m["call"] for m in served.taken())
    assert first["sentAt"] == second["sentAt"] == "2026-11-21T05:59:59Z"
    assert first["context"]["c"] == 3
    assert second["context"]["b"] == 2


def test_calls_are_limited_in_size_packed_or_not(served: CollectorUp) -> None:
    large = {**TRACK, "properties": {"x": "y" * 33_000}}
    fits = {**TRACK, "properties": {"x": "y" * 30_000}}
    bomb = gzip.compress(json.dumps(large).encode() + b" " * 50_000_000)
    assert served.post("/v1/track", large).status_code == 400
    assert served.post("/v1/track", bomb, headers={"Content-Encoding": "gzip"}).status_code == 400
    assert served.post("/v1/batch", {"batch": [{"type": "track", **large}]}).status_code == 400
    assert served.post("/v1/track", fits).status_code == 200
    batch = {"batch": [{"type": "track", **fits}] * 18}
    assert served.post("/v1/batch", batch).status_code == 400
    batch["batch"] = batch["batch"][:15]
    packed = gzip.compress(json.dumps(batch).encode())
    assert served.post("/v1/batch", packed, headers={"Content-Encoding": "gzip"}).ok
    assert len(served.queue.bodies) == 16


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"[" * 20_000, b'{"a": NaN}', b"null", b"1", b'"x"', b"{}" * 3],
)
def test_what_is_no_json_object_is_no_call(served: CollectorUp, body: bytes) -> None:
    assert served.post("/v1/track", body).status_code == 400


def test_a_packed_body_that_is_damaged_is_no_call(served: CollectorUp) -> None:
    good = gzip.compress(json.dumps(TRACK).encode())
    for body, encoding in ((b"x", "gzip"), (good[:-4], "gzip"), (good, "br")):
        answer = served.post("/v1/track", body, headers={"Content-Encoding": encoding})
        assert answer.status_code == 400


def test_a_full_queue_asks_to_send_again(served: CollectorUp) -> None:
    served.queue.full = 0
    answer = served.post("/v1/track", TRACK)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert '"event": "busy"' in served.log.getvalue()


def test_a_fault_that_is_not_the_caller_s_is_in_the_log(served: CollectorUp) -> None:
    served.queue.trouble = CredentialError(
        "the queue: AWS refuses these credentials (AccessDenied)"
    )
    answer = served.post("/v1/track", TRACK)
    assert (answer.status_code, "AccessDenied" in answer.text) == (500, False)
    said = [line for line in served.log.getvalue().splitlines() if '"fault"' in line]
    assert "the queue: AWS refuses these credentials (AccessDenied)" in said[-1]


def test_a_sighting_keeps_its_own_columns_only(served: CollectorUp) -> None:
    good = {"id_type": "cookie", "id": "c1", "traits": ["a"], "email": "ada@example.com"}
    answer = served.post("/v1/sightings", {"sightings": [good, {"id": "x"}]})
    assert answer.json() == {"success": True, "rejected": {"count": 1, "places": [1]}}
    assert served.taken()[0]["call"] == {"id_type": "cookie", "id": "c1", "traits": ["a"]}
    assert served.post("/v1/sightings", [good]).ok
    assert served.post("/v1/sightings", good).ok
    assert served.post("/v1/sightings", good, auth=None).status_code == 401
