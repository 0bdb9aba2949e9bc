"""The sandbox's own promises: faults, clock, limits, what it records, what it forgets."""

from __future__ import annotations

import gzip
import hashlib
import json
import time

import pytest
import requests

from infra.sandbox.faults import KINDS, Faults, pick
from infra.sandbox.registry import SLUGS
from infra.sandbox.server import Running, start
from infra.sandbox.state import KEPT_BYTES, Arrived, Audience, Pace, fresh
from shared.errors import ConfigurationError

WAIT = 10.0
TTD = {"ttd-auth": "sandbox"}
BEARER = {"authorization": "Bearer sandbox"}
IDS = [f"ea7583cd-a667-48bc-b806-{n:012d}" for n in range(20)]


def door(url: str, what: str, body: object) -> requests.Response:
    return requests.post(f"{url}/_sandbox/{what}", json=body, timeout=WAIT)


def look(url: str, what: str):
    return requests.get(f"{url}/_sandbox/{what}", timeout=WAIT).json()


def put(url: str, ids: list[str], ttl: int = 60, name: str = "vips", **more) -> requests.Response:
    items = [{"DAID": i, "Data": [{"Name": name, "TtlInMinutes": ttl}]} for i in ids]
    body = {"AdvertiserId": "abc", "Items": items}
    return requests.post(
        f"{url}/the_trade_desk/data/advertiser",
        **{"json": body, "headers": TTD, **more},
        timeout=WAIT,
    )


def count(url: str) -> int:
    return sum(a["count"] for a in look(url, "state")["the_trade_desk"].values())


def test_state_begins_empty_and_a_reset_empties_it(url: str) -> None:
    empty = {slug: {} for slug in SLUGS}
    assert look(url, "state") == empty
    put(url, IDS[:2])
    digest = hashlib.sha256("\n".join(IDS[:2]).encode()).hexdigest()
    assert look(url, "state")["the_trade_desk"] == {"vips": {"count": 2, "digest": digest}}
    door(url, "reset", {})
    assert look(url, "state") == empty
    assert look(url, "requests") == []


def test_requests_are_recorded_without_credentials(url: str) -> None:
    sent = put(url, IDS[:1]).request
    requests.get(f"{url}/meta/act_1/customaudiences?access_token=sandbox&limit=5", timeout=WAIT)
    requests.post(f"{url}/google/token", data={"client_secret": "s3cr3t"}, timeout=WAIT)
    first, second, third = look(url, "requests")
    assert isinstance(sent.body, bytes)
    assert (first["method"], first["path"]) == ("POST", "/the_trade_desk/data/advertiser")
    assert (first["status"], first["body"]) == (200, sent.body.decode())
    assert first["sha256"] == hashlib.sha256(sent.body).hexdigest()
    assert second["path"] == "/meta/act_1/customaudiences?limit=5"
    assert "s3cr3t" not in json.dumps(third)
    assert not {"authorization", "ttd-auth"} & {n.lower() for n in first["headers"]}


def test_members_expire_by_the_sandboxs_clock(url: str) -> None:
    door(url, "clock", {"now": "2026-11-21T00:00:00Z"})
    put(url, IDS[:2], ttl=60)
    put(url, IDS[1:3], ttl=120)
    door(url, "clock", {"now": "2026-11-21T00:59:59Z"})
    assert count(url) == 3
    door(url, "clock", {"now": "2026-11-21T01:00:00Z"})
    assert look(url, "state/the_trade_desk/vips")["members"] == IDS[1:3]
    assert door(url, "clock", {"now": None}).status_code == 200
    assert count(url) in (0, 2)
    assert door(url, "clock", {"now": "yesterday"}).status_code == 400


def test_limits_answer_one_call_too_many(url: str) -> None:
    door(url, "limits", {"the_trade_desk": {"per_second": 0.5, "burst": 2}})
    assert [put(url, IDS[:1]).status_code for _ in range(3)] == [200, 200, 429]
    assert int(put(url, IDS[:1]).headers["retry-after"]) in (1, 2)
    door(url, "limits", {"meta": {"per_second": 0.001, "burst": 0}})
    throttled = requests.get(f"{url}/meta/act_1/customaudiences", headers=BEARER, timeout=WAIT)
    usage = json.loads(throttled.headers["x-business-use-case-usage"])
    assert usage["1234"][0]["estimated_time_to_regain_access"] > 1
    assert throttled.json()["error"]["code"] == 80003
    assert door(url, "limits", {"myspace": {"burst": 1}}).status_code == 400


def test_a_bucket_fills_again() -> None:
    pace = Pace(per_second=2, burst=1, left=1)
    assert [pace.wait(0.0), pace.wait(0.0), pace.wait(0.5), pace.wait(0.6)] == [0, 0.5, 0, 0.4]


def outcomes(url: str, calls: int) -> list[int]:
    """Send so many calls, each of its own body; 0 stands for a dropped connection."""
    found = []
    for n in range(calls):
        try:
            found.append(put(url, [IDS[n]]).status_code)
        except requests.ConnectionError:
            found.append(0)
    return found


def test_faults_are_the_same_again_for_the_same_requests(url: str) -> None:
    wanted = {"rate": 0.5, "kinds": list(KINDS), "seed": 3, "timeout_seconds": 0.01}
    door(url, "faults", wanted)
    first = outcomes(url, 20)
    door(url, "faults", wanted)
    assert outcomes(url, 20) == first
    assert 200 in first
    assert 0 in first
    door(url, "faults", {**wanted, "seed": 4})
    assert outcomes(url, 20) != first
    door(url, "faults", {"rate": 0})
    assert outcomes(url, 20) == [200] * 20


def test_the_rate_of_faults_is_the_one_asked_for() -> None:
    faults = Faults(rate=0.2, seed=1)
    kinds = [pick(faults, f"digest {n}", 1) for n in range(5000)]
    assert 850 < sum(map(bool, kinds)) < 1150
    assert set(kinds) == {"", *KINDS}


@pytest.mark.parametrize(
    ("kind", "status", "kept"),
    [
        ("429", 429, 0),
        ("500", 500, 0),
        ("timeout", 0, 0),
        ("reset_after_commit", 0, 10),
        ("expired_token", 401, 0),
        ("partial", 200, 9),
    ],
)
def test_each_fault_does_what_it_says(url: str, kind: str, status: int, kept: int) -> None:
    door(url, "faults", {"rate": 1, "kinds": [kind], "seed": 1, "timeout_seconds": 0.2})
    began = time.monotonic()
    try:
        came = put(url, IDS[:10]).status_code
    except requests.ConnectionError:
        came = 0
    assert (came, count(url)) == (status, kept)
    assert kind != "timeout" or time.monotonic() - began >= 0.2
    assert look(url, "requests")[-1]["fault"] == kind


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": 2},
        {"rate": "often"},
        {"kinds": ["flood"]},
        {"kinds": []},
        {"speed": 1},
        {"seed": -1},
    ],
)
def test_faults_that_make_no_sense_are_refused(url: str, wrong: dict) -> None:
    assert door(url, "faults", wrong).status_code == 400


def test_gzip_bodies_are_read(url: str) -> None:
    plain = json.dumps(
        {"AdvertiserId": "abc", "Items": [{"DAID": IDS[0], "Data": [{"Name": "vips"}]}]}
    ).encode()
    headers = {**TTD, "content-type": "application/json", "content-encoding": "gzip"}
    assert put(url, [], json=None, data=gzip.compress(plain), headers=headers).status_code == 200
    assert look(url, "requests")[-1]["sha256"] == hashlib.sha256(plain).hexdigest()
    assert put(url, [], json=None, data=b"not gzip", headers=headers).status_code == 400


def test_a_removal_takes_every_member_that_shares_an_identifier() -> None:
    audience = Audience(id="1", name="n", account="a")
    audience.add([("c1", "e1"), ("c2", "e1", "p2"), ("c3",), ("c,4", "e4")])
    audience.remove([("x", "e1")])
    assert sorted(audience.members) == ["c,4,e4", "c3"]
    audience.add([("c2", "p2"), ("c2", "p2"), ("c5", "p2")])
    audience.remove([("p2",), ("c",)])
    assert sorted(audience.members) == ["c,4,e4", "c3"]
    audience.remove([("c,4",)])
    assert list(audience.members) == ["c3"]


def test_recorded_bodies_stay_within_their_bytes() -> None:
    state = fresh(["meta"])
    heavy = bytes(KEPT_BYTES // 3 + 1)
    for status in range(4):
        one = Arrived(
            platform="meta",
            method="POST",
            path="/",
            status=status,
            fault="",
            headers={},
            sha256="",
            size=1,
        )
        state.record(one, heavy)
    assert (len(state.log), len(state.bodies)) == (4, 2)
    assert state.body_bytes <= KEPT_BYTES


def test_an_audience_can_be_put_there_by_hand(url: str) -> None:
    made = {"platform": "meta", "id": "2385", "name": "vips", "account": "act_1"}
    assert door(url, "audiences", made).json() == {"id": "2385"}
    listed = requests.get(f"{url}/meta/act_1/customaudiences", headers=BEARER, timeout=WAIT).json()
    assert listed["data"] == [{"id": "2385", "name": "vips"}]
    assert door(url, "audiences", {"id": "2385"}).status_code == 400


def test_unknown_places_say_so(url: str) -> None:
    assert requests.get(f"{url}/myspace/x", timeout=WAIT).status_code == 404
    assert requests.get(f"{url}/_sandbox/state/meta/1", timeout=WAIT).status_code == 404
    assert door(url, "nothing", {"a": 1}).status_code == 404


def test_a_taken_port_is_a_plain_error(server: Running) -> None:
    with pytest.raises(ConfigurationError, match=f"port {server.port} is taken"):
        start(server.port)


def test_a_stopped_sandbox_answers_no_more() -> None:
    running = start()
    assert requests.get(f"{running.url}/_sandbox/state", timeout=WAIT).ok
    running.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{running.url}/_sandbox/state", timeout=WAIT)
