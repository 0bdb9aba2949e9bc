"""The API over real HTTP on the loopback: keys, and audiences as files."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import requests
import yaml

from audiences.flows import define
from audiences.flows.access import SCOPES, create_key, find_key, list_keys, revoke_key
from audiences.flows.define import ChangedError, Files
from shared.clock import Clock
from shared.errors import ConfigurationError, RetryableError
from tests.fakes import MemoryKeyValue, MemoryStore
from tests.flow.served import CLOCK, GOLD, NOW, ApiUp, api_up, problem

USER = "name: user\nwhere: {member_of: gold}\n"


@pytest.fixture(scope="module")
def up() -> Iterator[ApiUp]:
    with api_up() as running:
        yield running


@pytest.fixture
def served(up: ApiUp) -> ApiUp:
    up.empty()
    return up


ROUTES = [
    ("GET", "/audiences", "read"),
    ("GET", "/audiences/gold", "read"),
    ("PUT", "/audiences/gold", "admin"),
    ("DELETE", "/audiences/gold", "admin"),
    ("POST", "/audiences/gold/exports", "export"),
    ("GET", "/runs", "read"),
    ("GET", "/runs/x", "read"),
    ("POST", "/runs/x/approve", "admin"),
    ("GET", "/reports/contrast", "read"),
]


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_a_route_lets_in_its_scope_and_those_above(
    served: ApiUp, method: str, path: str, scope: str
) -> None:
    for own in SCOPES:
        status = served.call(method, path, own, json={"to": "meta"}).status_code
        assert (status == 403) == (SCOPES.index(own) < SCOPES.index(scope)), own
        assert status != 500
    for nobody in ("", "brk_0", served.keys["admin"][:-1] + "x", "Bearer x" * 500):
        problem(served.call(method, path, nobody), 401)
    assert requests.request(method, f"{served.url}{path}", timeout=10).status_code == 401


def test_a_key_may_come_in_a_header_of_its_own(served: ApiUp) -> None:
    headers = {"X-Api-Key": served.keys["read"]}
    assert requests.get(f"{served.url}/audiences", headers=headers, timeout=10).ok


def test_health_and_description_are_open(served: ApiUp) -> None:
    assert requests.get(f"{served.url}/health", timeout=10).json() == {"status": "ok"}
    described = requests.get(f"{served.url}/openapi.json", timeout=10).json()
    assert {path for _, path, _ in ROUTES if "/x" not in path} - {
        path.replace("{name}", "contrast" if "reports" in path else "gold")
        for path in described["paths"]
    } == set()


def test_of_a_key_only_a_hash_is_kept_and_it_ends(served: ApiUp) -> None:
    kv = MemoryKeyValue(CLOCK)
    key, text = create_key(kv, CLOCK, "ci", "export", days=2)
    secret = text.removeprefix(f"brk_{key.id}_")
    assert secret not in str(kv.entries)
    assert find_key(kv, text) == key
    assert [found.id for found in list_keys(kv)] == [key.id]
    kv.clock = Clock(NOW + timedelta(days=2))
    assert find_key(kv, text) is None
    assert list_keys(kv) == []
    for scope, days in (("root", 1), ("read", 0), ("read", 5_000)):
        with pytest.raises(ConfigurationError):
            create_key(kv, CLOCK, "x", scope, days)


def test_a_revoked_key_ends_at_once(served: ApiUp) -> None:
    key = find_key(served.kv, served.keys["read"])
    assert key is not None
    assert served.call("GET", "/audiences", "read").ok
    assert revoke_key(served.kv, key.id)
    problem(served.call("GET", "/audiences", "read"), 401)
    assert not revoke_key(served.kv, key.id)


def test_audiences_are_listed_with_their_last_build(served: ApiUp) -> None:
    manifest = {"rows": 5, "about": {"at": "2026-11-20T00:00:00Z"}}
    served.lake["members/gold/_manifests/00000001.json"] = json.dumps(manifest).encode()
    served.files["odd.yaml"] = b"{{"
    gold, odd = served.call("GET", "/audiences", "read").json()["audiences"]
    assert gold["built"] == {"rows": 5, "at": "2026-11-20T00:00:00Z"}
    assert (gold["title"], gold["to"], odd["title"]) == ("Gold", ["meta"], None)


def test_a_file_is_read_as_it_stands_or_as_json(served: ApiUp) -> None:
    answer = served.call("GET", "/audiences/gold", "read")
    assert answer.text == GOLD
    tag = answer.headers["ETag"]
    same = served.call("GET", "/audiences/gold", headers={"If-None-Match": tag})
    assert (same.status_code, same.text) == (304, "")
    as_json = served.call("GET", "/audiences/gold", headers={"Accept": "application/json"})
    assert as_json.json() == yaml.safe_load(GOLD)
    for name in ("none", "NO", "..%2f..%2fx", "a" * 70):
        problem(served.call("GET", f"/audiences/{name}"), 404)


def test_an_audience_is_written_once_and_replaced_by_who_has_read_it(served: ApiUp) -> None:
    made = served.put("user", USER)
    assert (made.status_code, made.headers["Location"]) == (201, "/audiences/user")
    problem(served.put("user", USER), 428)
    problem(served.put("user", USER, If_None_Match="*"), 412)
    problem(served.put("user", USER, If_Match='"old"'), 412)
    problem(served.put("other", USER.replace("user", "other"), If_Match="*"), 412)
    changed = USER + "title: Users\n"
    done = served.put("user", changed, If_Match=made.headers["ETag"])
    assert done.status_code == 200
    assert served.files["user.yaml"].decode() == changed
    assert served.call("GET", "/audiences/user").headers["ETag"] == done.headers["ETag"]
    problem(served.put("user", USER, If_Match=made.headers["ETag"]), 412)


@dataclass(slots=True)
class SlowStore:
    """A store in which others overtake who has read and not yet written."""

    store: MemoryStore
    url: str = "memory://slow"

    def get(self, key: str) -> bytes | None:
        data = self.store.get(key)
        time.sleep(0.05)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def test_of_many_writers_with_one_version_one_wins() -> None:
    store: Any = SlowStore(MemoryStore(files={"gold.yaml": GOLD.encode()}))
    files = Files(store, MemoryStore(files={"meta.yaml": b""}), MemoryKeyValue(CLOCK))
    read = define.read(files, "gold")
    assert read is not None

    def write(number: int) -> str:
        text = GOLD.replace("Gold", f"Gold {number}")
        while True:
            try:
                define.replace(files, "gold", text, read.tag)
            except ChangedError:
                return "late"
            except RetryableError:
                time.sleep(0.01)
            else:
                return "won"

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(write, range(5))) == [*["late"] * 4, "won"]


def test_all_faults_of_a_file_are_told_with_their_lines(served: ApiUp) -> None:
    text = "name: user\nwhere:\n  evnt: {name: order}\nholdout: {percent: 200}\n"
    told = problem(served.put("user", text), 422)
    assert len(told["faults"]) == 2
    assert [fault["where"][-2:] for fault in told["faults"]] == [":3", ":4"]
    other = problem(served.put("user", USER.replace("gold", "none") + "sync: [{to: nowhere}]"), 422)
    assert len(other["faults"]) == 2
    assert "user.yaml" not in served.files
    for odd in (b"\xff", b"", b"[" * 3_000, b"a: *b", b"name: other\nwhere: {member_of: gold}"):
        problem(served.put("user", odd), 422)


def test_json_is_taken_as_well(served: ApiUp) -> None:
    value = json.dumps({"name": "user", "where": {"member_of": "gold"}}, indent="\t")
    assert served.put("user", value).status_code == 201
    assert yaml.safe_load(served.files["user.yaml"]) == json.loads(value)


def test_a_request_may_not_be_endless(served: ApiUp) -> None:
    assert served.put("user", "#" * 300_000).status_code == 413
    answer = served.call("POST", "/audiences/gold/exports", data=b" " * 300_000)
    assert answer.status_code in (400, 413)


def test_an_audience_that_another_one_names_stays(served: ApiUp) -> None:
    tag = served.call("GET", "/audiences/gold").headers["ETag"]
    made = served.put("user", USER)
    problem(served.call("DELETE", "/audiences/gold", headers={"If-Match": tag}), 409)
    problem(served.call("DELETE", "/audiences/user"), 428)
    problem(served.call("DELETE", "/audiences/user", headers={"If-Match": tag}), 412)
    own = {"If-Match": made.headers["ETag"]}
    assert served.call("DELETE", "/audiences/user", headers=own).status_code == 204
    assert served.call("DELETE", "/audiences/gold", headers={"If-Match": tag}).status_code == 204
    problem(served.call("DELETE", "/audiences/gold", headers={"If-Match": tag}), 404)
    assert served.files == {}
