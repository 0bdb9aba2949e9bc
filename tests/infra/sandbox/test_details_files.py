"""What only UID2 and The Trade Desk's CRM data do: envelopes, and files that are dropped."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.sandbox.uid2 import SECRET
from tests.infra.sandbox.callers import WAIT, door, state

HASHES = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(1_501)]
KEY = base64.b64decode(SECRET)


def uid2(url: str, body: object, age: float = 0, text: bool = False, **change) -> requests.Response:
    plain = (
        struct.pack(">q", int((time.time() - age) * 1000)) + b"nonce-12" + json.dumps(body).encode()
    )
    iv = b"0" * 12
    envelope = b"\x01" + iv + AESGCM(change.get("key", KEY)).encrypt(iv, plain, None)
    kind = "text/plain" if text else "application/octet-stream"
    headers = {"authorization": f"Bearer {change.get('token', 'sandbox')}", "content-type": kind}
    data = base64.b64encode(envelope) if text else envelope
    path = change.get("path", "/v3/identity/map")
    return requests.post(f"{url}/uid2{path}", data, headers=headers, timeout=WAIT)


def opened(came: requests.Response, text: bool = False) -> dict:
    envelope = base64.b64decode(came.content) if text else came.content
    plain = AESGCM(KEY).decrypt(envelope[:12], envelope[12:], None)
    assert plain[8:16] == b"nonce-12"
    return json.loads(plain[16:])


@pytest.mark.parametrize("text", [False, True])
def test_uid2_answers_in_the_order_of_what_was_asked(url: str, text: bool) -> None:
    out = base64.b64encode(hashlib.sha256(b"optout@example.com").digest()).decode()
    ann = base64.b64encode(hashlib.sha256(b"ann@example.com").digest()).decode()
    asked = {"email_hash": [ann, "nonsense", out], "email": ["Ann@Example.com "], "phone": ["12"]}
    answer = opened(uid2(url, asked, text=text), text)
    assert answer["status"] == "success"
    mapped = answer["body"]
    assert [one.get("e") for one in mapped["email_hash"]] == [None, "invalid identifier", "optout"]
    assert mapped["email"][0] == mapped["email_hash"][0]
    assert mapped["email"][0]["r"] > time.time()
    assert (mapped["phone"], mapped["phone_hash"]) == ([{"e": "invalid identifier"}], [])


def test_uid2_refuses_in_plain_words(url: str) -> None:
    good = {"email": ["ann@example.com"]}
    assert uid2(url, good, token="x").json() == {"status": "unauthorized"}
    for came in (
        uid2(url, good, age=61),
        uid2(url, good, key=b"1" * 32),
        uid2(url, {"emails": []}),
        uid2(url, {"email": "ann@example.com"}),
        uid2(url, {"email": ["a@b.co"] * 5_001}),
    ):
        assert (came.status_code, came.json()["status"]) == (400, "client_error")
    assert requests.post(f"{url}/uid2/v2/identity/map", timeout=WAIT).status_code == 401
    door(url, "limits", {"uid2": {"per_second": 0.01, "burst": 0}})
    throttled = uid2(url, good)
    assert (throttled.status_code, throttled.content) == (429, b"")


def test_uid2s_faults_are_of_single_identifiers(url: str) -> None:
    door(url, "faults", {"rate": 1, "kinds": ["partial"], "seed": 1})
    answer = opened(uid2(url, {"phone": [f"+8490123456{n}" for n in range(10)]}))
    assert [one.get("e") for one in answer["body"]["phone"]] == ["invalid identifier"] + [None] * 9


def status(url: str, body: object, **how) -> requests.Response:
    return uid2(url, body, path="/v2/optout/status", **{"text": True, **how})


def test_uid2_says_which_raw_ids_have_opted_out_and_nothing_of_the_others(url: str) -> None:
    hashed = {name: hashlib.sha256(f"{name}@example.com".encode()) for name in ("ann", "bob")}
    asked = {"email_hash": [one.hexdigest() for one in hashed.values()]}
    ann, bob = (one["u"] for one in opened(uid2(url, asked))["body"]["email_hash"])
    nobody = base64.b64encode(b"n" * 32).decode()
    ids = {"advertising_ids": [ann, nobody, bob, "?"]}
    assert opened(status(url, ids), True) == {"status": "success", "body": {"opted_out": []}}
    assert door(url, "optouts", {"sha256": "bob@example.com"}).status_code == 400
    gone = {"sha256": hashed["bob"].hexdigest()}
    since = door(url, "optouts", gone).json()["opted_out_since"]
    assert door(url, "optouts", gone).json()["opted_out_since"] == since
    (out,) = opened(status(url, ids), True)["body"]["opted_out"]
    assert out == {"advertising_id": bob, "opted_out_since": since}
    assert abs(since / 1000 - time.time()) < 60
    again = opened(uid2(url, asked))["body"]["email_hash"]
    assert [one.get("e") for one in again] == [None, "optout"]


def test_uid2_refuses_wrong_questions_about_opt_outs(url: str) -> None:
    good = {"advertising_ids": [base64.b64encode(b"n" * 32).decode()]}
    assert status(url, good).status_code == 200
    assert status(url, good, token="x").status_code == 401
    for came in (
        status(url, good, text=False),  # as of version 2 only base64 is documented
        status(url, good, age=61),
        status(url, good, key=b"1" * 32),
        status(url, {}),
        status(url, {"advertising_ids": "x"}),
        status(url, {"advertising_ids": [1]}),
        status(url, {"advertising_ids": ["x"] * 5_001}),
        status(url, good | {"more": 1}),
    ):
        assert (came.status_code, came.json()["status"]) == (400, "client_error")
    headers = {"authorization": "Bearer sandbox"}
    got = requests.get(f"{url}/uid2/v2/optout/status", headers=headers, timeout=WAIT)
    assert got.status_code == 405


TTD = {"ttd-auth": "sandbox"}


def crm(url: str, tail: str, body: object) -> requests.Response:
    at = f"{url}/the_trade_desk/v3/crmdata{tail}"
    return requests.post(at, json=body, headers=TTD, timeout=WAIT)


@pytest.fixture
def segment(url: str) -> str:
    new = {"AdvertiserId": "abc", "SegmentName": "vips", "Region": "US"}
    assert crm(url, "/segment", new | {"Region": "MARS"}).status_code == 400
    made = crm(url, "/segment", new).json()["CrmDataId"]
    assert crm(url, "/segment", new).status_code == 400  # the name is taken
    return made


def drop(url: str, segment: str, **change: object) -> requests.Response:
    body = {"PiiType": "EmailHashedUnifiedId2", "MergeMode": "Replace", **change}
    return crm(url, f"/segment/abc/{segment}", body)


def put(place: str, lines: list[str], end: str = "\n") -> requests.Response:
    headers = {"content-type": "text/plain"}
    return requests.put(place, "\n".join(lines) + end, headers=headers, timeout=WAIT)


def test_the_trade_desk_replaces_crm_data_by_a_file(url: str, segment: str) -> None:
    place = drop(url, segment).json()["Url"]
    assert put(place, HASHES).status_code == 200
    assert state(url, "the_trade_desk")[segment]["count"] == 1_501
    assert put(place, HASHES[1:]).status_code == 200
    assert state(url, "the_trade_desk")[segment]["count"] == 1_500
    at = f"{url}/the_trade_desk/v3/crmdata/segment/abc"
    pages = [
        requests.get(at, params={"pagingToken": token}, headers=TTD, timeout=WAIT).json()
        for token in ("", "end")
    ]
    assert [[one["CrmDataId"] for one in page["Segments"]] for page in pages] == [[segment], []]


def test_the_trade_desk_refuses_other_drops(url: str, segment: str) -> None:
    assert drop(url, segment, PiiType="Email").status_code == 400
    assert drop(url, segment, MergeMode="Append").status_code == 400
    assert drop(url, "crm1").status_code == 404
    place = drop(url, segment).json()["Url"]
    assert put(place, HASHES[:1_499]).status_code == 400
    assert put(place, [*HASHES, "ann@example.com"]).status_code == 400
    assert put(place, HASHES, end="").status_code == 400
    assert put(place.partition("?")[0], HASHES).status_code == 403
    later = datetime.now(UTC) + timedelta(hours=1, minutes=1)
    door(url, "clock", {"now": later.isoformat()})
    assert "expired" in put(place, HASHES).text
    assert state(url, "the_trade_desk")[segment]["count"] == 0
