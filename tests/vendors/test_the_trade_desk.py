"""ttd-data and uid2-client drive the stand-ins of The Trade Desk and of the UID2 operator."""

from __future__ import annotations

import pytest

pytest.importorskip("ttd_data")
pytest.importorskip("uid2_client")

from ttd_data import DataClient, models
from ttd_data.uid2.config import IdentityScope, UID2Config
from ttd_data.uid2.models import AdvertiserDataItem
from uid2_client import IdentityMapV3Client, IdentityMapV3Input

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
