"""What only one of the other stand-ins does."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.sandbox.server import Running, start
from infra.sandbox.uid2 import SECRET
from tests.infra.sandbox.callers import WAIT, audience_of, door, send, sent, state
from tests.infra.sandbox.callers_cep import KLAVIYO, ONESIGNAL, WEBHOOK
from tests.infra.sandbox.callers_more import CRITEO, LINE, REDDIT, YAHOO, X, oauth1

HASHES = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(1_501)]
KEY = base64.b64decode(SECRET)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    running = start()
    yield running
    running.stop()


@pytest.fixture
def url(server: Running) -> str:
    requests.post(f"{server.url}/_sandbox/reset", timeout=WAIT).raise_for_status()
    return server.url


def uid2(url: str, body: object, age: float = 0, text: bool = False, **change) -> requests.Response:
    plain = (
        struct.pack(">q", int((time.time() - age) * 1000)) + b"nonce-12" + json.dumps(body).encode()
    )
    iv = b"0" * 12
    envelope = b"\x01" + iv + AESGCM(change.get("key", KEY)).encrypt(iv, plain, None)
    kind = "text/plain" if text else "application/octet-stream"
    headers = {"authorization": f"Bearer {change.get('token', 'sandbox')}", "content-type": kind}
    data = base64.b64encode(envelope) if text else envelope
    return requests.post(f"{url}/uid2/v3/identity/map", data, headers=headers, timeout=WAIT)


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


def test_x_refuses_a_signature_that_came_before(url: str) -> None:
    ask = sent("GET", "/12/accounts/18ce/custom_audiences")
    once = oauth1(f"{url}/x{ask.path}", ask, "sandbox")
    again = replace(X, auth=lambda *_: once)
    assert [send(url, again, ask).status_code for _ in range(2)] == [200, 401]
    wrong = replace(X, auth=lambda at, call, secret: oauth1(at + "?x=1", call, secret))
    assert send(url, wrong, ask).status_code == 401


def test_x_takes_many_users_in_one_operation_and_forgets_them(url: str) -> None:
    one = audience_of(url, X)
    call = X.add(one, [])
    door(url, "clock", {"now": "2026-11-21T00:00:00Z"})
    users = [{"email": [HASHES[0]], "partner_user_id": ["c1"]}, {"handle": [HASHES[1]]}]
    params = {"users": users, "expires_at": "2026-12-01T00:00:00Z"}
    body = [{"operation_type": "Update", "params": params}]
    assert send(url, X, call, body=json.dumps(body).encode()).json()["data"]["success_count"] == 2
    assert state(url, "x")[one]["count"] == 2
    door(url, "clock", {"now": "2026-12-01T00:00:00Z"})
    assert state(url, "x")[one]["count"] == 0


def test_x_names_the_operations_that_are_wrong_and_takes_none(url: str) -> None:
    one = audience_of(url, X)
    good, bad = (
        {"operation_type": "Update", "params": {"users": [u]}} for u in ({"email": HASHES[:1]}, {})
    )
    came = send(url, X, X.add(one, []), body=json.dumps([good, bad, good]).encode())
    assert [bool(errors) for errors in came.json()["operation_errors"]] == [False, True, False]
    assert state(url, "x")[one]["count"] == 0


def test_reddits_columns_may_come_in_any_order_and_cells_be_empty(url: str) -> None:
    one = audience_of(url, REDDIT)
    rows = [[HASHES[0], HASHES[1]], [HASHES[2], ""]]
    data = {"action_type": "ADD", "column_order": ["MAID_SHA256", "EMAIL_SHA256"]}
    call = REDDIT.add(one, [])
    body = json.dumps({"data": data | {"user_data": rows}}).encode()
    assert send(url, REDDIT, call, body=body).status_code == 204
    at = f"{url}/_sandbox/state/reddit/{one}"
    found = requests.get(at, timeout=WAIT).json()["members"]
    assert found == sorted([f"{HASHES[1]},{HASHES[0]}", HASHES[2]])
    short = json.dumps({"data": data | {"user_data": [[HASHES[0]]]}}).encode()
    assert send(url, REDDIT, call, body=short).status_code == 400


def test_criteo_counts_what_is_invalid_and_knows_its_versions(url: str) -> None:
    one = audience_of(url, CRITEO)
    call = CRITEO.add(one, [*HASHES[:2], "ann@example.com", HASHES[2].upper()])
    facts = send(url, CRITEO, call).json()["data"]["attributes"]
    assert (facts["nbValidIdentifiers"], facts["nbInvalidIdentifiers"]) == (2, 2)
    assert send(url, CRITEO, call, path=call.path.replace("2026-07", "2025-10")).status_code == 410
    again = send(
        url, CRITEO, CRITEO.create, body=CRITEO.create.body.replace(b"NAME", b"winter visitors")
    )
    assert again.json()["errors"][0]["code"] == "name-must-be-unique"
    empty = sent("DELETE", call.path)
    assert send(url, CRITEO, empty).ok
    assert state(url, "criteo")[one]["count"] == 0


def test_lines_groups_end_and_take_no_retry_key(url: str) -> None:
    door(url, "clock", {"now": "2026-11-21T00:00:00Z"})
    one = audience_of(url, LINE)
    call = LINE.add(one, [LINE.value(n) for n in range(10)])
    keyed = replace(call, headers={**call.headers, "x-line-retry-key": "1"})
    assert send(url, LINE, keyed).status_code == 400
    assert send(url, LINE, call).status_code == 202
    shown = send(url, LINE, sent("GET", f"/v2/bot/audienceGroup/{one}")).json()["audienceGroup"]
    assert shown["expireTimestamp"] - shown["created"] == 15_552_000
    assert (shown["status"], shown["failedType"]) == (
        "FAILED",
        "AUDIENCE_GROUP_AUDIENCE_INSUFFICIENT",
    )
    door(url, "clock", {"now": "2027-05-21T00:00:00Z"})
    late = send(url, LINE, call)
    assert "AUDIENCE_GROUP_CAN_NOT_UPLOAD_STATUS_EXPIRED" in late.text


def test_yahoo_reads_the_segments_of_a_row(url: str) -> None:
    audience_of(url, YAHOO)
    call, idfa = YAHOO.add("aud_1", []), "EA7583CD-A667-48BC-B806-000000000001"
    rows = [
        [HASHES[0], idfa, "seg_id=aud_1"],
        [HASHES[1], idfa.lower(), "seg_id=aud_1"],
        [HASHES[2], "", "seg_id=aud_1;seg_id=unknown"],
        [HASHES[3], "", "seg_id=aud_1&colour=red"],
        ["", "", "seg_id=aud_1"],
    ]
    body = {"schema": ["SHA256EMAIL", "IDFA", "SEGMENTS"], "gdpr": False, "data": rows}
    came = send(url, YAHOO, call, body=json.dumps(body).encode()).json()
    assert (came["totalRows"], came["processedRows"], came["invalidRows"]) == (5, 1, 4)
    for wrong in ({"gdpr": True}, {"gdpr": "no"}, {"schema": ["SEGMENTS", "IDFA"]}):
        assert send(url, YAHOO, call, body=json.dumps(body | wrong).encode()).status_code == 400


def test_klaviyo_removes_by_the_ids_of_profiles(url: str) -> None:
    one = audience_of(url, KLAVIYO)
    send(url, KLAVIYO, KLAVIYO.add(one, ["u1", "u2"]))
    revision = {"revision": "2026-07-15"}
    ask = sent("GET", '/api/profiles?filter=any(external_id,["u1"])', **revision)
    found = [person["id"] for person in send(url, KLAVIYO, ask).json()["data"]]
    path = f"/api/lists/{one}/relationships/profiles"
    gone = {"data": [{"type": "profile", "id": number} for number in found]}
    assert send(url, KLAVIYO, sent("DELETE", path, gone, **revision)).status_code == 204
    assert state(url, "klaviyo")[one]["count"] == 1
    gone["data"][0]["id"] = "nobody"
    assert send(url, KLAVIYO, sent("DELETE", path, gone, **revision)).status_code == 404
    wrong = sent("GET", "/api/profiles?filter=like(email,1)", **revision)
    assert send(url, KLAVIYO, wrong).status_code == 400


def test_onesignal_tags_whom_it_knows(url: str) -> None:
    assert ONESIGNAL.remove is not None
    assert send(url, ONESIGNAL, ONESIGNAL.remove("vips", ["u1"])).status_code == 404
    assert [send(url, ONESIGNAL, ONESIGNAL.add("vips", ["u1"])).status_code for _ in "ab"] == [
        201,
        200,
    ]
    assert send(url, ONESIGNAL, ONESIGNAL.remove("vips", ["u1"])).status_code == 202


def test_the_webhook_takes_a_batch_once(url: str) -> None:
    call = WEBHOOK.add("vips", ["u1"])
    first, second = send(url, WEBHOOK, call), send(url, WEBHOOK, call)
    assert "idempotent-replayed" not in first.headers
    assert (second.json(), second.headers["idempotent-replayed"]) == (first.json(), "true")
    other = WEBHOOK.add("vips", ["u2"])
    reused = replace(
        other, headers={**other.headers, "idempotency-key": call.headers["idempotency-key"]}
    )
    assert send(url, WEBHOOK, reused).status_code == 422
    assert send(url, WEBHOOK, call, path="/gone").status_code == 410
    old = replace(WEBHOOK, auth=lambda *given: WEBHOOK.auth(*given) | {"x-timestamp": "1700000000"})
    assert send(url, old, call).status_code == 401
