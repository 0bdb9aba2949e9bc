"""facebook-business drives the stand-in of Meta."""

from __future__ import annotations

import pytest

sdk = pytest.importorskip("facebook_business")

from facebook_business.adobjects.adaccount import AdAccount  # noqa: E402
from facebook_business.adobjects.customaudience import CustomAudience  # noqa: E402
from facebook_business.api import FacebookAdsApi  # noqa: E402
from facebook_business.exceptions import FacebookRequestError  # noqa: E402
from facebook_business.session import FacebookSession  # noqa: E402

SCHEMA = CustomAudience.Schema


@pytest.fixture
def api(url: str, monkeypatch: pytest.MonkeyPatch) -> FacebookAdsApi:
    monkeypatch.setattr(FacebookSession, "GRAPH", f"{url}/meta")
    return FacebookAdsApi.init(access_token="sandbox", crash_log=False)


def test_a_list_is_made_filled_and_emptied(api, members) -> None:
    facts = {"name": "vips", "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY"}
    made = AdAccount("act_42").create_custom_audience(fields=[], params=facts)
    for _ in range(2):
        came = made.add_users(SCHEMA.email_hash, ["Ann@Example.com", "bob@example.com"]).json()
    assert (came["num_received"], came["num_invalid_entries"]) == (2, 0)
    assert len(members("meta", made["id"])) == 2
    made.remove_users(SCHEMA.email_hash, ["ann@example.com"])
    assert len(members("meta", made["id"])) == 1
    listed = AdAccount("act_42").get_custom_audiences(fields=["name"])
    assert [one["name"] for one in listed] == ["vips"]
    read = CustomAudience(made["id"]).api_get(fields=["approximate_count_lower_bound"])
    assert read["approximate_count_lower_bound"] == -1


def test_several_keys_a_row(api, members) -> None:
    facts = {"name": "vips", "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY"}
    made = AdAccount("act_42").create_custom_audience(fields=[], params=facts)
    schema = [SCHEMA.MultiKeySchema.extern_id, SCHEMA.MultiKeySchema.email]
    people = [["c1", "ann@example.com"], ["c2", "bob@example.com"]]
    assert made.add_users(schema, people, is_raw=True).json()["num_invalid_entries"] == 0
    assert len(members("meta", made["id"])) == 2


def test_names_refine_a_row_and_make_no_other_member(api, members) -> None:
    facts = {"name": "vips", "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY"}
    made = AdAccount("act_42").create_custom_audience(fields=[], params=facts)
    keys = SCHEMA.MultiKeySchema
    schema = [keys.extern_id, keys.email, keys.fn, keys.ln, keys.zip, keys.country, keys.doby]
    ann = ["c1", "ann@example.com", "Ann", "Lee", "94103", "us", "1990"]
    before = None
    for name in ("Ann", "Anna"):
        people = [[*ann[:2], name, *ann[3:]]]
        assert made.add_users(schema, people, is_raw=True).json()["num_invalid_entries"] == 0
        before = before or members("meta", made["id"])
    assert members("meta", made["id"]) == before
    assert len(before) == 1


def test_an_error_is_one_that_the_client_understands(api) -> None:
    with pytest.raises(FacebookRequestError) as caught:
        CustomAudience("999").add_users(SCHEMA.email_hash, ["ann@example.com"])
    assert (caught.value.api_error_code(), caught.value.api_error_subcode()) == (100, 33)
