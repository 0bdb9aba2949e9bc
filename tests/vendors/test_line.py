"""line-bot-sdk drives the stand-in of LINE: JSON and files."""

from __future__ import annotations

from pathlib import Path

import pytest

audience = pytest.importorskip("linebot.v3.audience")

USERS = [f"U{n:032x}" for n in range(3)]


@pytest.fixture
def client(url: str) -> audience.ApiClient:
    said = audience.Configuration(host=f"{url}/line", access_token="sandbox")
    return audience.ApiClient(said)


def test_a_group_is_made_filled_listed_and_deleted(client, members) -> None:
    api = audience.ManageAudience(client)
    first = audience.CreateAudienceGroupRequest(
        description="vips", is_ifa_audience=False, audiences=[audience.Audience(id=USERS[0])]
    )
    made = api.create_audience_group(first)
    more = audience.AddAudienceToAudienceGroupRequest(
        audience_group_id=made.audience_group_id,
        audiences=[audience.Audience(id=one) for one in USERS],
    )
    api.add_audience_to_audience_group(more)
    assert members("line", str(made.audience_group_id)) == USERS
    read = api.get_audience_data(made.audience_group_id)
    assert (read.audience_group.audience_count, len(read.jobs)) == (3, 2)
    listed = api.get_audience_groups(page=1, description="VIP")
    assert [one.audience_group_id for one in listed.audience_groups] == [made.audience_group_id]
    api.delete_audience_group(made.audience_group_id)
    assert api.get_audience_groups(page=1).audience_groups == []


def test_a_group_is_made_from_a_file(client, members, tmp_path: Path) -> None:
    api = audience.ManageAudienceBlob(client)
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_text("\n".join(USERS[:2]))
    second.write_text(USERS[2])
    made = api.create_audience_for_uploading_user_ids(file=str(first), description="vips")
    api.add_user_ids_to_audience(file=str(second), audience_group_id=made.audience_group_id)
    assert members("line", str(made.audience_group_id)) == USERS


def test_an_error_is_one_that_the_client_understands(client) -> None:
    with pytest.raises(audience.ApiException) as caught:
        audience.ManageAudience(client).get_audience_data(1)
    assert caught.value.status == 400
    assert "AUDIENCE_GROUP_NOT_FOUND" in caught.value.body
