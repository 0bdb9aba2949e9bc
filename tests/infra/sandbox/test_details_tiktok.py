"""What only the stand-in of TikTok does: lists from files beside streaming segments."""

from __future__ import annotations

import hashlib
import json

import requests

from tests.infra.sandbox.callers import WAIT, audience_of, send, state
from tests.infra.sandbox.callers_ads import TIKTOK

HASHES = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(1_001)]


def tiktok(url: str, tail: str, method: str = "POST", **more) -> dict:
    at = f"{url}/tiktok/open_api/v1.3/dmp/custom_audience/{tail}"
    came = requests.request(method, at, headers={"access-token": "sandbox"}, timeout=WAIT, **more)
    return came.json()


def uploaded(url: str, lines: list[str], kind: str = "EMAIL_SHA256", **change: str) -> dict:
    content = "\n".join(lines).encode()
    signature = hashlib.md5(content, usedforsecurity=False).hexdigest()
    form = {"advertiser_id": "7011", "calculate_type": kind, "file_signature": signature, **change}
    return tiktok(url, "file/upload/", data=form, files={"file": ("list.csv", content)})


def tiktok_list(url: str, lines: list[str], **change: object) -> dict:
    path = uploaded(url, lines)["data"]["file_path"]
    body = {"advertiser_id": "7011", "custom_audience_name": "n", "calculate_type": "EMAIL_SHA256"}
    return tiktok(url, "create/", json={**body, "file_paths": [path], **change})


def test_tiktok_replaces_a_list_by_file_unless_told_otherwise(url: str) -> None:
    one = tiktok_list(url, HASHES[:1000])["data"]["custom_audience_id"]
    counts = []
    for lines, action in (
        (HASHES[1000:], "APPEND"),
        (HASHES[:1], "REMOVE"),
        (HASHES[:1001], ""),
        (HASHES[:2], "REMOVE"),
    ):
        path = uploaded(url, lines)["data"]["file_path"]
        body = {"advertiser_id": "7011", "custom_audience_id": one, "file_paths": [path]}
        code = tiktok(url, "update/", json=body | ({"action": action} if action else {}))["code"]
        counts.append((code, state(url, "tiktok")[one]["count"]))
    # The last would leave 999, fewer than a list may hold.
    assert counts == [(0, 1001), (0, 1000), (0, 1001), (40002, 1001)]
    query = {"advertiser_id": "7011", "custom_audience_ids": json.dumps([one])}
    shown = tiktok(url, "get/", "GET", params=query)["data"]["list"][0]["audience_details"]
    assert [step["action"] for step in shown["audience_history"]] == [
        "CREATE",
        "APPEND",
        "REMOVE",
        "REPLACE",
    ]


def test_tiktok_refuses_files_that_do_not_fit(url: str) -> None:
    assert uploaded(url, HASHES, file_signature="0" * 32)["code"] == 40900
    assert uploaded(url, ["ann@example.com"])["code"] == 40909
    assert uploaded(url, HASHES, kind="COLOUR")["code"] == 40002
    assert uploaded(url, ["Email_SHA256,MAID", f"{HASHES[0]},"], "MULTIPLE_TYPES")["code"] == 0
    assert uploaded(url, ["Email,MAID", f"{HASHES[0]},"], "MULTIPLE_TYPES")["code"] == 40909
    assert tiktok_list(url, HASHES[:999])["code"] == 40002
    assert tiktok_list(url, HASHES, retention_in_days=366)["code"] == 40002
    assert tiktok_list(url, HASHES, calculate_type="IDFA_SHA256")["code"] == 40909
    assert tiktok_list(url, HASHES, file_paths=["nowhere"])["code"] == 40002
    assert state(url, "tiktok") == {}


def test_tiktoks_lists_from_files_take_no_streams_and_the_other_way_round(url: str) -> None:
    one = tiktok_list(url, HASHES)["data"]["custom_audience_id"]
    assert send(url, TIKTOK, TIKTOK.add(one, HASHES[:1])).json()["code"] == 40002
    streamed = audience_of(url, TIKTOK)
    path = uploaded(url, HASHES)["data"]["file_path"]
    body = {"advertiser_id": "7011", "custom_audience_id": streamed, "file_paths": [path]}
    assert tiktok(url, "update/", json=body)["code"] == 40002


def test_tiktok_lists_audiences_of_both_kinds_in_pages(url: str) -> None:
    made = [audience_of(url, TIKTOK), tiktok_list(url, HASHES)["data"]["custom_audience_id"]]
    query = {"advertiser_id": "7011", "page_size": "1"}
    pages = [tiktok(url, "list/", "GET", params=query | {"page": n})["data"] for n in (1, 2)]
    assert [page["list"][0]["audience_id"] for page in pages] == made
    assert pages[1]["page_info"] == {
        "page": 2,
        "page_size": 1,
        "total_page": 2,
        "total_number": 2,
    }


def test_tiktoks_paths_end_in_a_slash(url: str) -> None:
    audience = audience_of(url, TIKTOK)
    call = TIKTOK.add(audience, HASHES[:1])
    assert send(url, TIKTOK, call, path=call.path.rstrip("/")).status_code == 404


def test_tiktok_takes_several_types_and_audiences_in_one_row(url: str) -> None:
    first, second = audience_of(url, TIKTOK), audience_of(url, TIKTOK, "other")
    row = [
        {"id": HASHES[0], "audience_ids": [first, second]},
        {},
        {"id": HASHES[1][:32], "audience_ids": [first]},
    ]
    schema = ["EMAIL_SHA256", "PHONE_SHA256", "AAID_MD5"]
    call = TIKTOK.add(first, [])
    body = {"advertiser_ids": ["7011"], "action": "add", "id_schema": schema, "batch_data": [row]}
    assert send(url, TIKTOK, call, body=json.dumps(body).encode()).json()["code"] == 0
    at = f"{url}/_sandbox/state/tiktok/{first}"
    assert requests.get(at, timeout=WAIT).json()["members"] == [f"{HASHES[0]},{HASHES[1][:32]}"]
    assert state(url, "tiktok")[second]["count"] == 1
    body["advertiser_ids"] = ["7012"]
    assert send(url, TIKTOK, call, body=json.dumps(body).encode()).json()["code"] == 40001
