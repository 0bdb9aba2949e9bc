"""The API over real HTTP on the loopback: exports, runs, reports, hostile bodies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiences.flows import exports
from audiences.rules.spec import MODES
from shared.clock import Clock
from tests.flow.served import NOW, ApiUp, api_up, problem


@pytest.fixture(scope="module")
def up() -> Iterator[ApiUp]:
    with api_up() as running:
        yield running


@pytest.fixture
def served(up: ApiUp) -> ApiUp:
    up.empty()
    return up


def export(served: ApiUp, body: Any = None, key: str = "", scope: str = "export") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    body = {"to": "meta"} if body is None else body
    return served.call("POST", "/audiences/gold/exports", scope, json=body, headers=headers)


def test_an_export_is_taken_and_can_be_followed(served: ApiUp) -> None:
    answer = export(served, {"to": "meta", "mode": "add", "dry_run": True})
    assert answer.status_code == 202
    where = answer.headers["Location"]
    id_ = where.removeprefix("/runs/")
    assert served.jobs == [("export", id_)]
    told = served.call("GET", where, "read").json()
    assert told == answer.json()
    assert (told["status"], told["audience"], told["to"]) == ("queued", "gold", "meta")
    assert (told["mode"], told["dry_run"]) == ("add", True)
    exports.note(served.kv, id_, {"status": "done", "run": "r", "adds": 5})
    assert served.call("GET", where).json()["adds"] == 5
    assert served.call("GET", "/runs").json()["runs"] == [served.call("GET", where).json()]


def test_a_repair_is_asked_for_as_a_dry_run_is(served: ApiUp) -> None:
    told = export(served, {"to": "meta", "dry_run": True, "repair": True}).json()
    kept = exports.find(served.api.desk.store, told["id"])
    assert kept is not None
    assert (told["repair"], kept.repair, kept.dry_run) == (True, True, True)
    assert export(served).json()["repair"] is False
    plain = export(served, {"to": "meta", "repair": False}, key="k")
    assert export(served, key="k").headers["Location"] == plain.headers["Location"]
    problem(export(served, {"to": "meta", "repair": True}, key="k"), 422)
    problem(export(served, {"to": "meta", "repair": True}, scope="read"), 403)


def test_the_same_key_is_the_same_export(served: ApiUp) -> None:
    first, again = export(served, key="k1"), export(served, key="k1")
    assert first.headers["Location"] == again.headers["Location"]
    assert len(served.jobs) == 1
    problem(export(served, {"to": "meta", "dry_run": True}, key="k1"), 422)
    others = [export(served, key="k2"), export(served), export(served, key="k1", scope="admin")]
    assert len({a.headers["Location"] for a in (first, *others)}) == 4


def test_a_repetition_starts_what_a_crash_kept_from_starting(served: ApiUp) -> None:
    id_ = export(served, key="k1").headers["Location"].removeprefix("/runs/")
    for lost in ([exports.status_key(id_)], [exports.status_key(id_), "file"]):
        served.jobs.clear()
        served.kv.entries.pop(lost[0])
        if len(lost) == 2:
            served.lake.clear()
        assert export(served, key="k1").headers["Location"] == f"/runs/{id_}"
        assert served.jobs == [("export", id_)]


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_that_an_audience_may_name_can_be_asked_for(served: ApiUp, mode: str) -> None:
    location = export(served, {"to": "meta", "mode": mode}).headers["Location"]
    assert served.call("GET", location).json()["mode"] == mode


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"to": "nowhere"}, "to"),
        ({}, "body.to"),
        ({"to": "meta", "mode": "swap"}, "body.mode"),
        ({"to": "meta", "dry_run": "perhaps"}, "body.dry_run"),
        ({"to": "meta", "repair": "perhaps"}, "body.repair"),
        ({"to": "meta", "ada@example.com": 1}, "body.…"),
        ([], "body"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(served: ApiUp, body: Any, where: str) -> None:
    told = problem(export(served, body), 422)
    assert [fault["where"] for fault in told["faults"]] == [where]
    assert served.jobs == []
    answer = served.call("POST", "/audiences/none/exports", json={"to": "meta"})
    problem(answer, 404)


def test_what_the_guard_stopped_is_approved_with_its_token(served: ApiUp) -> None:
    id_ = export(served).headers["Location"].removeprefix("/runs/")
    problem(served.call("POST", f"/runs/{id_}/approve"), 409)
    stopped = {"status": "stopped", "token": "t1", "stopped": "it removes 90 %"}
    exports.note(served.kv, id_, stopped)
    problem(served.call("POST", f"/runs/{id_}/approve", json={"token": "other"}), 409)
    answer = served.call("POST", f"/runs/{id_}/approve", json={"token": "t1"})
    assert answer.status_code == 202
    new = answer.headers["Location"].removeprefix("/runs/")
    assert new != id_
    asked = exports.find(served.api.desk.store, new)
    assert asked is not None
    assert (asked.approve, asked.audience, asked.to) == ("t1", "gold", "meta")
    again = served.call("POST", f"/runs/{id_}/approve")
    assert again.headers["Location"] == answer.headers["Location"]
    problem(served.call("POST", "/runs/none/approve"), 404)


def test_a_repair_that_was_stopped_is_approved_as_a_repair(served: ApiUp) -> None:
    id_ = export(served, {"to": "meta", "repair": True}).json()["id"]
    exports.note(served.kv, id_, {"status": "stopped", "token": "t1", "stopped": "too many"})
    new = served.call("POST", f"/runs/{id_}/approve").json()
    assert (new["repair"], new["audience"]) == (True, "gold")


def test_an_export_that_waits_is_cancelled_and_one_that_is_over_is_not(served: ApiUp) -> None:
    id_ = export(served).headers["Location"].removeprefix("/runs/")
    told = served.call("POST", f"/runs/{id_}/cancel")
    assert (told.status_code, told.json()["status"]) == (202, "cancelled")
    assert served.call("GET", f"/runs/{id_}").json()["status"] == "cancelled"
    problem(served.call("POST", f"/runs/{id_}/cancel"), 409)
    planning = export(served, {"to": "meta"}).headers["Location"].removeprefix("/runs/")
    exports.note(served.kv, planning, {"status": "running"})
    problem(served.call("POST", f"/runs/{planning}/cancel"), 409)
    problem(served.call("POST", "/runs/none/cancel"), 404)


def test_runs_come_newest_first_in_pages(served: ApiUp) -> None:
    at = [NOW + timedelta(minutes=n) for n in range(5)]
    for moment in at:
        desk = replace(served.api.desk, clock=Clock(moment))
        wanted = {"audience": "gold", "to": "meta", "mode": None, "dry_run": False, "approve": ""}
        exports.ask(desk, "k", wanted)
    first = served.call("GET", "/runs?limit=3").json()
    rest = served.call("GET", f"/runs?limit=3&before={first['next']}").json()
    ids = [run["id"] for run in (*first["runs"], *rest["runs"])]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), rest["next"]) == (5, None)
    problem(served.call("GET", "/runs?limit=0"), 422)
    for none in ("none", "..%2f..%2fx", "a" * 99, "%00"):
        problem(served.call("GET", f"/runs/{none}"), 404)


def test_a_report_is_made_once_and_read_for_an_hour(served: ApiUp) -> None:
    for _ in range(3):
        assert served.call("GET", "/reports/contrast", "read").status_code == 202
    assert served.jobs == [("report", "contrast")]
    made = {"report": {"audiences": []}, "at": "2026-11-21T05:30:00Z"}
    served.lake["reports/contrast.json"] = json.dumps(made).encode()
    answer = served.call("GET", "/reports/contrast", "read")
    assert answer.json() == {"audiences": [], "as_of": "2026-11-21T05:30:00Z"}
    made["at"] = "2026-11-21T04:59:00Z"
    served.lake["reports/contrast.json"] = json.dumps(made).encode()
    assert served.call("GET", "/reports/contrast", "read").status_code == 202
    failed = {"error": "no audience was built yet", "at": "2026-11-21T05:59:00Z"}
    served.lake["reports/decay.json"] = json.dumps(failed).encode()
    problem(served.call("GET", "/reports/decay", "read"), 409)
    problem(served.call("GET", "/reports/secrets", "read"), 422)


def test_no_identifier_or_key_stands_in_a_log_or_a_problem(served: ApiUp) -> None:
    mail, key = "ada.canary@example.com", served.keys["admin"]
    answers = [
        served.call("GET", f"/runs/{mail}"),
        served.call("GET", f"/audiences/{mail}"),
        served.call("GET", f"/{mail}"),
        served.call("GET", f"/runs?before={mail}&limit={mail}"),
        served.call("GET", f"/reports/{mail}"),
        served.put("user", f"name: {mail}\nwhere: {{{mail}: {mail}}}\n{mail}: 1\n"),
        export(served, {"to": mail, "mode": mail, mail: mail}, key=mail),
        served.call("POST", "/audiences/gold/exports", data=f'{{"to": {mail}}}'),
        served.call("GET", "/audiences", f"{key}{mail}"),
    ]
    told = "".join(a.text + str(a.headers) for a in answers) + served.log.getvalue()
    secret = key.rpartition("_")[2]
    assert [canary for canary in ("ada.canary", secret) if canary in told] == []
    assert all(a.status_code >= 400 for a in answers if "before" not in a.url)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(data=st.binary(max_size=200) | JSON.map(lambda v: json.dumps(v).encode()))
@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_body_is_our_fault(served: ApiUp, data: bytes) -> None:
    assert served.put("user", data).status_code in (201, 412, 422, 428)
    answer = served.call("POST", "/audiences/gold/exports", data=data)
    assert answer.status_code in (400, 422)
    assert served.call("POST", "/runs/x/approve", data=data).status_code in (400, 404, 422)
