"""What only one of the other stand-ins does."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import requests

from tests.infra.sandbox.callers import WAIT, audience_of, door, send, sent, state
from tests.infra.sandbox.callers_cep import KLAVIYO, ONESIGNAL, WEBHOOK
from tests.infra.sandbox.callers_more import CRITEO, LINE, REDDIT, YAHOO, X, oauth1

HASHES = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(1_501)]


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


def test_criteo_makes_audiences_of_segments_once(url: str) -> None:
    one = audience_of(url, CRITEO)

    def make(segment: str, name: str = "vips"):
        algebra = {"audienceSegmentId": segment}
        new = {"advertiserId": "123", "name": name, "algebra": algebra}
        body = {"data": [{"type": "Audience", "attributes": new}]}
        return send(
            url, CRITEO, sent("POST", "/2026-07/marketing-solutions/audiences/create", body)
        )

    assert make("9").json()["errors"][0]["code"] == "segment-not-found"
    assert make(one).json()["data"][0]["attributes"]["name"] == "vips"
    again = make(one)
    assert again.status_code == 200
    assert (again.json()["data"], again.json()["errors"][0]["code"]) == ([], "name-must-be-unique")
    assert make(one, "").status_code == 400


def test_lines_groups_end_and_take_no_retry_key(url: str) -> None:
    door(url, "clock", {"now": "2026-11-21T00:00:00Z"})
    one = audience_of(url, LINE)
    call = LINE.add(one, [LINE.value(n) for n in range(10)])
    keyed = replace(call, headers={**call.headers, "x-line-retry-key": "1"})
    assert send(url, LINE, keyed).status_code == 400
    assert send(url, LINE, call).status_code == 202
    ask = sent("GET", f"/v2/bot/audienceGroup/{one}")
    door(url, "limits", {"line": {"milliseconds": 60_000}})
    send(url, LINE, call)
    told = [send(url, LINE, ask).json() for _ in range(2)]
    assert [one["audienceGroup"]["status"] for one in told] == ["IN_PROGRESS", "FAILED"]
    assert [one["jobs"][-1]["jobStatus"] for one in told] == ["WORKING", "FINISHED"]
    shown = told[1]["audienceGroup"]
    assert shown["expireTimestamp"] - shown["created"] == 15_552_000
    assert (shown["status"], shown["failedType"]) == (
        "FAILED",
        "AUDIENCE_GROUP_AUDIENCE_INSUFFICIENT",
    )
    door(url, "clock", {"now": "2027-05-21T00:00:00Z"})
    late = send(url, LINE, call)
    assert "AUDIENCE_GROUP_CAN_NOT_UPLOAD_STATUS_EXPIRED" in late.text


def test_line_works_on_ten_uploads_of_a_group_at_once(url: str) -> None:
    door(url, "limits", {"line": {"milliseconds": 60_000}})
    one = audience_of(url, LINE)
    call = LINE.add(one, [LINE.value(1)])
    came = [send(url, LINE, call).status_code for _ in range(10)]
    assert came == [202] * 9 + [429]  # making the group was the first


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


def test_yahoo_takes_nodes_one_or_many_and_shows_the_taxonomy(url: str) -> None:
    audience_of(url, YAHOO)
    one = b'{"id":"aud_1","name":"winter visitors","type":"SEGMENT"}'
    assert one.replace(b"winter visitors", b"NAME") in YAHOO.create.body
    listed = YAHOO.create.body.replace(b"aud_1", b"aud_2").replace(b'{"id"', b'[{"id"')
    taken = send(url, YAHOO, YAHOO.create, body=listed.replace(b'"SEGMENT"}', b'"SEGMENT"}]'))
    assert (taken.status_code, taken.json()["description"]) == (202, "d")
    shown = send(url, YAHOO, sent("GET", "/v1/taxonomy")).json()
    assert [node["id"] for node in shown] == ["aud_1", "aud_2"]
    for wrong in (b"[]", b"7", b'["x"]', b'[{"id":"a-b"}]'):
        body = listed.replace(b'[{"id":"aud_2","name":"NAME","type":"SEGMENT"}', wrong)
        assert send(url, YAHOO, YAHOO.create, body=body).status_code == 400


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
