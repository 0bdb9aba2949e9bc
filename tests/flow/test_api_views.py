"""What jobs make and the API shows: sizes and people; and that erasure is not there yet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from audiences.flows import views
from audiences.flows.absorb import absorb
from audiences.flows.define import Defined
from audiences.flows.jobs import carry_out
from audiences.flows.resolve import resolve_people
from audiences.flows.workspace import Workspace
from shared.errors import DataError
from tests.builders import ingest, people, rows_of
from tests.flow.calls import queued
from tests.flow.served import GOLD, NOW, ApiUp, api_up, problem

PERSON = "0" * 31 + "1"
RULE = "name: gold\nwhere: {profile: {field: country, is: VN}}\n"


@pytest.fixture(scope="module")
def up() -> Iterator[ApiUp]:
    with api_up() as running:
        yield running


@pytest.fixture
def served(up: ApiUp) -> ApiUp:
    up.empty()
    return up


def size_of(served: ApiUp, tag: str, at: str, **told: object) -> None:
    counts = {"audience": "gold", "of": "people", "members": 7, "held_out": 1, "suppressed": 0}
    text = json.dumps(counts | {"tag": tag, "at": at} | told)
    served.lake[views.estimate_key("gold")] = text.encode()


def test_a_size_is_counted_once_and_read_for_an_hour(served: ApiUp) -> None:
    for _ in range(3):
        answer = served.call("POST", "/audiences/gold/estimate", "read")
        assert (answer.status_code, answer.headers["location"]) == (202, "/audiences/gold/estimate")
    assert served.jobs == [("estimate", "gold")]
    tag = Defined("gold", GOLD).tag
    size_of(served, tag, "2026-11-21T05:30:00Z")
    answer = served.call("POST", "/audiences/gold/estimate", "read")
    assert answer.status_code == 200
    assert (answer.json()["members"], answer.json()["at"]) == (7, "2026-11-21T05:30:00Z")
    size_of(served, tag, "2026-11-21T04:59:00Z")  # too old
    assert served.call("POST", "/audiences/gold/estimate", "read").status_code == 202
    size_of(served, "another version", "2026-11-21T05:59:00Z")
    assert served.call("POST", "/audiences/gold/estimate", "read").status_code == 202
    size_of(served, tag, "2026-11-21T05:59:00Z", error="the rule names nothing")
    problem(served.call("POST", "/audiences/gold/estimate", "read"), 409)
    problem(served.call("POST", "/audiences/none/estimate", "read"), 404)


def test_a_person_is_gathered_shown_and_forgotten(served: ApiUp) -> None:
    problem(served.call("GET", f"/people/{PERSON}", "export"), 403)
    for _ in range(2):
        assert served.call("GET", f"/people/{PERSON}").status_code == 202
    assert served.jobs == [("person", PERSON)]
    views.keep_person(served.kv, PERSON, {"person": PERSON, "profiles": []})
    answer = served.call("GET", f"/people/{PERSON}")
    assert (answer.status_code, answer.json()["person"]) == (200, PERSON)
    assert "no-store" in answer.headers["cache-control"]
    expires_at = served.kv.entries[views.person_key(PERSON)][1]
    assert expires_at == NOW.timestamp() + views.PERSON_SECONDS
    views.keep_person(served.kv, PERSON, {"unknown": True})
    problem(served.call("GET", f"/people/{PERSON}"), 404)
    views.keep_person(served.kv, PERSON, {"profiles": ["x" * views.LARGEST]})
    problem(served.call("GET", f"/people/{PERSON}"), 413)
    problem(served.call("GET", "/people/ada.canary@example.com"), 404)


def test_erasure_says_that_it_is_not_there(served: ApiUp) -> None:
    told = problem(served.call("POST", "/erasures", json={"email": "ada.canary@example.com"}), 501)
    assert told["detail"] == "erasing a person is not available in this version"
    problem(served.call("POST", "/erasures", "export"), 403)


@pytest.fixture
def shop(make_workspace: Callable[..., Workspace]) -> Workspace:
    made = make_workspace(audiences={"gold": RULE}, destinations={})
    rows = [{"external_id": f"C{n}", "country": "VN" if n < 3 else "TH"} for n in range(5)]
    ingest(made, "profiles", rows)
    return made


def test_the_job_counts_who_is_in_an_audience_now(shop: Workspace) -> None:
    assert carry_out(shop, "estimate", "gold") == "done"
    told = json.loads(shop.lake.store.get(views.estimate_key("gold")) or b"")
    assert (told["members"], told["tag"]) == (3, Defined("gold", RULE).tag)
    assert carry_out(shop, "estimate", "none") == "done"
    assert "error" in json.loads(shop.lake.store.get(views.estimate_key("none")) or b"")


def test_the_job_gathers_a_person(shop: Workspace) -> None:
    resolve_people(shop)
    who = next(iter(people(shop).values())).hex()
    carry_out(shop, "person", who)
    assert json.loads(shop.kv.get(views.person_key(who)) or "")["person"] == who
    carry_out(shop, "person", PERSON)
    assert json.loads(shop.kv.get(views.person_key(PERSON)) or "") == {"unknown": True}
    with pytest.raises(DataError):
        carry_out(shop, "sweep", "x")


def test_a_cookie_sync_becomes_a_sighting_and_a_link(shop: Workspace) -> None:
    value = "5f2c" * 8
    seen = {"id_type": "partner:adco", "id": "P-123", "party": 3}
    seen |= {"link_type": "cookie", "link_value": value}
    done = absorb(shop, queued(shop, [("sighting", seen)], source="cookie-sync"))
    assert (done.kept, done.rejected, done.reasons) == (1, 0, {})
    (row,) = rows_of(shop, "sightings")
    assert (row["id_type"], row["source"], row["party"]) == ("partner:adco", "cookie-sync", 3)
    ends = [(link["a_type"], link["b_type"]) for link in rows_of(shop, "links")]
    assert {*ends[-1]} == {"partner:adco", "cookie"}
