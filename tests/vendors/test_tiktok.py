"""tiktok-business-api-sdk-official drives the file flow of the stand-in of TikTok."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

tiktok = pytest.importorskip("business_api_client")


@pytest.fixture
def api(url: str):
    said = tiktok.Configuration()
    said.host = f"{url}/tiktok"
    return tiktok.AudienceApi(tiktok.ApiClient(said))


def test_a_list_is_made_of_a_file_read_and_deleted(api, members, tmp_path: Path) -> None:
    lines = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(1_000)]
    place = tmp_path / "list.csv"
    place.write_text("\n".join(lines) + "\n")
    signature = hashlib.md5(place.read_bytes(), usedforsecurity=False).hexdigest()
    came = api.dmp_custom_audience_file_upload(
        "sandbox",
        advertiser_id="7011",
        calculate_type="EMAIL_SHA256",
        file=str(place),
        file_signature=signature,
    )
    wanted = tiktok.CustomAudienceCreateBody(
        advertiser_id="7011",
        calculate_type="EMAIL_SHA256",
        custom_audience_name="vips",
        file_paths=[came["data"]["file_path"]],
        retention_in_days=30,
    )
    made = api.dmp_custom_audience_create("sandbox", body=wanted)["data"]["custom_audience_id"]
    assert members("tiktok", made) == sorted(lines)
    read = api.dmp_custom_audience_get("7011", [made], "sandbox")
    assert read["data"]["list"][0]["audience_details"]["cover_num"] == 1_000
    listed = api.dmp_custom_audience_list("7011", "sandbox")
    assert [one["audience_id"] for one in listed["data"]["list"]] == [made]
    gone = tiktok.CustomAudienceDeleteBody(advertiser_id="7011", custom_audience_ids=[made])
    api.dmp_custom_audience_delete("sandbox", body=gone)
    assert api.dmp_custom_audience_list("7011", "sandbox")["data"]["list"] == []
