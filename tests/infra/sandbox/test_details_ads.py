"""What only one of the large ad platforms' stand-ins does."""

from __future__ import annotations

import hashlib
import json

import pytest
import requests

from infra.sandbox.call import Call, RefusedError
from infra.sandbox.linkedin import handle
from infra.sandbox.state import Audience, fresh
from tests.infra.sandbox.callers import audience_of, door, send, sent, state
from tests.infra.sandbox.callers_ads import (
    AMAZON,
    AMAZON_HEADERS,
    LINKEDIN,
    LINKEDIN_HEADERS,
    MICROSOFT,
    MICROSOFT_HEADERS,
    PINTEREST,
    SNAPCHAT,
)

HASHES = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(1_001)]


def linkedin_find(url: str, query: str) -> requests.Response:
    return send(url, LINKEDIN, sent("GET", f"/rest/dmpSegments?{query}", **LINKEDIN_HEADERS))


def test_linkedin_finds_a_segment_by_its_source(url: str) -> None:
    one = audience_of(url, LINKEDIN)
    account = "q=account&account=urn%3Ali%3AsponsoredAccount%3A123&sourceSegmentId="
    found = linkedin_find(url, account + "seg-17").json()["elements"]
    assert [str(segment["id"]) for segment in found] == [one]
    assert linkedin_find(url, account + "seg-18").json()["elements"] == []
    assert linkedin_find(url, account.replace("%3A", ":")).status_code == 400
    assert linkedin_find(url, "q=account").status_code == 400
    door(url, "limits", {"linkedin": {"absent": 2}})
    call = LINKEDIN.add(audience_of(url, LINKEDIN), HASHES[:1])
    assert [send(url, LINKEDIN, call).status_code for _ in range(3)] == [404, 404, 200]


def test_linkedin_lists_segments_in_pages(url: str) -> None:
    made = [audience_of(url, LINKEDIN) for _ in range(3)]
    account = "q=account&account=urn%3Ali%3AsponsoredAccount%3A123"
    pages = [linkedin_find(url, f"{account}&start={n}&count=2").json() for n in (0, 2, 4)]
    found = [[str(one["id"]) for one in page["elements"]] for page in pages]
    assert found == [made[:2], made[2:], []]
    assert [page["paging"]["total"] for page in pages] == [3, 3, 3]
    for wrong in ("start=x", "count=0", "count=-1"):
        assert linkedin_find(url, f"{account}&{wrong}").status_code == 400


def test_linkedin_knows_which_versions_are_alive(url: str) -> None:
    for version, status in (("202511", 426), ("202608", 200), ("2026-08", 400), ("202613", 400)):
        headers = LINKEDIN_HEADERS | {"linkedin_version": version}
        query = "/rest/dmpSegments?q=account&account=urn%3Ali%3AsponsoredAccount%3A123"
        assert send(url, LINKEDIN, sent("GET", query, **headers)).status_code == status


def test_linkedin_says_how_each_element_went(url: str) -> None:
    one = audience_of(url, LINKEDIN)
    call = LINKEDIN.add(one, [])
    good = {"action": "ADD", "userIds": [{"idType": "SHA256_EMAIL", "idValue": HASHES[0]}]}
    named = {"action": "ADD", "firstName": "Ada", "lastName": "Lovelace", "country": "GB"}
    elements = [
        good,
        good | {"action": "UPSERT"},
        {"action": "ADD", "firstName": "Ada"},
        good | {"firstName": "A" * 36},
        good | {"userIds": [{"idType": "SHA512_EMAIL", "idValue": HASHES[0]}]},
        named,
        good | {"action": "REMOVE"},
    ]
    came = send(url, LINKEDIN, call, body=json.dumps({"elements": elements}).encode()).json()
    assert [e["status"] for e in came["elements"]] == [201, 400, 400, 400, 400, 201, 201]
    assert state(url, "linkedin")[one]["count"] == 1


def test_linkedin_has_no_more_than_a_thousand_segments_an_account() -> None:
    account, created = "urn:li:sponsoredAccount:123", LINKEDIN.create
    assert created is not None
    held = fresh(["linkedin"])
    for n in range(1_000):
        held.make("linkedin", Audience(id=str(n), name="n", account=account))
    headers = {**created.headers, "authorization": "Bearer sandbox"}
    call = Call(method="POST", path=created.path, query={}, headers=headers, body=created.body)
    with pytest.raises(RefusedError) as caught:
        handle(call, held)
    refused = caught.value.reply
    assert refused.status == 429
    assert isinstance(refused.body, dict)
    assert refused.body["code"] == "SEGMENT_LIMIT_EXCEEDED"


def test_snapchat_forgets_members_whose_retention_is_over(url: str) -> None:
    door(url, "clock", {"now": "2026-11-21T00:00:00Z"})
    one = audience_of(url, SNAPCHAT)
    send(url, SNAPCHAT, SNAPCHAT.add(one, HASHES[:2]))
    door(url, "clock", {"now": "2027-04-01T00:00:00Z"})
    send(url, SNAPCHAT, SNAPCHAT.add(one, HASHES[:1]))
    door(url, "clock", {"now": "2027-05-21T00:00:00Z"})
    assert state(url, "snapchat")[one]["count"] == 1


def test_snapchat_pages_and_empties_segments(url: str) -> None:
    made = [audience_of(url, SNAPCHAT, f"s{n}") for n in range(51)]
    first = send(url, SNAPCHAT, sent("GET", "/v1/adaccounts/acc-1/segments")).json()
    link = first["paging"]["next_link"].removeprefix(f"{url}/snapchat")
    second = send(url, SNAPCHAT, sent("GET", link)).json()
    pages = first["segments"] + second["segments"]
    assert [one["segment"]["id"] for one in pages] == made
    assert second["paging"] == {}
    send(url, SNAPCHAT, SNAPCHAT.add(made[0], HASHES[:3]))
    assert send(url, SNAPCHAT, sent("DELETE", f"/v1/segments/{made[0]}/all_users")).ok
    assert state(url, "snapchat")[made[0]]["count"] == 0


def test_snapchat_takes_one_type_a_call(url: str) -> None:
    one = audience_of(url, SNAPCHAT)
    call = SNAPCHAT.add(one, HASHES[:1])
    for schema, row in (
        (["EMAIL_SHA256", "PHONE_SHA256"], HASHES[:2]),
        (["EMAIL"], HASHES[:1]),
        (["PHONE_SHA256"], HASHES[:2]),
    ):
        body = json.dumps({"users": [{"schema": schema, "data": [row]}]}).encode()
        assert send(url, SNAPCHAT, call, body=body).status_code == 400


def test_pinterests_counters_are_no_size(url: str) -> None:
    one = audience_of(url, PINTEREST)
    for _ in range(2):
        came = send(url, PINTEREST, PINTEREST.add(one, HASHES[1:101])).json()
    assert (came["num_batches"], came["num_uploaded_user_records"]) == (3, 201)
    assert (state(url, "pinterest")[one]["count"], came["status"]) == (101, "READY")
    rule = {"name": "a", "audience_type": "CUSTOMER_LIST", "rule": {"customer_list_id": one}}
    made = send(url, PINTEREST, sent("POST", "/v5/ad_accounts/549/audiences", rule)).json()
    again = send(url, PINTEREST, sent("GET", f"/v5/ad_accounts/549/audiences/{made['id']}"))
    assert (again.json()["size"], again.json()["status"]) == (101, "READY")


def amazon_job(url: str, records: list[dict], audience: str) -> dict:
    body = {"audienceId": int(audience), "records": records}
    came = send(url, AMAZON, sent("POST", "/amc/audiences/records", body, **AMAZON_HEADERS))
    ask = sent("GET", f"/amc/audiences/records/{came.json()['jobRequestId']}", **AMAZON_HEADERS)
    told = [send(url, AMAZON, ask).json() for _ in range(2)]
    assert told[0]["jobState"] == "PENDING"
    return told[1]


def test_amazons_jobs_say_which_records_were_not_taken(url: str) -> None:
    one = audience_of(url, AMAZON)
    good = {"externalUserId": "u1", "countryCode": "US", "action": "CREATE", "hashedPII": []}
    denied = {"consent": {"amzn": {"amznAdStorage": "DENIED", "amznUserData": "GRANTED"}}}
    records = [
        good,
        good | {"externalUserId": "u2", "hashedPII": [{"email": "ann@example.com"}]},
        good | {"externalUserId": "u3", "countryCode": "DE"},
        good
        | {"externalUserId": "u4", "countryCode": "DE", "userConsent": {"consent": {"tcf": "C"}}},
        good | {"externalUserId": "u5", "userConsent": denied},
    ]
    done = amazon_job(url, records, one)
    lost = {wrong["externalId"]: wrong["error"] for wrong in done["invalidRecords"]}
    assert done["jobState"] == "PARTIALLYSUCCEEDED"
    assert {key: why.partition(":")[0] for key, why in lost.items()} == {
        "u2": "INVALID_HASH",
        "u3": "CONSENT_MISSING",
        "u5": "CONSENT_DENIED",
    }
    assert state(url, "amazon")[one]["count"] == 2
    assert amazon_job(url, [good], one)["jobState"] == "SUCCEEDED"
    assert amazon_job(url, records[1:2], one)["jobState"] == "FAILED"


def test_microsoft_says_at_which_place_an_audience_is_wrong(url: str) -> None:
    audience_of(url, MICROSOFT)
    good = {"Name": "new", "Type": "CustomerList"}
    wanted = [good, good | {"Name": "Winter Visitors"}, good | {"Name": "x", "Type": "InMarket"}]
    wanted.append(good | {"Name": "y", "MembershipDuration": 391})
    call = sent(
        "POST", "/CampaignManagement/v13/Audiences", {"Audiences": wanted}, **MICROSOFT_HEADERS
    )
    came = send(url, MICROSOFT, call).json()
    assert [one is None for one in came["AudienceIds"]] == [False, True, True, True]
    found = [(error["Index"], error["ErrorCode"]) for error in came["PartialErrors"]]
    assert found[0] == (1, "CampaignServiceDuplicateAudienceName")
    assert [place for place, _ in found] == [1, 2, 3]


def test_microsoft_wants_the_terms_accepted_each_time_and_replaces(url: str) -> None:
    one = audience_of(url, MICROSOFT)
    send(url, MICROSOFT, MICROSOFT.add(one, HASHES[:3]))
    call = MICROSOFT.add(one, HASHES[3:4])
    without = call.body.replace(b"true", b"false")
    assert send(url, MICROSOFT, call, body=without).json()["OperationErrors"][0]["Code"] == 8003
    assert send(url, MICROSOFT, call, body=call.body.replace(b'"Add"', b'"Replace"')).ok
    assert state(url, "microsoft")[one]["count"] == 1
    ask = {"AudienceIds": [one, "7"], "Type": "CustomerList"}
    path = "/CampaignManagement/v13/Audiences/QueryByIds"
    came = send(url, MICROSOFT, sent("POST", path, ask, **MICROSOFT_HEADERS)).json()
    assert came["Audiences"][0]["SearchSize"] is None  # too few to say
    assert [error["Index"] for error in came["PartialErrors"]] == [1]
