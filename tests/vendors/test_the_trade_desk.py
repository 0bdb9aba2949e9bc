"""ttd-data and uid2-client drive the stand-ins of The Trade Desk and of the UID2 operator."""

from __future__ import annotations

import pytest

pytest.importorskip("ttd_data")
pytest.importorskip("uid2_client")

import base64
import hashlib
import json
import subprocess
from datetime import UTC, datetime

import requests
from ttd_data import DataClient, models
from ttd_data.uid2.config import IdentityScope, UID2Config
from ttd_data.uid2.models import AdvertiserDataItem
from uid2_client import IdentityMapV3Client, IdentityMapV3Input
from uid2_client.request_response_util import (
    _decrypt_payload,
    auth_headers,
    create_envelope,
    make_request,
    parse_response,
)

from tests.vendors.conftest import ROOT

MAID = "2f5f5391-3e45-4d02-b645-4575a08f86e1"
SECRET = "c2FuZGJveC1zYW5kYm94LXNhbmRib3gtc2FuZGJveC0="


def test_uid2_maps_and_says_who_opted_out(url: str) -> None:
    client = IdentityMapV3Client(f"{url}/uid2", "sandbox", SECRET)
    emails = ["ann@example.com", "bob@example.com", "optout@example.com"]
    answer = client.generate_identity_map(IdentityMapV3Input.from_emails(emails))
    assert set(answer.mapped_identities) == {*emails[:2]}
    assert len({one.current_raw_uid for one in answer.mapped_identities.values()}) == 2
    assert {key: one.reason.name for key, one in answer.unmapped_identities.items()} == {
        "optout@example.com": "OPTOUT"
    }
    again = client.generate_identity_map(IdentityMapV3Input.from_emails(emails[:1]))
    first = answer.mapped_identities["ann@example.com"].current_raw_uid
    assert again.mapped_identities["ann@example.com"].current_raw_uid == first


def test_uid2_says_in_the_clients_envelope_which_raw_ids_have_opted_out(url: str) -> None:
    # The client has no call of its own for it; this is how it makes those that it has.
    client = IdentityMapV3Client(f"{url}/uid2", "sandbox", SECRET)
    asked = IdentityMapV3Input.from_emails(["ann@example.com", "bob@example.com"])
    mapped = client.generate_identity_map(asked).mapped_identities
    uids = [mapped[f"{name}@example.com"].current_raw_uid for name in ("ann", "bob")]
    gone = {"sha256": hashlib.sha256(b"bob@example.com").hexdigest()}
    requests.post(f"{url}/_sandbox/optouts", json=gone, timeout=20).raise_for_status()
    body = ours(uids="\n".join(uids).encode())["request"]
    key = base64.b64decode(SECRET)
    sent = create_envelope(key, datetime.now(UTC), body)
    came = make_request(f"{url}/uid2", "/v2/optout/status", auth_headers("sandbox"), sent)
    said = json.loads(parse_response(key, came, sent.nonce))
    assert said["status"] == "success"
    assert [one["advertising_id"] for one in said["body"]["opted_out"]] == uids[1:]


def ours(**asked: bytes) -> dict[str, bytes]:
    """What the bridge makes of it."""
    bridge = [str(ROOT / ".venv/bin/python"), "-m", "tests.vendors.our_envelopes"]
    text = json.dumps({name: data.hex() for name, data in asked.items()})
    came = subprocess.run(bridge, cwd=ROOT, input=text, capture_output=True, check=True, text=True)
    return {name: base64.b64decode(data) for name, data in json.loads(came.stdout).items()}


def test_what_we_seal_they_open_and_what_they_seal_we_open() -> None:
    key, body = base64.b64decode(SECRET), b'{"email_hash":["x"]}'
    theirs = create_envelope(key, datetime.now(UTC), body)
    # Only a request has a version, one byte, before what an answer has too.
    answer = theirs.binary_envelope[1:]
    made = ours(key=key, body=body, envelope=answer, nonce=theirs.nonce)
    assert made["sealed"][:1] == theirs.binary_envelope[:1]
    assert _decrypt_payload(key, made["sealed"][1:], made["nonce"]) == body
    assert made["opened"] == body
    with pytest.raises(ValueError, match="nonce"):
        _decrypt_payload(key, made["sealed"][1:], b"another!")


def test_we_ask_for_the_same_digests_as_they_do() -> None:
    emails = ["Ann@Example.com", "b.o.b+news@gmail.com", "carla+x@googlemail.com", "d-d@x.co"]
    theirs = IdentityMapV3Input.from_emails(emails).get_identity_map_input_as_json_string()
    asked = json.loads(theirs)["email_hash"]
    assert json.loads(ours(emails="\n".join(emails).encode())["request"]) == {"email_hash": asked}


def item(ttl: int, **ids: str) -> AdvertiserDataItem:
    data = [models.AdvertiserData(name="vips", ttl_in_minutes=ttl)]
    return AdvertiserDataItem(data=data, **ids)


def test_a_segment_is_filled_through_uid2_and_emptied(url: str, members) -> None:
    uid2 = UID2Config(f"{url}/uid2", "sandbox", SECRET, IdentityScope.UID2)
    desk = DataClient(uid2_config=uid2, ttd_auth="sandbox")
    call = {"advertiser_id": "abc", "server_url": f"{url}/the_trade_desk"}
    both = [item(60, email="ann@example.com"), item(60, daid=MAID)]
    desk.advertiser.ingest_advertiser_data(items=both, **call)
    assert len(members("the_trade_desk", "vips")) == 2
    desk.advertiser.ingest_advertiser_data(items=[item(0, daid=MAID)], **call)
    only = members("the_trade_desk", "vips")
    assert len(only) == 1
    assert len(only[0]) == 44  # a raw UID2


def test_failed_lines_are_ones_that_the_client_understands(url: str) -> None:
    desk = DataClient(ttd_auth="sandbox")
    call = {"advertiser_id": "abc", "server_url": f"{url}/the_trade_desk"}
    wrong = [item(60, daid=MAID), item(60, daid="no-device")]
    came = desk.advertiser.ingest_advertiser_data(items=wrong, **call)
    lines = came.advertiser_data_server_response.failed_lines
    assert [(line.item_number, line.error_code.name) for line in lines] == [
        ("2", "INVALID_PARAMETER_FORMAT")
    ]
